#!/usr/bin/env python3
"""edge.py BIN FROM TO STEP: the highest load of a real Glance by `stormglass search`, beside a staircase made by hand.

Needs what tests/glance/run installs, half an hour, and a machine that does nothing else. Three staircases of FROM to TO
creates, uploads and deletes a second, half a minute a step, and one search between the first two, each on a server of
its own. By the staircases the highest load lies where the 95th percentile of uploads, averaged over the three, rises above
a second: between the last step below and the first above, by their logarithms.
"""
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEEDS = [101, 102, 103]
SCENARIO = """
schema = 1
name = "edge"
[target.glance]
url = "URL"
timeout = "60s"
connections = 64
[load]
arrivals = { rate = "8/s", spacing = "poisson" }
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


def steps(first, last, step):
    return [first + at * step for at in range(int((last - first) / step + 1.5))]


def staircase(binary, folder, seed, stairs):
    """The 95th percentile of uploads at each step, in seconds."""
    found = []
    for step in stairs:
        out = folder / f"{step}"
        options = ["--seed", str(seed), "--set", f'load.arrivals.rate="{step}/s"', "--quiet", "--out", out]
        subprocess.run([binary, "run", folder / "edge.toml", *options], stdout=subprocess.DEVNULL)
        result = json.loads((out / "run.json").read_text())
        if result["verdict"] != "valid":
            sys.exit(f"edge.py: {step}/s was {result['verdict']}, so nothing is known of it")
        found.append(result["thresholds"][0]["value"] / 1e9)
        print(f"seed {seed}, {step}/s: p95 {found[-1]:.3f} s", file=sys.stderr, flush=True)
    print(json.dumps(found))


def search(binary, folder):
    options = ["--from", "2/s", "--to", "60/s", "--within", "5%", "--replications", "6", "--json", "--quiet"]
    command = [binary, "search", folder / "edge.toml", "--vary", "load.arrivals.rate", *options]
    run = subprocess.run([*command, "--out", folder / "out"], stdout=subprocess.PIPE)
    found = json.loads(run.stdout)
    print(f"search: {found['value']}/s, {found['low']} to {found['high']}", file=sys.stderr, flush=True)
    print(json.dumps(found))


def phase(binary, what):
    """One phase on a server of its own, by this program beside it."""
    command = [HERE.parent / "tests/glance/run", sys.executable, __file__, binary, *sys.argv[2:5], what]
    run = subprocess.run(command, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def crossing(stairs, means):
    """Where the means rise above a second."""
    above = next((at for at, mean in enumerate(means) if mean >= 1.0), None)
    if not above:
        sys.exit("edge.py: the staircases do not hold the edge; choose another range")
    low, high = math.log(means[above - 1]), math.log(means[above])
    return stairs[above - 1] + (stairs[above] - stairs[above - 1]) * -low / (high - low)


def main():
    binary = os.path.abspath(sys.argv[1])
    stairs = steps(*map(float, sys.argv[2:5]))
    if len(sys.argv) > 5:
        # In memory: the journal syncs each create, and a disk that is busy makes the load late.
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            folder = Path(folder)
            (folder / "edge.toml").write_text(SCENARIO.replace("URL", os.environ["STORMGLASS_GLANCE_URL"]))
            what = sys.argv[5]
            search(binary, folder) if what == "search" else staircase(binary, folder, int(what), stairs)
        return
    rounds, found = [], None
    for what in [SEEDS[0], "search", *SEEDS[1:]]:
        if what == "search":
            found = phase(binary, what)
        else:
            rounds.append(phase(binary, str(what)))
    means = [sum(each) / len(each) for each in zip(*rounds)]
    for step, mean in zip(stairs, means):
        print(f"{step}/s: mean p95 {mean:.3f} s")
    by_hand = crossing(stairs, means)
    print(f"staircases: {by_hand:.2f}/s; search: {found['value']:.2f}/s ({found['low']:.2f} to {found['high']:.2f})")
    print(f"the search is {found['value'] / by_hand - 1:+.1%} from the staircases")


main()
