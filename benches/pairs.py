#!/usr/bin/env python3
"""pairs.py BEFORE AFTER SCENARIO [PAIRS] [OPTION…]: how two builds compare.

Runs SCENARIO in interleaved pairs with the two binaries, and prints the second's processor time a transition and
transitions a second, as shares of the first's: the median over the pairs, and the least and the most.
"""
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def measure(binary, scenario, options):
    """Processor time in nanoseconds a transition, and transitions a second."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [binary, "run", scenario, "--quiet", "--out", out, *options]
        run = subprocess.run(command, stdout=subprocess.DEVNULL)
        if run.returncode != 0:
            sys.exit(f"pairs.py: {binary} ended {run.returncode}")
        result = json.loads((out / "run.json").read_text())
        transitions = result["transitions"]
        return result["cpu_s"] / transitions * 1e9, transitions / result["wall_s"]


def main():
    before, after, scenario = sys.argv[1:4]
    pairs = int((sys.argv[4:] + ["9"])[0])
    shares = []
    for pair in range(pairs):
        order = [before, after] if pair % 2 == 0 else [after, before]
        figures = {binary: measure(binary, scenario, sys.argv[5:]) for binary in order}
        shares.append([b / a for a, b in zip(figures[before], figures[after])])
        costs = " and ".join(f"{figures[binary][0]:.0f}" for binary in (before, after))
        print(f"pair {pair + 1}: {costs} ns a transition", flush=True)
    for name, each in zip(["processor time a transition", "transitions a second"], zip(*shares)):
        print(f"{name}: × {statistics.median(each):.3f}, from {min(each):.3f} to {max(each):.3f}")


main()
