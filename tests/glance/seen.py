"""Lists every image that each identity can see, by openstacksdk: one line an image and identity, sorted."""

import os
import sys

import openstack


def connect(token):
    url = os.environ["STORMGLASS_GLANCE_URL"]
    return openstack.connect(
        auth_type="admin_token",
        auth={"endpoint": url, "token": token},
        image_endpoint_override=url,
        image_api_version="2",
        load_yaml_config=False,
        load_envvars=False,
    )


def seen(who, token):
    images = connect(token).image
    for hidden in (False, True):
        for image in images.images(is_hidden=hidden):
            yield f"{who} {image.id} {image.status}"


identities = {
    "member": os.environ["STORMGLASS_GLANCE_TOKEN"],
    "admin": os.environ["STORMGLASS_GLANCE_ADMIN_TOKEN"],
    "reader": "bob:stormglass:reader",
    "stranger": "eve:elsewhere:member,reader",
}
if len(sys.argv) > 1:  # creates an image of this name, as the member
    image = connect(identities["member"]).image.create_image(
        sys.argv[1], disk_format="raw", container_format="bare", data=b"x" * 1000, validate_checksum=True
    )
    print(image.id)
else:
    for line in sorted(line for who, token in identities.items() for line in seen(who, token)):
        print(line)
