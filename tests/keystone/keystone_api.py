"""As much of Keystone's API as the fixture needs."""

import json
import urllib.request


class Keystone:
    def __init__(self, url, user, project, password):
        self.url = f"{url}/v3"
        domain = {"id": "default"}
        identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": domain, "password": password}}}
        scope = {"project": {"name": project, "domain": domain}}
        self.token = ""
        self.token = self.call("POST", "auth/tokens", {"auth": {"identity": identity, "scope": scope}})[0]["X-Subject-Token"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Auth-Token": self.token}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request) as reply:
            text = reply.read()
            return reply.headers, json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)[1]

    def post(self, path, body):
        return self.call("POST", path, body)[1]

    def put(self, path):
        self.call("PUT", path)
