#!/usr/bin/env python3
"""answers.py BIN rate|slots: are the answers of `stormglass search` those of theory?

The queue is M/M/c: Poisson arrivals, and c slots that each hold a customer for an exponential time with a mean of
100 ms. The tail of its response time is known exactly.

rate   the highest rate at which the 99th percentile is below a second with four slots, from 20 seeds: how far each
       answer is from theory, and how many of the intervals hold it
slots  the fewest slots with which it is below 600 ms, at 20 rates with a seed each: how many are right
"""
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS = 20
MEAN = 0.1  # seconds
QUEUE = """
schema = 1
name = "queue"
[service]
workers = 1_000_000
[service.registry]
connections = 1_000_000
[service.store]
slots = 4
put = { exponential = { mean = "100ms" } }
[load]
arrivals = { rate = "28/s", spacing = "poisson" }
duration = "10m"
warm_up = "1m"
[[story]]
name = "a customer"
size = "0B"
steps = ["create", "upload"]
[report]
interval = "1m"
"""


def longer_than(seconds, rate, slots):
    """The share of customers of an M/M/c queue who need more time, waiting and service together."""
    service = 1 / MEAN
    offered = rate / service
    if offered >= slots:
        return 1.0
    blocked = 1.0  # Erlang's B, then C
    for c in range(1, slots + 1):
        blocked = offered * blocked / (c + offered * blocked)
    waits = slots * blocked / (slots - offered * (1 - blocked))
    drain = slots * service - rate
    if math.isclose(drain, service):
        drain *= 1 + 1e-6  # the formula's limit
    both = (drain * math.exp(-service * seconds) - service * math.exp(-drain * seconds)) / (drain - service)
    return (1 - waits) * math.exp(-service * seconds) + waits * both


def highest_rate(seconds, slots):
    low, high = 0.0, slots / MEAN
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if longer_than(seconds, middle, slots) < 0.01 else (low, middle)
    return low


def search(binary, seed, options):
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "queue.toml"
        scenario.write_text(QUEUE)
        command = [binary, "search", scenario, "--seed", str(seed), "--json", "--quiet", *options]
        run = subprocess.run([*command, "--out", Path(folder) / "out"], stdout=subprocess.PIPE)
        if run.returncode != 0:
            sys.exit(f"answers.py: the search ended {run.returncode}")
        return json.loads(run.stdout)


def rate(binary):
    theory, held, worst = highest_rate(1.0, 4), 0, 0.0
    for seed in range(1, SEEDS + 1):
        vary = ["--vary", "load.arrivals.rate", "--from", "4/s", "--to", "60/s"]
        found = search(binary, seed, [*vary, "--slo", "upload p(99) < 1s"])
        off = found["value"] / theory - 1
        held += found["low"] <= theory <= found["high"]
        worst = max(worst, abs(off))
        print(f"seed {seed}: {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}), {off:+.2%}", flush=True)
    print(f"theory {theory:.3f}; at worst {worst:.2%} off; {held} of {SEEDS} intervals hold it")


def slots(binary):
    right = 0
    for seed in range(1, SEEDS + 1):
        per_second = 2 + 3 * seed
        theory = next(c for c in range(1, 41) if longer_than(0.6, per_second, c) < 0.01)
        vary = ["--vary", "service.store.slots", "--from", "1", "--to", "40"]
        demand = ["--slo", "upload p(99) < 600ms", "--set", f'load.arrivals.rate="{per_second}/s"']
        found = search(binary, seed, [*vary, *demand])["value"]
        right += found == theory
        print(f"{per_second}/s: {found:g} slots, theory {theory}", flush=True)
    print(f"{right} of {SEEDS} right")


{"rate": rate, "slots": slots}[sys.argv[2]](sys.argv[1])
