#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants faults, one at a time, and counts those that the tests let live.

    tools/mutate.py [--count 150] [--seed 1] [--minutes M] [--log FILE [--retry]] [FILE or FOLDER of plumb/ ...]

A fault is one operator, one constant, one condition or one statement of a source. They are drawn by seed from the
sources named (by default flow/ and diagnose/), the same of each folder however many files it has. Each is built and
tested in a copy of the tree (build/mutate), by the test program that mirrors the source's folder alone.

A fault that does not compile, or not without a warning, is none; nor is one whose object is the same byte for byte. One
whose tests fail, crash, hang or take too much memory is killed. What lives is listed: either a test is missing, or the
change is none (equivalent), which a row of tools/mutants_explained.txt says with its reason.

A run of hours may be stopped: with the same --log it goes on where it was. --retry plants what lived once more, against
the tests as they are now. --plant FILE plants faults of one's own: rows of "path | source line | faulty line", and a
folder of tests where it is not the mirror that should see them.

Exits 1 if fewer than 85 % of those that build, change something and are not explained are killed.
"""

import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutate"
EXPLAINED = ROOT / "tools" / "mutants_explained.txt"
WANTED = 0.85
MEMORY = 4 << 30  # bytes that a test program may take: a loop without an end often fills a vector

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
    (re.compile(r"\bcontinue;"), ["{}"]),  # a lone ; warns
    (re.compile(r"\bbreak;"), ["{}"]),
]
NUMBER = re.compile(r"(?<![\w.])(\d+\.\d*(?:e-?\d+)?|\d+e-?\d+|\d+)(?![\w.])")
# A whole statement on one line that can be left out: an assignment, a call, an increment.
STATEMENT = re.compile(r"^(\s+)((?:[A-Za-z_][\w.\[\]>()-]*(?:->|\.))?[A-Za-z_][\w.\[\]>()-]*(?: [-+*/|&]?= [^;]+|\([^;]*\)|\+\+)|\+\+[\w.]+);$")


class Fault(NamedTuple):
    path: str
    offset: int  # in the text of the source
    old: str
    new: str
    tests: str = ""  # the folder of the tests that should see it; by default the one that mirrors the source's


def blanked(text):
    """The text with comments and strings as blanks, of the same length."""
    return OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def faults_of(path):
    """All faults of one source."""
    text = (ROOT / path).read_text(encoding="utf-8")
    code = blanked(text)
    faults, at, before = [], 0, ""
    for line in code.split("\n"):
        if not SKIPPED_LINE.match(line):
            for pattern, others in SWAPS:
                for match in pattern.finditer(line):
                    if pattern.pattern.endswith("(?= )") and match.group() in "<>*" and re.search(r"template|operator", line):
                        continue
                    faults += [Fault(path, at + match.start(), match.group(), other) for other in others]
            for match in NUMBER.finditer(line):
                word = match.group()
                value = float(word)
                others = {"0": ["1"], "1": ["2", "0"]}.get(word) or [str(int(word) + 1)] if word.isdigit() else [repr(value * 10)]
                faults += [Fault(path, at + match.start(), word, other) for other in others]
            match = STATEMENT.match(line)
            begins = not before or before[-1] in ";{}:"
            if match and begins and not re.match(r"(return|throw|delete|case|else|goto)\b", match.group(2)):
                faults.append(Fault(path, at + match.start(2), text[at + match.start(2) : at + match.end(2) + 1], ";"))
        before = line.strip() or before
        at += len(line) + 1
    return faults


def test_of(path, tests=""):
    """The test program that mirrors a source, by the nearest folder that has one, or that of the folder `tests`."""
    folder = pathlib.PurePath(tests).relative_to("tests") if tests else pathlib.PurePath(path).parent.relative_to("plumb")
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

    def __init__(self, jobs):
        # As a checkout and its preset dev lie: what ccache has of those, it has of these.
        self.root, self.build, self.jobs = WORK, WORK / "build" / "dev", jobs
        self.takes, self.objects = {}, {}
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
        for folder in self.root.iterdir():
            for path in list(folder.rglob("*")) if folder.name != "build" else []:
                if path.is_file() and path not in wanted:
                    path.unlink()
        # A linker that takes half the time, of what has no debug lines any more.
        faster = [f"-fuse-ld={name}" for name in ("lld", "gold") if shutil.which(f"ld.{name}")]
        linker = " ".join([*faster[:1], "-Wl,--strip-debug"])
        done = self.call("cmake", "-S", self.root, "-B", self.build, "-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Debug", "-D", "CMAKE_CXX_FLAGS_DEBUG=-O2 -g1",
                         "-D", f"CMAKE_EXE_LINKER_FLAGS={linker}", "-D", "CMAKE_CXX_COMPILER_LAUNCHER=ccache", "-D", "PLUMB_PAGE=OFF",
                         "-D", "PLUMB_BENCH=OFF", "-D", "PLUMB_EXAMPLES=OFF", "-D", "CMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST")
        if done.returncode != 0:
            sys.exit(f"mutate: cmake\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        for command in json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8")):
            source = pathlib.Path(command["file"])
            if source.is_relative_to(self.root):
                self.objects[source.relative_to(self.root).as_posix()] = re.search(r" -o (\S+)", command["command"]).group(1)

    def call(self, *command, **variables):
        environment = {**os.environ, "CCACHE_BASEDIR": str(self.root), "CCACHE_NOHASHDIR": "1", **variables}
        return subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)

    def make(self, target, **variables):
        """Whether a target could be built."""
        return self.call("cmake", "--build", self.build, "-j", self.jobs, "--target", target, **variables).returncode == 0

    def object_bytes(self, path):
        """What the compiler made of a source, without the lines and columns that it came from."""
        bare = self.build / "bare.o"
        if self.call("objcopy", "--strip-debug", self.build / self.objects[path], bare).returncode != 0:
            sys.exit(f"mutate: objcopy cannot read {self.objects[path]}")
        return bare.read_bytes()

    def begin(self, chosen):
        """Builds and tests without a fault. What the compiler made of it fills ccache; of a fault, nothing is kept there."""
        for test in sorted({test_of(fault.path, fault.tests) for fault in chosen}):
            target = test[0]
            self.takes[target] = 600
            if not self.make(target):
                sys.exit(f"mutate: {target} does not build without a fault")
            start = time.monotonic()
            if (by := self.killer(test)) is not None:
                sys.exit(f"mutate: {target} does not pass without a fault: {by}")
            self.takes[target] = time.monotonic() - start
        self.faultless = {path: self.object_bytes(path) for path in {fault.path for fault in chosen} if path in self.objects}

    def killer(self, test):
        """Which test fails, or how the program ends; None where all pass."""
        target, folder = test

        def limited():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        # What is drawn at random by a test is the same for every fault.
        try:
            done = subprocess.run([str(self.build / folder / target), "--gtest_brief=1", "--gtest_fail_fast"], cwd=self.build / folder, text=True,
                                  errors="replace", capture_output=True, check=False, timeout=30 + 6 * self.takes[target], preexec_fn=limited,
                                  env={**os.environ, "RC_PARAMS": "seed=1"})
        except subprocess.TimeoutExpired:
            return "hangs"
        if done.returncode == 0:
            return None
        failed = re.search(r"\[  FAILED  \] (\w[\w./]*)", done.stdout)
        return failed.group(1) if failed else f"ends with {done.returncode}"

    def judge(self, fault):
        """killed, lives, "changes nothing" or "does not build", and what killed it."""
        path, offset, old, new, tests = fault
        file, test = self.root / path, test_of(path, tests)
        text = (ROOT / path).read_text(encoding="utf-8")
        file.write_text(text[:offset] + new + text[offset + len(old) :], encoding="utf-8")
        try:
            if path in self.objects:  # a header has none, and may fail to compile wherever it is included
                if not self.make(self.objects[path], CCACHE_READONLY="1"):
                    return "does not build", None
                if self.object_bytes(path) == self.faultless[path]:
                    return "changes nothing", None
            if not self.make(test[0], CCACHE_READONLY="1"):
                return "does not build", None
            by = self.killer(test)
            return ("lives", None) if by is None else ("killed", by)
        finally:
            file.write_text(text, encoding="utf-8")


def shown(fault):
    """Where a fault is, the line as it is and the line with the fault."""
    path, offset, old, new, _ = fault
    text = (ROOT / path).read_text(encoding="utf-8")
    begin, end = text.rfind("\n", 0, offset) + 1, text.index("\n", offset)
    number = text[:offset].count("\n") + 1
    return f"{path}:{number}", text[begin:end].strip(), (text[begin:offset] + new + text[offset + len(old) : end]).strip()


def rows(file):
    """Rows of "path | source line | faulty line | ..."; by the line's text, so that they survive a change above it."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if line and not line.startswith("#")]


def name_of(fault):
    return [fault.path, *shown(fault)[1:]]


def planted(file):
    """Faults of one's own, as of drawn()."""
    faults = []
    for path, line, faulty, *tests in rows(file):
        text = (ROOT / path).read_text(encoding="utf-8")
        if text.count(line) != 1:
            sys.exit(f"mutate: {path} has this line {text.count(line)} times, not once: {line}")
        faults.append(Fault(path, text.index(line), line, faulty, *tests))
    return faults


def read_log(file, retry):
    """What an earlier run with this log found, by the faults' names; the last word counts."""
    known = {}
    if file and file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            known[tuple(row["fault"])] = row["outcome"]
    return {name: outcome for name, outcome in known.items() if not retry or outcome not in ("lives", "explained")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", default=["plumb/flow", "plumb/diagnose"])
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many; 0 for all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of the build (default: one a CPU)")
    parser.add_argument("--log", type=pathlib.Path, help="append a line of JSON for each fault, and do not try again what is there")
    parser.add_argument("--retry", action="store_true", help="try again what lived, by the log")
    parser.add_argument("--plant", type=pathlib.Path, metavar="FILE", help="plant these faults, and draw none")
    parser.add_argument("--list", action="store_true", help="print the faults that are drawn, and plant none")
    args = parser.parse_args()
    chosen = planted(args.plant) if args.plant else drawn(sources(args.sources), args.count, args.seed)
    if args.list:
        for fault in chosen:
            print("{}\n  - {}\n  + {}".format(*shown(fault)))
        return 0
    known, explained, outcomes = read_log(args.log, args.retry), [row[:3] for row in rows(EXPLAINED)], []
    untried = [fault for fault in chosen if tuple(name_of(fault)) not in known]
    end = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
    tree = Tree(args.jobs)
    tree.begin(untried)
    for fault in untried:
        if time.monotonic() > end:
            break
        outcome, by = tree.judge(fault)
        known[tuple(name_of(fault))] = outcome
        place, line, faulty = shown(fault)
        print(f"{outcome:15}  {place}: {faulty}" + (f"  [{by}]" if by else ""), flush=True)
        if args.log:
            with args.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"fault": name_of(fault), "place": place, "outcome": outcome, "by": by}) + "\n")
    for fault in chosen:
        name = name_of(fault)
        outcome = known.get(tuple(name), "not tried")
        outcomes.append("explained" if outcome == "lives" and name in explained else outcome)
    for fault, outcome in zip(chosen, outcomes):
        if outcome == "lives":
            print("lives: {}\n  - {}\n  + {}".format(*shown(fault)))
    judged = outcomes.count("killed") + outcomes.count("lives")
    rate = outcomes.count("killed") / judged if judged else 1.0
    print(f"mutate: of {judged} faults {outcomes.count('killed')} were killed, {100 * rate:.0f} %; beside them"
          f" {outcomes.count('does not build')} do not build, {outcomes.count('changes nothing')} make the same object,"
          f" {outcomes.count('explained')} are explained, {outcomes.count('not tried')} were not tried")
    return 0 if rate >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
