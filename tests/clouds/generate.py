"""Files of clouds and variables as people write them, from a seed. `@CLOUD@` stands for the URL of the case's cloud."""

import json
import random

import yaml
from cloud import PROJECT

NAME = "c"


class Case:
    """What lies where, and which cloud is asked for."""

    def __init__(self, number, seed):
        self.random = random.Random(f"{seed}/{number}")
        self.number = number
        self.cloud = {
            "auth": {
                "auth_url": self.any("@CLOUD@/identity", "@CLOUD@/identity/v3", "@CLOUD@/identity/", "@CLOUD@/identity/v3/"),
                "username": "u",
                "password": "open-sesame",
                "project_name": "p",
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            "region_name": "Beta",
        }
        self.secure = None
        self.public = None
        self.variables = {}
        self.envvars = False
        self.ask = NAME
        self.text = {}  # what is replaced in the files' text
        self.json = False
        self.mark = False
        self.ends = "\n"
        self.place = "."
        self.did = []
        self.suffix = {"Alpha": self.any("", "/", "/v2", "/v2/"), "Beta": self.any("", "/v2/", f"/v2/{PROJECT}", "/v2/610275", "/v1")}
        # Whether the Glance tells its versions at /v2 as well. With a project of digits behind it, openstacksdk depends on that.
        self.versioned_root = self.random.random() < 0.5 or self.suffix["Beta"].endswith("/610275")
        self.foreign_links = self.random.random() < 0.3
        self.services = "image", "glance"
        self.odd_places = None
        self.shadowed = False

    def any(self, *ways):
        return self.random.choice(ways)

    @property
    def auth(self):
        return self.cloud["auth"]

    def catalog(self, url):
        places = []
        for region in ("Alpha", "Beta"):
            for interface in ("internal", "public", "admin"):
                place = f"{url}/{region.lower()}/{interface}{self.suffix[region]}"
                places.append({"interface": interface, "region": region, "region_id": region, "url": place})
        if self.odd_places == "empty":
            places = [dict(place, url=None) for place in places] + places
        elif self.odd_places == "nameless":
            places = [{key: value for key, value in place.items() if key != "region_id"} for place in places]
        elif self.odd_places == "renamed":
            places = [dict(place, region="another") for place in places]
        kind, name = self.services
        other = [{"interface": "public", "region": "Beta", "region_id": "Beta", "url": f"{url}/other"}]
        return [
            {"type": "identity", "name": "keystone", "endpoints": [dict(it, url=f"{url}/identity/v3") for it in places]},
            {"type": "image", "name": "another", "endpoints": other} if kind == "image" and name == "second" else {"type": "compute", "name": "nova", "endpoints": []},
            {"type": kind, "name": name, "endpoints": places},
        ]

    def files(self, url):
        """Every file by its path, in bytes."""
        if self.envvars:
            return {}
        roots = {"clouds": {"clouds": {"other": {"auth": {}}, NAME: self.cloud}}}
        if self.secure:
            roots["secure"] = {"clouds": {NAME: self.secure}}
        if self.public:
            roots["clouds-public"] = {"public-clouds": {"mine": self.public}}
        files = {}
        if self.shadowed:
            files["home/.config/openstack/clouds.yaml"] = b"clouds: {c: {auth: {auth_url: 'http://127.0.0.1:1'}}}"
        for name, root in roots.items():
            text = json.dumps(root, indent=2) if self.json else yaml.safe_dump(root, sort_keys=False)
            for old, new in {**self.text, "@CLOUD@": url}.items():
                text = text.replace(old, new)
            text = ("\ufeff" if self.mark else "") + text.replace("\n", self.ends)
            path = f"{self.place}/{name}.{'json' if self.json else 'yaml'}"
            files[path] = text.encode()
        return files

    def environment(self, url):
        variables = dict(self.variables)
        if self.envvars:
            flat = {**{k: v for k, v in self.cloud.items() if k != "auth"}, **self.cloud["auth"]}
            variables |= {f"OS_{key.upper()}": str(value) for key, value in flat.items()}
        return {key: value.replace("@CLOUD@", url) for key, value in variables.items()}

    def keys(self):
        """Every key that it holds, with underscores: what a refusal may name."""
        found = {"profile", "regions"}

        def walk(node):
            if isinstance(node, dict):
                for key, value in node.items():
                    found.add(str(key).replace("-", "_").lower())
                    walk(value)
            elif isinstance(node, list):
                for item in node:
                    walk(item)

        for node in (self.cloud, self.secure, self.public):
            walk(node)
        return found | {name[3:].lower() for name in self.variables if name.startswith("OS_")}


MUTATIONS = []


def mutation(function):
    MUTATIONS.append(function)
    return function


@mutation
def regions_as_names(c):
    c.cloud["regions"] = c.any(["Beta", "Alpha"], ["Alpha", "Beta"], ["Alpha"])
    if c.any(True, False):
        c.cloud.pop("region_name", None)


@mutation
def regions_with_values(c):
    values = c.any({"image_interface": "internal"}, {"auth": {"project_name": "q"}}, {"interface": "admin", "region_name": "Beta"}, {"image-interface": "admin"}, {"interface": None})
    c.cloud["regions"] = [{"name": c.any("Alpha", "Beta"), "values": values}, "Beta"]


@mutation
def region(c):
    c.cloud["region_name"] = c.any("Alpha", "Alpha,Beta", "", "Gamma", ["Alpha", "Beta"])


@mutation
def no_region(c):
    c.cloud.pop("region_name", None)


@mutation
def hyphened_region(c):
    c.cloud.pop("region_name", None)
    c.cloud["region-name"] = "Alpha"


@mutation
def scope_beside(c):
    key = c.any("project_name", "project_id", "tenant_name", "tenant_id", "project-name", "tenant-id", "project_domain_name")
    c.cloud[key] = c.any("sandbox", "0815", PROJECT)


@mutation
def project_by_id(c):
    for key in ("project_name", "project_domain_name"):
        c.auth.pop(key, None)
    c.auth[c.any("project_id", "tenant_id", "project-id")] = PROJECT


@mutation
def older_project(c):
    if "project_name" in c.auth:
        c.auth[c.any("tenant_name", "tenant-name")] = c.auth.pop("project_name")


@mutation
def both_projects(c):
    c.auth["tenant_name"] = c.any("older", "")


@mutation
def no_project(c):
    for key in ("project_name", "project_id", "project_domain_name", "project_domain_id"):
        c.auth.pop(key, None)


@mutation
def domain_scope(c):
    no_project(c)
    (c.auth if c.any(True, False) else c.cloud)[c.any("domain_id", "domain_name", "domain-name")] = "d1"


@mutation
def one_domain(c):
    for key in ("user_domain_name", "project_domain_name"):
        c.auth.pop(key, None)
    c.auth[c.any("domain_id", "domain_name", "default_domain_id", "default_domain_name")] = "d2"


@mutation
def domain_ids(c):
    c.auth[c.any("user_domain_id", "project_domain_id", "user-domain-id")] = "default"


@mutation
def trust(c):
    no_project(c)
    (c.auth if c.any(True, False) else c.cloud)[c.any("trust_id", "trust-id")] = "t1"


@mutation
def trust_and_project(c):
    c.auth["trust_id"] = "t1"


@mutation
def system(c):
    no_project(c)
    c.auth[c.any("system_scope", "system-scope")] = c.any("all", "all", "true", "some")


@mutation
def user_by_id(c):
    c.auth.pop("username", None)
    c.auth[c.any("user_id", "user-id")] = "u7"


@mutation
def older_user(c):
    if "username" in c.auth:
        c.auth[c.any("user_name", "user-name")] = c.auth.pop("username")


@mutation
def user_beside(c):
    for key in c.any(["username"], ["password"], ["username", "password", "auth_url"]):
        if key in c.auth:
            c.cloud[key] = c.auth.pop(key)


@mutation
def token(c):
    for key in ("username", "password", "user_domain_name", "user_id", "user_domain_id", "user_name"):
        c.auth.pop(key, None)
    (c.auth if c.any(True, False) else c.cloud)[c.any("token", "auth_token", "auth-token")] = "T"
    c.cloud["auth_type"] = c.any("token", "v3token")


@mutation
def application_credential(c):
    no_project(c)
    for key in ("username", "password", "user_domain_name"):
        c.auth.pop(key, None)
    c.auth["application_credential_secret"] = "open-sesame"
    c.cloud["auth_type"] = "v3applicationcredential"
    if c.any(True, False):
        c.auth["application_credential_id"] = "a1"
    else:
        c.auth.update(application_credential_name="ci", username="u", user_domain_id="default")


@mutation
def plain_token(c):
    c.cloud["auth"] = {"token": "T", c.any("endpoint", "url"): "@CLOUD@/fixed/v2"}
    c.cloud["auth_type"] = c.any("admin_token", "token_endpoint")


@mutation
def nobody(c):
    c.cloud["auth"] = {"endpoint": "@CLOUD@/fixed"}
    c.cloud["auth_type"] = c.any("none", "", "None", None)


@mutation
def way(c):
    c.cloud["auth_type"] = c.any("password", "v3password", "v3password", "v3oidcpassword", "v2password", "v3totp")


@mutation
def older_way(c):
    c.cloud[c.any("auth_plugin", "auth-type", "auth-plugin")] = c.any("password", "v3password", "token")


@mutation
def interface(c):
    c.cloud[c.any("interface", "endpoint_type")] = c.any("internal", "internalURL", "adminURL", "public", "", None, ["admin", "internal"])


@mutation
def both_interfaces(c):
    c.cloud |= {"interface": "internal", "endpoint_type": c.any("adminURL", "admin", "internalURL")}


@mutation
def interface_of_the_image_service(c):
    key = c.any("image_interface", "image_endpoint_type", "image-interface", "image-endpoint-type")
    c.cloud[key] = c.any("internal", "adminURL", ["internal", "public"], None)


@mutation
def region_of_the_image_service(c):
    c.cloud[c.any("image_region_name", "image-region-name")] = c.any("Alpha", "Beta", None)


@mutation
def endpoint_of_the_image_service(c):
    c.cloud[c.any("image_endpoint_override", "image-endpoint-override", "image_endpoint")] = c.any(
        "@CLOUD@/override", "@CLOUD@/override/v2", "@CLOUD@/override/", "@CLOUD@/{region_name}/override"
    )
    # Without it, openstacksdk asks for versions there, and a Glance has none to tell at /v2.
    if c.any(True, False) or any(str(value).endswith("/v2") for value in c.cloud.values()):
        c.cloud["image_api_version"] = "2"


@mutation
def endpoint_beside(c):
    c.cloud[c.any("endpoint", "endpoint_override", "url")] = "@CLOUD@/elsewhere"


@mutation
def version_of_the_image_service(c):
    c.cloud[c.any("image_api_version", "image-api-version")] = c.any("2", 2, 2.0, "latest", "1", "2")


@mutation
def service(c):
    c.services = c.any(("image", "second"), ("image-next", "glance"))
    if c.services[0] == "image":
        c.cloud["image_service_name"] = "second"
    else:
        c.cloud["image_service_type"] = "image-next"


@mutation
def no_image_service(c):
    c.cloud["has_image"] = c.any(True, False)


@mutation
def other_services(c):
    c.cloud |= {"compute_api_version": 2.1, "volume_endpoint_type": "adminURL", "identity_interface": "admin", "identity_api_version": c.any(2, 3), "network_endpoint_override": "@CLOUD@/elsewhere"}


@mutation
def harmless(c):
    c.cloud |= {"api_timeout": 30, "image_format": "raw", "force_ipv4": True, "networks": [{"name": "n"}], "floating_ip_source": "neutron", "status_code_retries": 2, "image_status_code_retries": 1}


@mutation
def unknown(c):
    c.cloud[c.any("owner", "x_colour", "kolla_version", "purpose")] = c.any("me", 7)


@mutation
def misspelt(c):
    key = c.any("project_nme", "regoin_name", "imge_interface", "verfy")
    (c.auth if key == "project_nme" else c.cloud)[key] = "internal"


@mutation
def unknown_below_auth(c):
    c.auth[c.any("tenant", "projekt", "default_domain")] = "x"


@mutation
def profile(c):
    c.public = {"auth": {"auth_url": c.auth.pop("auth_url", "@CLOUD@/identity")}}
    c.public |= c.any({"region_name": "Alpha"}, {"regions": ["Alpha", "Beta"]}, {"region-name": "Alpha"}, {"image_interface": "internal"}, {"regions": [{"name": "Alpha", "values": {"interface": "admin"}}]})
    if c.any(True, True, False):
        c.cloud.pop("region_name", None)
    c.cloud[c.any("profile", "profile", "cloud")] = "mine"


@mutation
def profile_of_a_vendor(c):
    # One that has no auth_url of its own, one that is closed, and one that nobody knows: none that would be asked.
    c.cloud["profile"] = c.any("bluebox", "betacloud", "nobodys")


@mutation
def secure(c):
    c.secure = {"auth": {"password": c.auth.pop("password", "open-sesame")}}
    c.secure |= c.any({}, {"region_name": "Alpha"}, {"interface": None}, {"regions": ["Alpha"]})


@mutation
def places_of_the_catalog(c):
    c.odd_places = c.any("empty", "nameless", "renamed")


@mutation
def another_file(c):
    c.shadowed = True


@mutation
def region_in_a_url(c):
    c.auth["auth_url"] = "@CLOUD@/{region_name}/identity/v3"


@mutation
def mark(c):
    c.mark = True


@mutation
def windows(c):
    c.ends = "\r\n"


@mutation
def as_json(c):
    c.json = True


@mutation
def certificates(c):
    c.cloud |= c.any({"verify": True}, {"verify": False}, {"insecure": True}, {"insecure": False}, {"insecure": "false"}, {"cacert": None}, {"verify": None}, {"cert": "/none.pem"}, {"key": "/none.pem", "cert": "/none.pem"})


@mutation
def numbers(c):
    number = c.any("0123", "1_000", "12e4", "0815", "1:30", "2.10", "7", "yes", "~", "!!str 012", "2026-11-28")
    c.auth["project_id"] = "@NUMBER@"
    c.text = {"'@NUMBER@'": number, '"@NUMBER@"': '"7"'}


@mutation
def anywhere(c):
    c.place = c.any("home/.config/openstack", "xdg/openstack", "elsewhere")
    if c.place.startswith("xdg"):
        c.variables["XDG_CONFIG_HOME"] = "@HOME@/xdg"
    elif c.place == "elsewhere":
        end = "json" if c.json else "yaml"
        c.variables |= {"OS_CLIENT_CONFIG_FILE": f"@HOME@/elsewhere/clouds.{end}", "OS_CLIENT_SECURE_FILE": f"@HOME@/elsewhere/secure.{end}"}
        c.public = None


@mutation
def other_variables(c):
    c.variables |= c.any({"OS_PROJECT_NAME": "wrong", "OS_REGION_NAME": "Alpha"}, {"OS_IMAGE_INTERFACE": "admin"}, {"OS_CLOUD": "other"})


def envvars(c):
    """The same as variables: what only a file can say goes."""
    c.envvars = True
    c.ask = "envvars"
    c.secure = c.public = None
    c.cloud.pop("profile", None)
    c.cloud.pop("cloud", None)
    c.variables = {}
    for table in (c.cloud, c.auth):
        for key in [key for key, value in table.items() if isinstance(value, (list, bool)) or value is None or "-" in key or value == "@NUMBER@"]:
            del table[key]
    more = c.any({}, {"OS_PROJECT_ID": ""}, {"OS_CACERT": "", "OS_REGION_NAME": ""}, {"OS_IDENTITY_API_VERSION": "3", "OS_VOLUME_API_VERSION": "3", "OS_NO_CACHE": "1"}, {"OS_DEFAULT_DOMAIN": "default"}, {"OS_AUTH_TYPE": ""}, {"OS_COLOUR": "red"}, {"OS_MISTRAL_ENDPOINT_TYPE": "internalURL", "OS_AUTH_PLUGIN": "password"})
    c.variables |= more
    for name in more:
        for table in (c.cloud, c.auth):
            table.pop(name[3:].lower(), None)


def case(number, seed):
    made = Case(number, seed)
    count = made.any(0, 1, 1, 1, 1, 2, 2, 2, 3)
    # One of each in turn, so that none is missed; the others at random.
    first = MUTATIONS[number % len(MUTATIONS)]
    others = made.random.sample([it for it in MUTATIONS if it is not first], count)
    for change in [first, *others][: max(count, 1)]:
        if isinstance(made.cloud.get("auth"), dict):
            change(made)
            made.did.append(change.__name__)
    if made.random.random() < 0.3:
        envvars(made)
        made.did.append("envvars")
    return made
