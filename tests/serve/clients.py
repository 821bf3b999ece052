"""The whole lifecycle of an image, by each client. An exception or a failed assertion ends it."""

import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import openstack
from glanceclient import Client as Glance
from glanceclient import exc
from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3

DATA = bytes(range(256)) * 1024
URL = sys.argv[1]


def source():
    """Serves DATA to whoever asks; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", str(len(DATA)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(DATA)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/data"


def login(user):
    auth = v3.Password(
        auth_url=f"{URL}/identity/v3",
        username=user,
        password=user,
        project_name=user,
        user_domain_name="Default",
        project_domain_name="Default",
    )
    return sessions.Session(auth=auth)


def until(look, wanted):
    for _ in range(200):
        if look() == wanted:
            return
        time.sleep(0.02)
    raise AssertionError(f"never {wanted}: {look()}")


def refused(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind:
        return
    raise AssertionError(f"{call} was not refused")


def glanceclient(url):
    demo, admin = (Glance("2", session=login(user)) for user in ("demo", "admin"))
    alt = Glance("2", session=login("alt"))
    image = demo.images.create(
        name="by glanceclient", disk_format="raw", container_format="bare", tags=["a"], colour="red"
    )
    assert image.status == "queued" and image.colour == "red" and image.owner == "demo"
    demo.images.upload(image.id, io.BytesIO(DATA))
    image = demo.images.get(image.id)
    assert (image.status, image.size) == ("active", len(DATA))
    assert image.checksum == hashlib.md5(DATA).hexdigest()
    assert image.os_hash_value == hashlib.sha512(DATA).hexdigest()
    assert b"".join(demo.images.data(image.id)) == DATA
    refused(exc.HTTPConflict, demo.images.upload, image.id, io.BytesIO(DATA))
    image = demo.images.update(image.id, remove_props=["colour"], name="renamed", min_ram=64)
    assert (image.name, image.min_ram) == ("renamed", 64) and "colour" not in image
    demo.image_tags.update(image.id, "b c")
    assert sorted(demo.images.get(image.id).tags) == ["a", "b c"]
    demo.image_tags.delete(image.id, "a")
    # Members.
    refused(exc.HTTPNotFound, alt.images.get, image.id)
    demo.image_members.create(image.id, "alt")
    assert alt.images.get(image.id).name == "renamed"
    assert image.id not in [it.id for it in alt.images.list()]
    alt.image_members.update(image.id, "alt", "accepted")
    assert image.id in [it.id for it in alt.images.list()]
    assert [it.status for it in demo.image_members.list(image.id)] == ["accepted"]
    refused(exc.HTTPForbidden, alt.images.update, image.id, name="theirs")
    demo.image_members.delete(image.id, "alt")
    # Deactivation, protection, visibility.
    admin.images.deactivate(image.id)
    refused(exc.HTTPForbidden, demo.images.data, image.id)
    assert b"".join(admin.images.data(image.id)) == DATA
    admin.images.reactivate(image.id)
    demo.images.update(image.id, protected=True)
    refused(exc.HTTPForbidden, demo.images.delete, image.id)
    demo.images.update(image.id, protected=False)
    refused(exc.HTTPForbidden, demo.images.update, image.id, visibility="public")
    assert admin.images.update(image.id, visibility="public").visibility == "public"
    assert image.id in [it.id for it in alt.images.list(filters={"visibility": "public"})]
    # Lists.
    more = [demo.images.create(name=f"many-{n}") for n in range(7)]
    listed = list(demo.images.list(page_size=3, sort="name:asc"))
    assert [it.name for it in listed if it.name.startswith("many-")] == [f"many-{n}" for n in range(7)]
    assert [it.id for it in demo.images.list(filters={"name": "many-4"})] == [more[4].id]
    for one in more:
        demo.images.delete(one.id)
    # What brings data in, and what says where it lies.
    staged = demo.images.create(disk_format="raw", container_format="bare")
    demo.images.stage(staged.id, io.BytesIO(DATA))
    assert demo.images.get(staged.id).status == "uploading"
    demo.images.image_import(staged.id, "glance-direct")
    until(lambda: demo.images.get(staged.id).status, "active")
    assert b"".join(demo.images.data(staged.id)) == DATA
    web = demo.images.create(disk_format="raw", container_format="bare")
    demo.images.image_import(web.id, "web-download", uri=url)
    until(lambda: demo.images.get(web.id).status, "active")
    assert demo.images.get(web.id).size == len(DATA)
    tasks = demo.images.get_associated_image_tasks(web.id)["tasks"]
    assert [it["status"] for it in tasks] == ["success"]
    nowhere = demo.images.create(disk_format="raw", container_format="bare")
    demo.images.image_import(nowhere.id, "web-download", uri=url.replace("/data", ":1/data"))
    until(lambda: demo.images.get(nowhere.id).get("os_glance_failed_import"), "local")
    assert demo.images.get(nowhere.id).status == "queued"
    assert demo.images.get(web.id)["os_glance_failed_import"] == ""
    demo.images.delete(nowhere.id)
    assert web.id in [task.image_id for task in map(lambda it: admin.tasks.get(it.id), admin.tasks.list())]
    placed = demo.images.create(disk_format="raw", container_format="bare")
    demo.images.add_location(placed.id, url, {})
    assert demo.images.get(placed.id).status == "active"
    assert b"".join(demo.images.data(placed.id)) == DATA
    registered = demo.images.create(disk_format="raw", container_format="bare")
    demo.images.add_image_location(registered.id, url, {})
    until(lambda: demo.images.get(registered.id).status, "active")
    assert admin.images.get_image_locations(registered.id)[0]["url"] == url
    # What the server says of itself.
    assert "glance-direct" in demo.images.get_import_info()["import-methods"]["value"]
    assert {it["id"] for it in demo.images.get_stores_info()["stores"]} == {"local", "web"}
    assert "image_count_total" in demo.info.get_usage()
    assert demo.schemas.get("image").name == "image"
    for one in (image, staged, web, placed, registered):
        demo.images.delete(one.id)
        refused(exc.HTTPNotFound, demo.images.get, one.id)


def openstacksdk(url):
    cloud = openstack.connection.Connection(session=login("demo"), region_name="RegionOne")
    image = cloud.image.create_image("by the sdk", data=DATA, disk_format="raw", container_format="bare")
    image = cloud.image.get_image(image.id)
    assert image.status == "active"
    assert cloud.image.find_image("by the sdk").id == image.id
    assert cloud.image.download_image(image).content == DATA
    # By its identifier: with all it knows of an image, the SDK would take `stores` away, which a Glance with several refuses as well.
    cloud.image.update_image(image.id, colour="blue", min_disk=1)
    assert cloud.image.get_image(image.id).properties["colour"] == "blue"
    cloud.image.add_tag(image, "tagged")
    assert [it.id for it in cloud.image.images(tag="tagged")] == [image.id]
    member = cloud.image.add_member(image, member_id="alt")
    assert [it.member_id for it in cloud.image.members(image)] == [member.member_id]
    cloud.image.deactivate_image(image)
    assert cloud.image.get_image(image.id).status == "deactivated"
    cloud.image.reactivate_image(image)
    staged = cloud.image.create_image("staged", disk_format="raw", container_format="bare")
    cloud.image.stage_image(staged, data=DATA)
    cloud.image.import_image(cloud.image.get_image(staged.id), method="glance-direct")
    until(lambda: cloud.image.get_image(staged.id).status, "active")
    web = cloud.image.create_image("web", disk_format="raw", container_format="bare")
    cloud.image.import_image(web, method="web-download", uri=url)
    until(lambda: cloud.image.get_image(web.id).status, "active")
    assert [it.id for it in cloud.image.stores()] == ["local", "web"]
    assert cloud.image.get_images_schema().properties
    for one in (image, staged, web):
        cloud.image.delete_image(one.id)
        assert cloud.image.find_image(one.id) is None


def command(url):
    folder = tempfile.mkdtemp()
    path, back = f"{folder}/data", f"{folder}/back"
    with open(path, "wb") as file:
        file.write(DATA)

    def run(*arguments, fails=False, **environment):
        done = subprocess.run(
            ["openstack", *arguments], capture_output=True, text=True, env={**os.environ, **environment}
        )
        assert (done.returncode != 0) == fails, f"openstack {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def shown(*arguments):
        return json.loads(run(*arguments, "-f", "json"))

    run("token", "issue")
    image = shown("image", "create", "by-command", "--file", path, "--disk-format", "raw", "--container-format", "bare", "--property", "a=b")
    assert shown("image", "show", "by-command")["status"] == "active"
    assert [it["Name"] for it in shown("image", "list", "--status", "active")] == ["by-command"]
    run("image", "save", "by-command", "--file", back)
    with open(back, "rb") as file:
        assert file.read() == DATA
    run("image", "set", "--tag", "x", "--property", "c=d", "--name", "renamed", image["id"])
    assert shown("image", "show", "renamed")["tags"] == ["x"]
    run("image", "set", "--deactivate", "renamed")
    assert shown("image", "show", "renamed")["status"] == "deactivated"
    run("image", "set", "--activate", "renamed")
    run("image", "add", "project", "renamed", "alt")
    assert [it["Member ID"] for it in shown("image", "member", "list", "renamed")] == ["alt"]
    run("image", "remove", "project", "renamed", "alt")
    # The command takes what stands in for a terminal for data, so it cannot make an image that is queued here.
    empty = Glance("2", session=login("demo")).images.create(disk_format="raw", container_format="bare")
    run("image", "import", empty["id"], "--method", "web-download", "--uri", url, "--wait")
    assert shown("image", "show", empty["id"])["status"] == "active"
    run("image", "stores", "list")
    run("image", "import", "info")
    run("image", "delete", "renamed", empty["id"])
    run("image", "show", "renamed", fails=True)
    run("image", "list", fails=True, OS_PASSWORD="wrong")


def main():
    url = source()
    for client in (glanceclient, openstacksdk, command):
        began = time.monotonic()
        client(url)
        print(f"ok: {client.__name__} in {time.monotonic() - began:.1f} s")


main()
