"""A Keystone and a Glance, as far as a client needs them to log in and to make an image. Each case has a prefix of its own."""

import http.server
import json
import re
import threading
import uuid

PROJECT = "610275c0ffee4d0e8f3b9a7c5d1e2f34"


class Cloud(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sides = {}  # by prefix, what is served and what was asked
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve(self, prefix, catalog, versioned_root, foreign_links):
        self.sides[prefix] = {
            "catalog": catalog,
            "versioned_root": versioned_root,
            "foreign_links": foreign_links,
            "logins": [],
            "image": None,
            "images": {},
        }
        return self.sides[prefix]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def handle_any(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, prefix, *rest = self.path.split("?")[0].split("/", 2)
        side = self.server.sides.get(prefix)
        path = "/" + "/".join(rest)
        if side is None:
            self.answer(404)
        elif "identity" in path.split("/"):
            self.keystone(prefix, side, path, content)
        else:
            self.glance(prefix, side, path, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def version(self, prefix, side, root, number, status):
        host = "http://inside.example:1" if side["foreign_links"] else f"{self.server.url}/{prefix}"
        link = f"{host}{root}/v{number.split('.')[0]}/"
        return {"id": f"v{number}", "status": status, "links": [{"rel": "self", "href": link}]}

    def keystone(self, prefix, side, path, content):
        root = path.split("/v3")[0].rstrip("/")
        if self.command == "POST" and path == f"{root}/v3/auth/tokens":
            body = json.loads(content)
            side["logins"].append((root, body))
            scoped = "scope" in body["auth"] or "application_credential" in body["auth"]["identity"]
            token = {
                "methods": body["auth"]["identity"]["methods"],
                "user": {"id": "u", "name": "u", "domain": {"id": "default", "name": "Default"}},
                "issued_at": "2031-01-01T00:00:00.000000Z",
                "expires_at": "2031-01-01T08:00:00.000000Z",
                "catalog": side["catalog"],
            }
            if scoped:
                token["project"] = {"id": PROJECT, "name": "p", "domain": {"id": "default", "name": "Default"}}
            self.answer(201, {"token": token}, [("X-Subject-Token", "issued")])
        elif path.rstrip("/") == f"{root}/v3":
            self.answer(200, {"version": self.version(prefix, side, root, "3.14", "stable")})
        elif path.rstrip("/") == root:
            self.answer(300, {"versions": {"values": [self.version(prefix, side, root, "3.14", "stable")]}})
        else:
            self.answer(404)

    def glance(self, prefix, side, path, content):
        # A service that is listed with a project behind its version takes both ways.
        path = re.sub("/v2/[^/]+/images", "/v2/images", path)
        root, found, rest = path.partition("/v2/images")
        if not found:
            path = path.rstrip("/")
            last = path.rsplit("/", 1)[-1]
            versioned = last in ("v1", "v2")
            if (versioned and not side["versioned_root"]) or "/v2/" in path:
                self.answer(404)
                return
            root = path[: -len(last) - 1] if versioned else path
            versions = [self.version(prefix, side, root, "2.15", "CURRENT"), self.version(prefix, side, root, "2.0", "SUPPORTED")]
            self.answer(300, {"versions": versions})
            return
        if side["image"] is None:
            token = self.headers.get("X-Auth-Token")
            side["image"] = (root, None if token == "notused" else token)  # so says openstacksdk that there is none
        images, number = side["images"], rest.strip("/").split("/")[0]
        if self.command == "POST" and not number:
            image = {"id": str(uuid.uuid4()), **json.loads(content), "status": "queued"}
            images[image["id"]] = image
            self.answer(201, image)
        elif not number:
            self.answer(200, {"images": list(images.values()), "schema": "/v2/schemas/images"})
        elif number not in images:
            self.answer(404)
        elif self.command == "DELETE":
            del images[number]
            self.answer(204)
        else:
            self.answer(200, images[number])
