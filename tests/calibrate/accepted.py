"""Which of two processes accepted each request of a storm on a Glance under uWSGI: accepted.py HISTORY UWSGI_LOG.

The log is of that storm alone. Prints, for each number of requests that the two had when another came, which part of those the first accepted.
"""
import json
import re
import sys
from collections import Counter, defaultdict

LINE = re.compile(rb"\[pid: (\d+)\|[^]]*\] .* (POST|PUT|GET|DELETE) (/v2/images\S*) => generated \d+ bytes in (\d+) msecs")


def operation(method, path):
    by_method = {b"POST": "create", b"PUT": "upload", b"DELETE": "delete"}
    listed = path.count(b"/") < 3
    return by_method.get(method) or ("download" if path.endswith(b"/file") else None if listed else "show")


def asked(history):
    """Operation, when it was sent and when it was answered, in milliseconds."""
    operations = {}
    for line in history:
        record = json.loads(line)
        if record.get("event") == "invoked":
            operations[record["op"]] = [record["operation"], record["t_ns"] / 1e6, None]
        elif record.get("event") == "answered":
            operations[record["op"]][2] = record["t_ns"] / 1e6
    return [it for it in operations.values() if it[2] is not None]


with open(sys.argv[2], "rb") as file:
    logged = defaultdict(list)
    for pid, method, path, ms in LINE.findall(file.read().replace(b"\0", b"")):
        if method != b"POST" or path.count(b"/") < 3:
            logged[operation(method, path)].append((pid, int(ms)))
with open(sys.argv[1]) as file:
    operations = asked(file)

# Answers and lines of an operation come in the same order, but for a few lines at the ends that are of something else.
requests = []
for kind in {it[0] for it in operations}:
    answered = sorted((it for it in operations if it[0] == kind), key=lambda it: it[2])

    def apart(shift):
        pairs = [(it, logged[kind][at + shift]) for at, it in enumerate(answered) if 0 <= at + shift < len(logged[kind])]
        return sum(abs(it[2] - it[1] - line[1]) for it, line in pairs) / max(len(pairs), 1)

    shift = min(range(-3, 4), key=apart)
    requests += [
        (it[1], it[2], logged[kind][at + shift][0])
        for at, it in enumerate(answered)
        if 0 <= at + shift < len(logged[kind])
    ]
requests.sort()
first, *others = sorted({it[2] for it in requests})
if len(others) != 1:
    sys.exit(f"the log has {1 + len(others)} processes, not two")

found = Counter()
for at, (sent, _, process) in enumerate(requests):
    open_then = [it for it in requests[max(0, at - 200) : at] if it[1] > sent]
    of_first = sum(it[2] == first for it in open_then)
    found[(of_first, len(open_then) - of_first), process == first] += 1
share = sum(it[2] == first for it in requests) / len(requests)
print(f"{len(requests)} requests, the first process accepted {share:.2f}")
for state in sorted({state for state, _ in found}):
    by_first, by_other = found[state, True], found[state, False]
    if by_first + by_other >= 50:
        print(f"{state[0]} and {state[1]} requests: {by_first / (by_first + by_other):.2f} of {by_first + by_other}")
