"""Says which lines and branches were never reached, and fails if one of them has no reason in unreached.txt.

    coverage.py FILE [--all]      FILE is what llvm-cov exports as lcov; --all shows those with a reason, too

A line of unreached.txt is FILE | HOW MANY | TEXT OF THE LINE | REASON, as in Tests/Corpus/unreached.txt: "how many" counts the outcomes
of conditions on that line that no test takes; `line` says that the line itself is never run, `*` stands for any of these, and `?` for any of these or none: what
the tests reach in some runs only.
"""
import collections
import os
import re
import sys

here = os.path.dirname(os.path.abspath(__file__))
# What is measured: Swift by lines, C by lines and branches.
measured = re.compile(
    r"/Sources/(Ledger/(Entries|Chain|Holds|LedgerMemory|Balances/DaySums|Accounts/AccountRows)"
    r"|Storage/(Lanes|Stores/Store|Connection)"
    r"|Platform/Runs"
    r"|CBridge/(http_|sqlite\.c|zip|transfer|system))")

lines = collections.defaultdict(int)       # (file, line) -> times run
branches = collections.defaultdict(dict)   # (file, line) -> {outcome: times taken}
file = None
for row in open(sys.argv[1], encoding="utf-8"):
    kind, _, rest = row.rstrip("\n").partition(":")
    if kind == "SF":
        file = rest if measured.search(rest) and not rest.endswith(".h") else None
    elif file and kind == "DA":
        number, count = rest.split(",")[:2]
        lines[(file, int(number))] += int(count)
    elif file and kind == "BRDA" and file.endswith(".c"):
        number, block, outcome, taken = rest.split(",")
        slot = branches[(file, int(number))]
        slot[(block, outcome)] = slot.get((block, outcome), 0) + (0 if taken == "-" else int(taken))

missing = []                               # file name, line number, text, missed outcomes or "line"
sources = {}
for (path, number), count in sorted(lines.items()):
    if path not in sources:
        sources[path] = open(path, encoding="utf-8").read().split("\n")
    text = " ".join(sources[path][number - 1].split())
    if count == 0:
        if text.strip("{}() "):
            missing.append((os.path.basename(path), number, text, "line"))
    else:
        missed = sum(1 for taken in branches[(path, number)].values() if taken == 0)
        if missed:
            missing.append((os.path.basename(path), number, text, str(missed)))

excused = []
for entry in open(here + "/unreached.txt", encoding="utf-8"):
    if entry.strip() and not entry.startswith("#"):
        excused.append([part.strip() for part in entry.split(" | ", 3)] + [False])

faults = 0
for name, number, text, missed in missing:
    reason = next((e for e in excused if e[0] in (name, "*") and e[1] in (missed, "*", "?") and e[2] in text), None)
    if reason:
        reason[4] = True
    else:
        faults += 1
    if not reason or "--all" in sys.argv:
        print(f"{name}:{number}: {missed} | {text}" + (f" | {reason[3]}" if reason else ""))
for entry in excused:
    if not entry[4] and entry[1] != "?":
        faults += 1
        print(f"unreached.txt: reached meanwhile, or gone: {entry[0]} | {entry[1]} | {entry[2]}")

for label, ending in (("Swift", ".swift"), ("C", ".c")):
    counted = [count for (path, _), count in lines.items() if path.endswith(ending)]
    taken = [t for (path, _), slot in branches.items() if path.endswith(ending) for t in slot.values()]
    text = f"{label}: {sum(1 for c in counted if c)} of {len(counted)} lines"
    print(text + (f", {sum(1 for t in taken if t)} of {len(taken)} branches" if taken else ""))
print(f"{len(missing)} places unreached, {faults} of them without a reason")
sys.exit(1 if faults else 0)
