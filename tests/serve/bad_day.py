"""A client on a bad day: bad_day.py CLIENT LIVES. What goes wrong for it is told and is no failure of this program."""

import io
import os
import sys

import openstack
from glanceclient import Client as Glance
from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3

DATA = os.urandom(200_000)


def by_openstacksdk(number):
    cloud = openstack.connect()
    image = cloud.image.create_image(
        f"by sdk {number}", data=DATA, disk_format="raw", container_format="bare", wait=True
    )
    assert cloud.image.download_image(image).content == DATA
    cloud.image.delete_image(image)


def by_glanceclient(number):
    auth = v3.Password(
        auth_url=os.environ["OS_AUTH_URL"],
        username=os.environ["OS_USERNAME"],
        password=os.environ["OS_PASSWORD"],
        project_name=os.environ["OS_PROJECT_NAME"],
        user_domain_name="Default",
        project_domain_name="Default",
    )
    glance = Glance("2", session=sessions.Session(auth=auth))
    image = glance.images.create(
        name=f"by glanceclient {number}", disk_format="raw", container_format="bare"
    )
    glance.images.upload(image.id, io.BytesIO(DATA))
    assert b"".join(glance.images.data(image.id)) == DATA
    glance.images.delete(image.id)


CLIENTS = {"openstacksdk": by_openstacksdk, "glanceclient": by_glanceclient}
wrong = 0
for number in range(int(sys.argv[2])):
    try:
        CLIENTS[sys.argv[1]](number)
    except Exception as error:  # what a client makes of a bad day
        wrong += 1
        print(f"life {number}: {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
print(f"{wrong} of {sys.argv[2]} lives failed", file=sys.stderr)
