#!/usr/bin/env python3
"""edge.py BIN: the highest load of a real Glance by `stormglass search`, beside a staircase made by hand.

Needs what tests/glance/run installs, half an hour, and a machine that does nothing else. Three staircases of 20 to 32
creates, uploads and deletes a second in steps of 2, half a minute a step, and one search between the first two, each on a
server of its own. By the staircases the highest load is that of the last step before the first whose 95th percentile of
uploads, averaged over the three, is a second or more.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STEPS = range(20, 33, 2)
SEEDS = [101, 102, 103]
SCENARIO = """
schema = 1
name = "edge"
[target.glance]
url = "URL"
timeout = "60s"
connections = 64
[load]
arrivals = { rate = "20/s", spacing = "poisson" }
duration = "30s"
warm_up = "5s"
[settle]
for = "30s"
[[story]]
name = "an image"
size = "64KiB"
steps = ["create", "upload", "delete"]
[thresholds]
upload = ["p(95) < 1s"]
"""


def staircase(binary, folder, seed):
    """The 95th percentile of uploads at each step, in seconds."""
    found = []
    for step in STEPS:
        out = folder / f"{step}"
        options = ["--seed", str(seed), "--set", f'load.arrivals.rate="{step}/s"', "--quiet", "--out", out]
        subprocess.run([binary, "run", folder / "edge.toml", *options], stdout=subprocess.DEVNULL)
        result = json.loads((out / "run.json").read_text())
        found.append(result["thresholds"][0]["value"] / 1e9)
        print(f"seed {seed}, {step}/s: p95 {found[-1]:.3f} s, verdict {result['verdict']}", file=sys.stderr, flush=True)
    print(json.dumps(found))


def search(binary, folder):
    options = ["--from", "4/s", "--to", "60/s", "--within", "5%", "--replications", "6", "--json", "--quiet"]
    command = [binary, "search", folder / "edge.toml", "--vary", "load.arrivals.rate", *options]
    run = subprocess.run([*command, "--out", folder / "out"], stdout=subprocess.PIPE)
    found = json.loads(run.stdout)
    print(f"search: {found['value']}/s, {found['low']} to {found['high']}", file=sys.stderr, flush=True)
    print(json.dumps(found))


def phase(binary, what):
    """One phase on a server of its own, by this program beside it."""
    command = [HERE.parent / "tests/glance/run", sys.executable, __file__, binary, what]
    run = subprocess.run(command, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def main():
    binary = os.path.abspath(sys.argv[1])
    if len(sys.argv) > 2:
        # In memory: the journal syncs each create, and a disk that is busy makes the load late.
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            folder = Path(folder)
            (folder / "edge.toml").write_text(SCENARIO.replace("URL", os.environ["STORMGLASS_GLANCE_URL"]))
            what = sys.argv[2]
            search(binary, folder) if what == "search" else staircase(binary, folder, int(what))
        return
    stairs, found = [], None
    for what in [SEEDS[0], "search", *SEEDS[1:]]:
        if what == "search":
            found = phase(binary, what)
        else:
            stairs.append(phase(binary, str(what)))
    means = [sum(each) / len(each) for each in zip(*stairs)]
    highest = None
    for step, mean in zip(STEPS, means):
        print(f"{step}/s: mean p95 {mean:.3f} s")
        if mean >= 1.0:
            break
        highest = step
    print(f"staircases: {highest}/s; search: {found['value']}/s ({found['low']} to {found['high']})")
    if highest and found["value"]:
        print(f"the search is {found['value'] / highest - 1:+.1%} from the staircases")


main()
