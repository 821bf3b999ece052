"""Compares a calibrated scenario with the one whose service it was fitted to: compare.py TRUTH RESULTS."""
import json
import re
import sys
import tomllib

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "KiB/s": 2**10, "MiB/s": 2**20, "GiB/s": 2**30}


def number(value):
    if not isinstance(value, str):
        return float(value)
    amount, unit = re.fullmatch(r"([\d.]+)(\D+)", value).groups()
    return float(amount) * UNITS[unit]


def figures(table, path=""):
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from figures(value, name)
        else:
            yield name, value


with open(sys.argv[1], "rb") as file:
    truth = dict(figures(tomllib.load(file)["service"]))
with open(f"{sys.argv[2]}/scenario.toml", "rb") as file:
    found = dict(figures(tomllib.load(file)["service"]))
with open(f"{sys.argv[2]}/calibration.json") as file:
    calibration = json.load(file)

wrong = 0
for key, value in truth.items():
    if re.fullmatch("[a-z]+", str(value)):
        wrong += found[key] != value
        print(f"{key}: {value}, found {found[key]}{'' if found[key] == value else '  WRONG'}")
        continue
    value, found[key] = number(value), number(found[key])
    off = found[key] / value - 1
    limit = 0.1
    wrong += abs(off) > limit
    print(f"{key}: {value:g}, found {found[key]:g}, {off:+.1%}{'' if abs(off) <= limit else '  WRONG'}")
for trial in calibration["trials"]:
    for it in trial["figures"]:
        kind = it["figure"].split()[-1]
        limit = {"lives_per_s": 0.05, "p(50)": 0.1, "p(99)": 0.2}[kind]
        wrong += abs(it["off"]) > limit
        mark = "" if abs(it["off"]) <= limit else "  WRONG"
        print(f"{trial['storm']}: {it['figure']} off by {it['off']:+.2%}{mark}")
sys.exit(1 if wrong else 0)
