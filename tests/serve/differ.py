"""differ.py REAL SERVE [--scripts N] [--seed N] [--known FILE]: the same random requests to a real Glance and to `stormglass serve`.

Each script is one image's life: a dozen requests by four identities, drawn from all that the API has. After each the status codes are
compared, and what an admin is then shown of the image. Differences are counted by what differs; a known one is a line of FILE that
begins like it.
"""

import argparse
import collections
import concurrent.futures
import http.client
import http.server
import json
import random
import threading
import time
import urllib.parse
import uuid

WHO = {
    "member": "alice:stormglass:member,reader",
    "admin": "root:stormglass:admin,member,reader",
    "reader": "rita:stormglass:reader",
    "stranger": "sam:elsewhere:member,reader",
    "nobody": None,
}
D10 = "application/openstack-images-v2.1-json-patch"
D4 = "application/openstack-images-v2.0-json-patch"
SHOWN = (
    "status size checksum os_hash_algo os_hash_value visibility protected os_hidden tags min_disk min_ram name owner disk_format "
    "container_format colour note stores virtual_size"
).split()


class Source(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.startswith("/data")
        data = b"d" * 5000 if found else b""
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def ask(base, who, method, path, body=None, headers=None):
    url = urllib.parse.urlparse(base)
    sent = dict(headers or {})
    if WHO[who]:
        sent["X-Auth-Token"] = WHO[who]
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        sent.setdefault("Content-Type", "application/json")
    for _ in range(3):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            return reply.status, reply.read(), reply.headers
        except (ConnectionError, http.client.HTTPException):
            # A refusal in the middle of a body may be lost to a reset.
            time.sleep(0.05)
        finally:
            connection.close()
    return 0, b"", {}


def draw(r, source):
    """A request: who, a word for it, method, path below the image, body, headers."""
    who = r.choices(list(WHO), [60, 25, 6, 8, 1])[0]
    octets = {"Content-Type": "application/octet-stream"}

    def patch(*changes, kind=D10):
        return ("PATCH", "", json.dumps(list(changes)), {"Content-Type": kind})

    def add(path, value, op="add"):
        return {"op": op, "path": path, "value": value}

    place = {"url": f"{source}/data/{r.randrange(3)}", "metadata": {}}
    project = r.choice(["elsewhere", "third"])
    pool = {
        "show": (8, ("GET", "", None, None)),
        "upload": (12, ("PUT", "/file", b"x" * r.choice([0, 1, 700, 70000]), octets)),
        "upload-qcow2": (2, ("PUT", "/file", b"QFI\xfb" + b"\0" * 600, octets)),
        "upload-wrong-type": (1, ("PUT", "/file", b"x", {"Content-Type": "text/plain"})),
        "upload-wrong-size": (2, ("PUT", "/file", b"x" * 10, {**octets, "x-openstack-image-size": r.choice(["11", "9", "many", "-1"])})),
        "stage": (6, ("PUT", "/stage", b"s" * r.choice([0, 900]), octets)),
        "import-staged": (7, ("POST", "/import", {"method": {"name": "glance-direct"}}, None)),
        "import-web": (5, ("POST", "/import", {"method": {"name": "web-download", "uri": f"{source}/{r.choice(['data', 'none'])}"}}, None)),
        "import-nonsense": (2, ("POST", "/import", r.choice([{}, [], {"method": {}}, {"method": {"name": "magic"}}, {"method": {"name": "web-download", "uri": "ftp://x/y"}}, {"method": {"name": "glance-direct"}, "all_stores": 3}, {"method": {"name": "glance-direct"}, "stores": ["nowhere"]}]), None)),
        "download": (8, ("GET", "/file", None, {"Range": r.choice(["bytes=0-3", "bytes=-2", "bytes=5-", "bytes=3-1", "bytes=99999999-", "bytes=0-1,3-4", "lines=1"])} if r.random() < 0.5 else None)),
        "deactivate": (5, ("POST", "/actions/deactivate", None, None)),
        "reactivate": (5, ("POST", "/actions/reactivate", None, None)),
        "delete": (4, ("DELETE", "", None, None)),
        "protect": (2, patch(add("/protected", r.random() < 0.5, "replace"))),
        "hide": (1, patch(add("/os_hidden", r.random() < 0.5, "replace"))),
        "set-property": (4, patch(add("/colour", r.choice(["red", "", "x" * 300, 3, None, "ä"])))),
        "replace-property": (3, patch(add("/colour", "blue", "replace"))),
        "remove-property": (3, patch({"op": "remove", "path": r.choice(["/colour", "/name", "/none", "/locations"])})),
        "set-own": (5, patch(add(r.choice(["/name", "/owner", "/min_disk", "/min_ram", "/disk_format", "/container_format", "/visibility", "/tags", "/status", "/id", "/location", "/os_glance_x", "/checksum"]), r.choice(["x", "raw", "bare", "shared", "public", "community", None, 7, -1, ["a", "a"], True, "2" * 256]), r.choice(["add", "replace"])))),
        "visibility": (6, patch(add("/visibility", r.choice(["private", "shared", "community", "public"]), "replace"))),
        "draft-4": (2, patch(r.choice([{"add": "/colour", "value": "old"}, {"replace": "/colour", "value": "new"}, {"remove": "/colour"}, {"add": "/a", "remove": "/b"}, {}]), kind=D4)),
        "patch-nonsense": (3, r.choice([("PATCH", "", b"{", {"Content-Type": D10}), ("PATCH", "", b"{}", {"Content-Type": D10}), ("PATCH", "", b"[1]", {"Content-Type": D10}), ("PATCH", "", b"[]", {"Content-Type": D10}), ("PATCH", "", b"[]", None), patch({"op": "move", "path": "/a"}), patch({"op": "add", "path": "a", "value": "b"}), patch({"op": "add", "path": "/a//b", "value": "c"}), patch({"op": "add", "path": "/a/", "value": "c"}), patch({"op": "add", "path": "/a~2", "value": "c"}), patch({"op": "add", "path": "/a/b", "value": "c"}), patch({"op": "add", "path": "/a"}), patch({"op": "add", "value": "x"})])),
        "add-location": (5, patch(add("/locations/" + r.choice(["-", "-", "0", "9", "x"]), r.choice([place, place, place, {"url": "file:///etc/passwd", "metadata": {}}, {"url": f"{source}/none", "metadata": {}}, {"url": place["url"]}, "x", {**place, "validation_data": {"checksum": "0" * 32, "os_hash_algo": "sha512", "os_hash_value": "1" * 128}}, {**place, "validation_data": {"os_hash_algo": "md5", "os_hash_value": "1" * 32}}])))),
        "replace-locations": (2, patch(add("/locations", r.choice([[], [place], "x"]), "replace"))),
        "remove-location": (3, patch({"op": "remove", "path": "/locations/" + r.choice(["0", "1", "-", "x"])})),
        "register-location": (4, ("POST", "/locations", r.choice([{"url": place["url"]}, {"url": f"{source}/none"}, {}, {"url": "file:///x"}, {"url": place["url"], "validation_data": {"os_hash_algo": "md5", "os_hash_value": "zz"}}]), None)),
        "list-locations": (2, ("GET", "/locations", None, None)),
        "add-tag": (3, ("PUT", "/tags/" + r.choice(["a", "b%20c", "x" * 256]), None, None)),
        "remove-tag": (3, ("DELETE", "/tags/" + r.choice(["a", "none"]), None, None)),
        "add-member": (5, ("POST", "/members", r.choice([{"member": project}, {"member": project}, {}, {"member": ""}, []]), None)),
        "list-members": (3, ("GET", "/members", None, None)),
        "show-member": (2, ("GET", f"/members/{project}", None, None)),
        "set-member": (4, ("PUT", "/members/elsewhere", r.choice([{"status": "accepted"}, {"status": "rejected"}, {"status": "maybe"}, {}, []]), None)),
        "remove-member": (3, ("DELETE", f"/members/{project}", None, None)),
        "image-tasks": (1, ("GET", "/tasks", None, None)),
        "no-such-method": (1, (r.choice(["POST", "PUT"]), r.choice(["", "/file", "/members/x", "/tags/x"]), None, None)),
        "nothing-there": (1, ("GET", "/nothing", None, None)),
        "delete-from-store": (1, None),
    }
    word = r.choices(list(pool), [weight for weight, _ in pool.values()])[0]
    return who, word, pool[word][1]


def registration(r):
    body = {"disk_format": "raw", "container_format": "bare", "name": "d"}
    if r.random() < 0.2:
        body.update(r.choice([{"disk_format": "qcow2"}, {"disk_format": "nonsense"}, {"visibility": "public"}, {"visibility": "community"}, {"visibility": "private"}, {"protected": True}, {"tags": ["a", "b"]}, {"tags": "a"}, {"colour": "red"}, {"colour": 1}, {"status": "active"}, {"owner": "elsewhere"}, {"min_disk": -1}, {"min_ram": "x"}, {"os_glance_a": "b"}, {"locations": []}, {"self": "x"}, {"name": "n" * 256}, {"os_hidden": True}]))
    if r.random() < 0.05:
        del body["disk_format"]
    return body


def rests(base, image):
    """What an admin is shown once nothing goes on."""
    for _ in range(400):
        code, body, _ = ask(base, "admin", "GET", f"/v2/images/{image}")
        if code != 200:
            return {"status": code}
        shown = json.loads(body)
        if shown["status"] not in ("saving", "importing") and "os_glance_import_task" not in shown:
            view = {name: shown.get(name) for name in SHOWN}
            view["tags"] = sorted(view["tags"])
            # A database gives places back in no order of its own.
            view["stores"] = sorted((view["stores"] or "").split(","))
            view["places"] = len(shown.get("locations", []))
            return view
        time.sleep(0.02)
    return {"status": "never rests"}


def life(seed, bases, source):
    r = random.Random(seed)
    before = "nothing"
    image, differences, told = str(uuid.UUID(int=r.getrandbits(128), version=4)), [], []
    creator, body = r.choices(["member", "admin", "stranger", "reader"], [80, 10, 5, 5])[0], {"id": image, **registration(r)}
    steps = [(creator, "create", ("POST", None, body, None))] + [draw(r, source) for _ in range(r.randrange(4, 14))]
    for who, word, request in steps:
        if word == "delete-from-store":
            request = ("DELETE", f"/v2/stores/{r.choice(['local', 'web', 'none'])}/{image}", None, None)
        method, path, body, headers = request
        if path is None:
            path = "/v2/images"
        elif not path.startswith("/v2/"):
            path = f"/v2/images/{image}{path}"
        codes = [ask(base, who, method, path, body, headers)[0] for base in bases]
        told.append(f"{who}:{word}={codes[0]}" + (f"/{codes[1]}" if codes[0] != codes[1] else ""))
        shown = [rests(base, image) for base in bases]
        if codes[0] != codes[1]:
            detail = body if isinstance(body, str) else json.dumps(body) if isinstance(body, (dict, list)) else ""
            detail = detail.replace(source, "SOURCE")
            differences.append((f"code {word} in {before}: {codes[0]} and not {codes[1]}", f"{who} {headers or ''} {detail}", told))
        # Of what never rests nothing else is known.
        stuck = any(it["status"] == "never rests" for it in shown)
        for name in ["status"] if stuck else shown[0].keys() | shown[1].keys():
            a, b = (it.get(name) for it in shown)
            if a != b:
                differences.append((f"shown {name} after {word}: {a!r:.40} and not {b!r:.40}", "", told))
        if shown[0] != shown[1] or codes[0] != codes[1] and shown[0].get("status") == 404:
            break
        before = shown[0].get("status")
        if before == 404 and word in ("create", "delete"):
            break
    for base in bases:
        ask(base, "admin", "PATCH", f"/v2/images/{image}", json.dumps([{"op": "replace", "path": "/protected", "value": False}]), {"Content-Type": D10})
        ask(base, "admin", "DELETE", f"/v2/images/{image}")
    return len(told), differences





def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("real")
    parser.add_argument("serve")
    parser.add_argument("--scripts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--known")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"http://127.0.0.1:{server.server_port}"
    bases = (arguments.real, arguments.serve)
    known = open(arguments.known).read().splitlines() if arguments.known else []
    known = [line.split("#")[0].strip() for line in known if line.split("#")[0].strip()]
    counts, examples, requests = collections.Counter(), {}, 0
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        seeds = range(arguments.seed * 1_000_000, arguments.seed * 1_000_000 + arguments.scripts)
        for done, differences in pool.map(lambda seed: life(seed, bases, source), seeds):
            requests += done
            for what, detail, told in differences:
                counts[what] += 1
                examples.setdefault(what, (detail, told))
    new = 0
    for what, count in counts.most_common():
        is_known = any(what.startswith(line) for line in known)
        new += not is_known
        detail, told = examples[what]
        print(f"{'known' if is_known else 'NEW  '} {count:5} {what}\n        {detail}\n        {' '.join(told)}")
    print(f"{arguments.scripts} scripts, {requests} requests: {len(counts)} kinds of difference, {new} of them new")
    raise SystemExit(new > 0)


main()
