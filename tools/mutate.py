#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants faults, one at a time, and counts those that the tests let live.

    tools/mutate.py [--count 150] [--seed 1] [--minutes M] [--log FILE] [FILE or FOLDER of plumb/ ...]

A fault is one operator, one constant, one condition or one statement of a source. They are drawn by seed from the
sources named (by default flow/ and diagnose/), the same of each folder however many files it has. Each is built and
tested in a copy of the tree (build/mutate), by the test program that mirrors the source's folder alone. A fault that
does not compile, or not without a warning, is none; one whose tests fail, crash or hang is killed. What lives is listed: either a test is missing,
or the change is none (equivalent), which a line of tools/mutants_explained.txt says with its reason.

Exits 1 if fewer than 85 % of those that build and are not explained are killed.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutate"
EXPLAINED = ROOT / "tools" / "mutants_explained.txt"
WANTED = 0.85

# Comments and texts are left alone; so are the lines that only declare or name something.
OPAQUE = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
SKIPPED_LINE = re.compile(r"^\s*(#|using |namespace |template|static_assert|friend |default:|public:|private:|extern )")

SWAPS = [
    (re.compile(r"(?<= )\+(?= )"), ["-"]),
    (re.compile(r"(?<= )-(?= )"), ["+"]),
    (re.compile(r"(?<= )\*(?= )"), ["/"]),
    (re.compile(r"(?<= )/(?= )"), ["*"]),
    (re.compile(r"(?<= )\+=(?= )"), ["-="]),
    (re.compile(r"(?<= )-=(?= )"), ["+="]),
    (re.compile(r"(?<= )\*=(?= )"), ["/="]),
    (re.compile(r"(?<= )<(?= )"), ["<=", ">"]),
    (re.compile(r"(?<= )<=(?= )"), ["<", ">"]),
    (re.compile(r"(?<= )>(?= )"), [">=", "<"]),
    (re.compile(r"(?<= )>=(?= )"), [">", "<"]),
    (re.compile(r"(?<= )==(?= )"), ["!="]),
    (re.compile(r"(?<= )!=(?= )"), ["=="]),
    (re.compile(r"(?<= )&&(?= )"), ["||"]),
    (re.compile(r"(?<= )\|\|(?= )"), ["&&"]),
    (re.compile(r"\btrue\b"), ["false"]),
    (re.compile(r"\bfalse\b"), ["true"]),
    (re.compile(r"\bstd::min\b"), ["std::max"]),
    (re.compile(r"\bstd::max\b"), ["std::min"]),
    (re.compile(r"\bany_of\b"), ["all_of"]),
    (re.compile(r"\ball_of\b"), ["any_of"]),
    (re.compile(r"(?<=[(\s])!(?=[\w(])"), [""]),
    (re.compile(r"\bcontinue;"), [";"]),
    (re.compile(r"\bbreak;"), [";"]),
]
NUMBER = re.compile(r"(?<![\w.])(\d+\.\d*(?:e-?\d+)?|\d+e-?\d+|\d+)(?![\w.])")
# A whole statement on one line that can be left out: an assignment, a call, an increment.
STATEMENT = re.compile(r"^(\s+)((?:[A-Za-z_][\w.\[\]>()-]*(?:->|\.))?[A-Za-z_][\w.\[\]>()-]*(?: [-+*/|&]?= [^;]+|\([^;]*\)|\+\+)|\+\+[\w.]+);$")


def blanked(text):
    """The text with comments and strings as blanks, of the same length."""
    return OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def faults_of(path):
    """All faults of one source: (path, offset, old text, new text)."""
    text = (ROOT / path).read_text(encoding="utf-8")
    code = blanked(text)
    faults, at, before = [], 0, ""
    for line in code.split("\n"):
        if not SKIPPED_LINE.match(line):
            for pattern, others in SWAPS:
                for match in pattern.finditer(line):
                    if pattern.pattern.endswith("(?= )") and match.group() in "<>*" and re.search(r"template|operator", line):
                        continue
                    faults += [(path, at + match.start(), match.group(), other) for other in others]
            for match in NUMBER.finditer(line):
                word = match.group()
                value = float(word)
                others = {"0": ["1"], "1": ["2", "0"]}.get(word) or [str(int(word) + 1)] if word.isdigit() else [repr(value * 10)]
                faults += [(path, at + match.start(), word, other) for other in others]
            match = STATEMENT.match(line)
            begins = not before or before[-1] in ";{}:"
            if match and begins and not re.match(r"(return|throw|delete|case|else|goto)\b", match.group(2)):
                faults.append((path, at + match.start(2), text[at + match.start(2) : at + match.end(2) + 1], ";"))
        before = line.strip() or before
        at += len(line) + 1
    return faults


def test_of(path):
    """The test program that mirrors a source: by the nearest folder that has one."""
    folder = pathlib.PurePath(path).parent.relative_to("plumb")
    while folder.parts:
        listing = ROOT / "tests" / folder / "CMakeLists.txt"
        if listing.is_file() and "plumb_test(" in listing.read_text(encoding="utf-8"):
            name = re.search(r"plumb_test\((\S+)", listing.read_text(encoding="utf-8")).group(1)
            return "test_" + name.replace("/", "_"), f"tests/{folder}"
        folder = folder.parent
    return None


def sources(names):
    found = []
    for name in names:
        path = ROOT / name
        files = sorted(path.rglob("*.cpp")) if path.is_dir() else [path]
        found += [file.relative_to(ROOT).as_posix() for file in files]
    return [path for path in found if test_of(path)]


def drawn(paths, count, seed):
    """Faults by seed, as many of each folder as can be."""
    generator = random.Random(seed)
    folders = {}
    for path in paths:
        folders.setdefault(path.split("/")[1], []).extend(faults_of(path))
    for faults in folders.values():
        generator.shuffle(faults)
    chosen = []
    while len(chosen) < count and any(folders.values()):
        for faults in folders.values():
            if faults and len(chosen) < count:
                chosen.append(faults.pop())
    return chosen


class Tree:
    """A copy of the tree with a build of its own, in which one source at a time is faulty."""

    def __init__(self):
        self.root, self.build = WORK / "tree", WORK / "build"
        self.slowest = {}
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        wanted = set()
        for name in names.splitlines():
            source, target = ROOT / name, self.root / name
            if not source.is_file():
                continue
            wanted.add(target)
            if target.is_file() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
            os.utime(target)
        for path in list(self.root.rglob("*")):
            if path.is_file() and path not in wanted:
                path.unlink()
        self.call("cmake", "-S", self.root, "-B", self.build, "-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Debug", "-D", "CMAKE_CXX_FLAGS_DEBUG=-O2 -g1",
                  "-D", "CMAKE_CXX_COMPILER_LAUNCHER=ccache", "-D", "PLUMB_PAGE=OFF", "-D", "PLUMB_BENCH=OFF")

    def call(self, *command):
        environment = {**os.environ, "CCACHE_BASEDIR": str(self.root), "CCACHE_NOHASHDIR": "1"}
        done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"mutate: {' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")

    def make(self, target):
        environment = {**os.environ, "CCACHE_BASEDIR": str(self.root), "CCACHE_NOHASHDIR": "1", "CCACHE_READONLY": "1"}
        command = ["cmake", "--build", str(self.build), "-j", str(os.cpu_count()), "--target", target]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).returncode == 0

    def passes(self, test):
        target, folder = test
        limit = 20 + 5 * self.slowest.get(target, 120)
        start = time.monotonic()
        try:
            done = subprocess.run([str(self.build / folder / target), "--gtest_brief=1", "--gtest_fail_fast"], cwd=self.build / folder,
                                  capture_output=True, check=False, timeout=limit)
        except subprocess.TimeoutExpired:
            return False
        self.slowest.setdefault(target, time.monotonic() - start)
        return done.returncode == 0

    def judge(self, fault):
        """killed, lives or "does not build"."""
        path, offset, old, new = fault
        file = self.root / path
        text = (ROOT / path).read_text(encoding="utf-8")
        test = test_of(path)
        file.write_text(text[:offset] + new + text[offset + len(old) :], encoding="utf-8")
        try:
            if not self.make(test[0]):
                return "does not build"
            return "lives" if self.passes(test) else "killed"
        finally:
            file.write_text(text, encoding="utf-8")


def shown(fault):
    path, offset, old, new = fault
    text = (ROOT / path).read_text(encoding="utf-8")
    line = text[:offset].count("\n") + 1
    return f"{path}:{line}: {old.strip()} -> {new}", text.split("\n")[line - 1].strip()


def explanations():
    """Lines of "path: source line: old -> new: reason"; the source line, so that they survive a change above it."""
    if not EXPLAINED.is_file():
        return []
    lines = EXPLAINED.read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if line and not line.startswith("#")]


def is_explained(fault):
    path, _, old, new = fault
    line = shown(fault)[1]
    return any(row[:3] == [path, line, f"{old.strip()} -> {new}"] for row in explanations())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", default=["plumb/flow", "plumb/diagnose"])
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many; 0 for all")
    parser.add_argument("--log", type=pathlib.Path, help="append a line of JSON for each fault")
    parser.add_argument("--list", action="store_true", help="print the faults that are drawn, and plant none")
    args = parser.parse_args()
    chosen = drawn(sources(args.sources), args.count, args.seed)
    if args.list:
        for fault in chosen:
            print("{}\n    {}".format(*shown(fault)))
        return 0
    tree = Tree()
    for test in sorted({test_of(fault[0]) for fault in chosen}):
        if not tree.make(test[0]) or not tree.passes(test):
            sys.exit(f"mutate: {test[0]} does not pass without a fault")
    end = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
    counts, survivors = {"killed": 0, "lives": 0, "does not build": 0, "explained": 0}, []
    for i, fault in enumerate(chosen):
        if time.monotonic() > end:
            print(f"mutate: {len(chosen) - i} faults were not tried in {args.minutes:g} minutes")
            break
        outcome = tree.judge(fault)
        if outcome == "lives" and is_explained(fault):
            outcome = "explained"
        counts[outcome] += 1
        place, line = shown(fault)
        print(f"{outcome:14}  {place}", flush=True)
        if outcome == "lives":
            survivors.append(f"{place}\n    {line}")
        if args.log:
            with args.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"fault": place, "line": line, "outcome": outcome}) + "\n")
    judged = counts["killed"] + counts["lives"]
    rate = counts["killed"] / judged if judged else 1.0
    print(f"mutate: of {judged} faults {counts['killed']} were killed, {100 * rate:.0f} %; {counts['does not build']} do not build, {counts['explained']} change nothing, as explained")
    for survivor in survivors:
        print(f"lives: {survivor}")
    return 0 if rate >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
