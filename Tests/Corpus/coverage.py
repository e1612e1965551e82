"""Says which lines and branches of the bridge were never reached, and fails if one of them has no reason in unreached.txt.

    coverage.py FOLDER [--all]      FOLDER holds the .gcda files; --all shows those with a reason, too

A line of unreached.txt is FILE | HOW MANY | TEXT OF THE LINE | REASON. "How many" counts the outcomes of conditions on that line
that no test takes; `line` says that the line itself is never run, `*` stands for any number.
"""
import collections
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.abspath(sys.argv[1])

lines = collections.defaultdict(int)       # (file, line) -> times run
branches = collections.defaultdict(dict)   # (file, line) -> {(function, index): times taken}
with tempfile.TemporaryDirectory() as scratch:
    data = sorted(glob.glob(folder + "/*.gcda"))
    subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--hash-filenames", *data], cwd=scratch, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in glob.glob(scratch + "/*.json.gz"):
        with gzip.open(path) as stream:
            for file in json.load(stream)["files"]:
                if "/CBridge/" not in file["file"]:
                    continue
                for line in file["lines"]:
                    key = (os.path.realpath(file["file"]), line["line_number"])
                    lines[key] += line["count"]
                    for index, branch in enumerate(line["branches"]):
                        if branch["throw"]:
                            continue
                        slot = (line.get("function_name"), index)
                        branches[key][slot] = branches[key].get(slot, 0) + branch["count"]

missing = {}                               # (file name, text) -> [line number, missed outcomes or "line"]
sources = {}
for (path, number), count in sorted(lines.items()):
    if path not in sources:
        sources[path] = open(path, encoding="utf-8").read().split("\n")
    text = " ".join(sources[path][number - 1].split())
    key = (os.path.basename(path), text, number)
    if count == 0:
        missing[key] = "line"
    else:
        missed = sum(1 for taken in branches[(path, number)].values() if taken == 0)
        if missed:
            missing[key] = str(missed)

excused = []
for entry in open(here + "/unreached.txt", encoding="utf-8"):
    if entry.strip() and not entry.startswith("#"):
        excused.append([part.strip() for part in entry.split(" | ", 3)] + [False])

faults = 0
for (file, text, number), missed in missing.items():
    reason = next((e for e in excused if e[0] in (file, "*") and e[1] in (missed, "*") and e[2] in text), None)
    if reason:
        reason[4] = True
    else:
        faults += 1
    if not reason or "--all" in sys.argv:
        print(f"{file}:{number}: {missed} | {text}" + (f" | {reason[3]}" if reason else ""))
for entry in excused:
    if not entry[4]:
        faults += 1
        print(f"unreached.txt: reached meanwhile, or gone: {entry[0]} | {entry[1]} | {entry[2]}")

total = sum(len(b) for b in branches.values())
untaken = sum(1 for b in branches.values() for taken in b.values() if taken == 0)
unrun = sum(1 for count in lines.values() if count == 0)
print(f"{len(lines) - unrun} of {len(lines)} lines, {total - untaken} of {total} branches; {len(missing)} places unreached, "
      f"{len(missing) - faults if faults < len(missing) else 0} of them with a reason")
sys.exit(1 if faults else 0)
