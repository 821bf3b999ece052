"""compare.py BINARY [--cases N] [--seed N] [--only N] [--show]: what openstacksdk and Stormglass make of the same clouds."""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

import openstack.connection
from cloud import Cloud
from generate import case

SCENARIO = """
schema = 1
name = "clouds"
[target.glance]
cloud = "{cloud}"
[load]
users = 1
subjects = 1
[settle]
for = "0s"
[[story]]
name = "one"
size = "16B"
steps = ["create", "delete"]
"""

BY_SDK = """
import sys
from openstack.config.loader import OpenStackConfig
from openstack.connection import Connection
next(Connection(config=OpenStackConfig().get_one(sys.argv[1])).image.images(limit=1), None)
"""


def prepared(made, side, cloud, folder):
    """Writes the case's files; what its cloud is called, and its environment."""
    prefix = f"{made.number}-{side}"
    url = f"{cloud.url}/{prefix}"
    seen = cloud.serve(prefix, made.catalog(url), made.versioned_root, made.foreign_links)
    home = os.path.join(folder, "home")
    os.makedirs(home)
    for path, content in made.files(url).items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    variables = {key: value.replace("@HOME@", folder) for key, value in made.environment(url).items()}
    return seen, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": home, **variables}


def asked(seen):
    """What counts of what a cloud was asked: who, for what, and where the images are."""
    logins = {json.dumps(login, sort_keys=True) for login in seen["logins"]}
    return sorted(logins), seen["image"]


def by_sdk(made, cloud):
    with tempfile.TemporaryDirectory() as folder:
        seen, environment = prepared(made, "sdk", cloud, folder)
        command = [sys.executable, "-W", "ignore", "-c", BY_SDK, made.ask]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode == 0, asked(seen), done.stderr


def by_stormglass(made, cloud, binary):
    with tempfile.TemporaryDirectory() as folder:
        seen, environment = prepared(made, "stormglass", cloud, folder)
        with open(os.path.join(folder, "s.toml"), "w") as file:
            file.write(SCENARIO.format(cloud=made.ask))
        command = [binary, "run", "s.toml", "--out", "out", "--quiet"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode == 0, asked(seen), done.stderr


def names_a_key(made, text):
    named = re.findall(r"`(?:auth\.|OS_)?([A-Za-z_.-]+)`", text)
    named = {name.lower().replace("-", "_") for name in named}
    # What a cloud lacks it does not hold.
    return "lacks `" in text or bool(named & made.keys())


def verdict(made, cloud, binary):
    sdk_went, sdk, sdk_said = by_sdk(made, cloud)
    went, ours, said = by_stormglass(made, cloud, binary)
    refused = not went and ours == ([], None) and names_a_key(made, said)
    if refused:
        kind = "refused" if sdk_went else "refused by both"
    elif (sdk_went, sdk) == (went, ours) and (went or sdk != ([], None)):
        kind = "same" if went else "same, without a Glance in the catalog"
    else:
        kind = "DIFFERENT"
    return made, kind, (sdk, sdk_said), (ours, said)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--cases", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", type=int)
    options.add_argument("--show", action="store_true", help="print refusals, or with --only the whole case")
    options = options.parse_args()
    cloud = Cloud()
    numbers = range(options.cases) if options.only is None else [options.only]
    cases = [case(number, options.seed) for number in numbers]
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda made: verdict(made, cloud, options.binary), cases)
        for made, kind, (sdk, sdk_said), (ours, said) in results:
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "DIFFERENT" or options.show and (kind != "same" or options.only is not None):
                last = (sdk_said.strip() or "-").splitlines()[-1]
                complaint = " ".join(line.strip() for line in said.splitlines() if line.strip())
                print(f"case {made.number}: {kind} ({', '.join(made.did)})\n  openstacksdk {sdk}\n    {last}\n  stormglass   {ours}\n    {complaint[:300]}")
            if options.only is not None:
                for path, content in made.files("@CLOUD@").items():
                    print(f"-- {path}\n{content.decode()}")
                print(made.environment("@CLOUD@"))
    total = sum(counts.values())
    print(f"{total} cases: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    sys.exit("DIFFERENT" in counts)


main()
