#!/usr/bin/env python3
"""live.py BIN SCENARIO [PAIRS]: what it costs to watch a run.

Runs SCENARIO in interleaved pairs, without and with `--live` and one reader of its events, and prints by how much more processor time
a transition takes when it is watched: the median over the pairs, and the least and the most.
"""
import json
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from threading import Thread


def read(url):
    with urllib.request.urlopen(url) as events:
        while events.read(4_096):
            pass


def cost(binary, scenario, watched):
    """Processor time of the run in seconds a transition."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [binary, "run", scenario, "--out", out]
        if watched:
            command += ["--live", "127.0.0.1:0"]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in run.stderr:
            if url := re.search(r"http://\S+", line):
                Thread(target=read, args=[url[0] + "events"], daemon=True).start()
        if run.wait() != 0:
            sys.exit(f"live.py: the run ended {run.returncode}")
        result = json.loads((out / "run.json").read_text())
        return result["cpu_s"] / result["transitions"]


def main():
    binary, scenario, pairs = sys.argv[1], sys.argv[2], int((sys.argv + ["9"])[3])
    more = []
    for pair in range(pairs):
        order = [False, True] if pair % 2 == 0 else [True, False]
        costs = {watched: cost(binary, scenario, watched) for watched in order}
        more.append(costs[True] / costs[False] - 1)
        print(f"pair {pair + 1}: {more[-1]:+.1%}", flush=True)
    print(f"median {statistics.median(more):+.1%}, from {min(more):+.1%} to {max(more):+.1%}")


main()
