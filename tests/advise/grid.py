"""Compares what `advise` forecast with a grid of real runs: grid.py RESULTS."""
import csv
import glob
import json
import re
import statistics
import sys

out = sys.argv[1]
with open(f"{out}/advice/advice.json") as file:
    advice = json.load(file)
print(advice["sentence"])
real = {}
for path in glob.glob(f"{out}/grid-*"):
    processes, threads = map(int, re.search(r"grid-(\d+)-(\d+)-", path).groups())
    with open(f"{path}/run.json") as file:
        run = json.load(file)
    done = run["averages"]["completions_per_s"]["mean"] / 5  # operations of a life
    real.setdefault((processes, threads), []).append(done)
forecast = {}
for setup in advice["setups"]:
    forecast[setup["processes"], setup["threads"]] = setup["forecast"]["completions_per_s"] / 5
for setup, lives in sorted(real.items()):
    told = forecast.get(setup)
    print(
        f"{setup[0]} x {setup[1]}: {statistics.mean(lives):.2f} lives/s measured"
        f" ({min(lives):.2f} to {max(lives):.2f}), "
        + (f"{told:.2f} forecast" if told else "not looked at")
    )
