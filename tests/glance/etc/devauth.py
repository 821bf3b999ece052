"""Stands in for Keystone: the token `user:project:role1,role2` says who is asking.

It only fills in the headers that keystonemiddleware would have set; Glance's own context middleware and its policies do
the rest. A request with no such token passes unchanged, so identity headers work as well, and with neither Glance answers 401.
"""

from urllib.parse import unquote


def filter_factory(global_conf, **local_conf):
    def wrap(app):
        def identified(environ, start_response):
            parts = unquote(environ.get("HTTP_X_AUTH_TOKEN", "")).split(":")
            if len(parts) == 3:
                user, project, roles = parts
                environ["HTTP_X_IDENTITY_STATUS"] = "Confirmed"
                environ["HTTP_X_USER_ID"] = user
                environ["HTTP_X_PROJECT_ID"] = project
                environ["HTTP_X_ROLES"] = roles
            return app(environ, start_response)

        return identified

    return wrap
