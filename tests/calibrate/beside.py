"""How long operations took, by the one other that was under way when they began, and by how long it had been: beside.py HISTORY OPERATION.

HISTORY is the history.jsonl of a storm of two users (`stormglass run … --history`). Each line has the median of so many, in milliseconds."""
import bisect
import collections
import json
import statistics
import sys

STEP_MS = 4
open_ops, ended = {}, []
with open(sys.argv[1]) as history:
    for line in history:
        record = json.loads(line)
        if record.get("event") == "invoked":
            open_ops[record["op"]] = (record["operation"], record["t_ns"] / 1e6)
        elif record.get("event") == "answered":
            operation, began = open_ops.pop(record["op"])
            ended.append((began, record["t_ns"] / 1e6, operation))
ended.sort()
starts = [began for began, _, _ in ended]
by_other = collections.defaultdict(list)
for at, (began, end, operation) in enumerate(ended):
    if operation != sys.argv[2]:
        continue
    earlier = ended[max(0, at - 50) : bisect.bisect_right(starts, began)]
    others = [it for it in earlier if it[1] > began and it != ended[at]]
    if len(others) == 1:
        age = int((began - others[0][0]) // STEP_MS) * STEP_MS
        by_other[others[0][2], age].append(end - began)
for (other, age), took in sorted(by_other.items()):
    if len(took) >= 5:
        print(f"beside a {other} of {age} to {age + STEP_MS} ms: {statistics.median(took):.1f} ms ({len(took)})")
