#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the split of the gradient ledger against its definitions, with numpy alone.

For each of N networks `plumb probe --precision double --save-tensors --json --books` gives every tensor of one pass and
the ledger. From the tensors and docs/math, docs/ledger.md and docs/time.md alone (the files numpy_*.py beside this
one) it is worked out

  - that the output of every layer follows from its input, and the gradient below it from the one above it;
  - every line of the ledger and of the ledger through time, with the books of branches, shortcuts and gates: sizes,
    attenuation and each cause, which must agree to 1e-9 in log2, and of each way of a block its size and share.

A line that is missing, a cause that is left out, and one booked under another name differ. So that none goes unseen,
each cause must be other than zero somewhere, each place inside a block must have books, and each kind of layer that
is known here must occur.

usage: check_ledger.py PLUMB [--networks N] [--seed S] [--only INDEX]
Exit code 0 when all agree, 1 when not, 77 when numpy is not installed (ctest: skipped).
"""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("check_ledger: numpy is not installed; skipped")
    sys.exit(77)

from numpy_activations import ACTIVATIONS
from numpy_ledger import CAUSES, NOTHING, TIME_CAUSES, Books
from numpy_networks import cases

TOLERANCE_LOG2 = 1e-9
# What counts as seen: a part that a mistake in it would change far beyond the tolerance.
SEEN_LOG2 = 1e-3
KINDS = {"dense", "conv", "res", "highway", "dropout", "flatten", "last", "pad", "bn", "ln", "rmsnorm", "gn",
         "maxpool", "avgpool", "gap", "rnn", "lstm", "gru", "softmax", *(word.split()[0] for word in ACTIVATIONS)}
INSIDE = ("branch", "shortcut", "gate")


def differs(given, expected):
    """Whether a number of the JSON, null where it is not finite, is not the expected one."""
    if given is None or not math.isfinite(expected):
        return given is not None or math.isfinite(expected)
    return not abs(given - expected) <= TOLERANCE_LOG2


class Judge:
    """Compares plumb's ledger with the one that was worked out, and notes what occurred."""

    def __init__(self):
        self.problems, self.seen, self.numbers = [], set(), 0

    def number(self, place, given, expected):
        self.numbers += 1
        if differs(given, expected):
            self.problems.append(f"{place}: plumb has {given}, by its definition {expected}")

    def equal(self, place, given, expected):
        if given != expected:
            self.problems.append(f"{place}: plumb has {given!r}, by its definition {expected!r}")

    def parts(self, place, given, expected, causes, prefix=""):
        for cause in sorted(set(given) - set(causes)):
            self.problems.append(f"{place}: unknown cause {cause}")
        for cause in causes:
            self.number(f"{place}, {cause}", given.get(cause, 0.0), expected.get(cause, 0.0))
            if abs(expected.get(cause, 0.0)) > SEEN_LOG2:
                self.seen.add(prefix + cause)

    def entries(self, place, given, expected):
        self.equal(f"{place}: the lines", [entry["path"] for entry in given], [entry["path"] for entry in expected])
        for one, own in zip(given, expected):
            line = f"{place} {own['path']} ({own['kind']})"
            self.equal(f"{line}, kind", one["kind"], own["kind"])
            for name in ("log2_grad_out", "log2_grad_in", "attenuation"):
                self.number(f"{line}, {name}", one[name], own[name])
            self.parts(line, one["parts"], own["parts"], CAUSES)
            self.number(f"{line}, sum of the parts", sum(one["parts"].values()), own["attenuation"])
            for inside in INSIDE:
                if own[inside]:
                    self.seen.add(f"books of a {inside}")
                given_ways = [way["entries"] for way in one["ways"] if way["way"] == inside]
                self.entries(f"{inside} of", given_ways[0] if given_ways else [], own[inside])
            self.equal(f"{line}, its ways", sorted(way["way"] for way in one["ways"]), sorted(own["ways"]))
            for way in one["ways"]:
                for name in ("log2_rms", "share"):
                    self.number(f"{line}, {name} of the {way['way']}", way[name],
                                own["ways"].get(way["way"], {}).get(name, math.nan))

    def ledger(self, given, expected):
        for name in ("log2_loss_gradient", "total"):
            self.number(name, given[name], expected[name])
        for name in ("ends_at", "ends_in_zero"):
            self.equal(name, given[name], expected[name])
        if expected["ends_at"]:
            self.seen.add("books that end")
        self.entries("line", given["entries"], expected["entries"])
        key = ("path", "reverse")
        times = [{tuple(one[k] for k in key): one for one in ledger["time"]} for ledger in (given, expected)]
        self.equal("the layers with books through time", sorted(times[0]), sorted(times[1]))
        for layer in times[0].keys() & times[1].keys():
            self.time_ledger(f"time {layer[0]}{' reverse' if layer[1] else ''}", times[0][layer], times[1][layer])

    def time_ledger(self, place, given, expected):
        for name in ("log2_last", "total", "kept"):
            self.number(f"{place}, {name}", given[name], expected[name])
        for name in ("last", "ends_at", "ends_in_zero"):
            self.equal(f"{place}, {name}", given[name], expected[name])
        self.equal(f"{place}: the steps", [step["t"] for step in given["steps"]], [s["t"] for s in expected["steps"]])
        for one, own in zip(given["steps"], expected["steps"]):
            for name in ("log2_grad_out", "log2_grad_in", "log2_kept"):
                self.number(f"{place} step {own['t']}, {name}", one[name], own[name])
            self.parts(f"{place} step {own['t']}", one["parts"], own["parts"], TIME_CAUSES, "time: ")


def probe(plumb, case, rng, seed, directory):
    """The tensors and the ledger of one pass of plumb."""
    files = {name: directory / f"{name}.npz" for name in ("data", "weights", "tensors")}
    x, y = case.data(rng)
    np.savez(files["data"], x=x, y=y)
    np.savez(files["weights"], **case.parameters(rng))
    command = [plumb, "probe", case.text, "--data", f"npz:{files['data']}", "--weights", files["weights"],
               "--validation", "0", "--shuffle", "false", "--batch", str(case.batch), "--loss", case.loss,
               "--seed", str(seed), "--precision", "double", "--save-tensors", files["tensors"], "--json", "--books"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"plumb failed: {result.stderr.strip()}")
    with np.load(files["tensors"]) as arrays:
        tensors = dict(arrays)
    if not np.array_equal(tensors["x"], x.astype(float)):
        raise RuntimeError("the input is not the one that was given")
    return tensors, json.loads(result.stdout)["ledger"]


def kinds_of(plumb):
    """The kinds of layers that `plumb layers` lists."""
    manual = subprocess.run([plumb, "layers"], capture_output=True, text=True, check=True).stdout
    layers = manual.partition("\nLayers\n")[2].partition("\nPresets")[0]
    return set(re.findall(r"^  ([a-z]\w*)", layers, re.MULTILINE))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plumb")
    parser.add_argument("--networks", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this network alone, with all that differs")
    options = parser.parse_args()
    judge, failures, tensors_compared, kinds = Judge(), 0, 0, set()
    with tempfile.TemporaryDirectory() as name:
        for index, (case, rng) in enumerate(cases(options.networks, options.seed)):
            if options.only not in (None, index):
                continue
            judge.problems = []
            kinds |= {layer.kind for _, layer, _ in case.places}
            try:
                tensors, ledger = probe(options.plumb, case, rng, options.seed + index, Path(name))
                books = Books(case, tensors)
                expected = books.ledger()
                judge.ledger(ledger, expected)
                problems = books.problems + judge.problems
                tensors_compared += books.compared
            except RuntimeError as error:
                problems = [str(error)]
            if problems:
                failures += 1
                print(f"{index}: {case.text}")
                for problem in problems[:5 if options.only is None else None]:
                    print(f"    {problem}")
    if options.only is None:
        wanted = {*CAUSES, *(f"time: {cause}" for cause in TIME_CAUSES), "books that end",
                  *(f"books of a {inside}" for inside in INSIDE)}
        untested = sorted(wanted - judge.seen) + sorted(KINDS - kinds)
        for what in untested:
            print(f"{what}: never tested")
        failures += len(untested)
        for kind in sorted(kinds_of(options.plumb) - KINDS):
            print(f"{kind}: not known here")
    print(f"check_ledger: {options.networks} networks, {tensors_compared} tensors and {judge.numbers} numbers of "
          f"their ledgers against their definitions, {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
