#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same models with the same numbers, trained by libtorch under plumb/attach/libtorch.h and by PyTorch under
plumb.watch, in double: the same layers, sites, values, books and findings.

usage: same_as_python.py WATCHED_MODELS PLUMB   (PYTHONPATH has the package plumb)
"""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

MODELS, PROGRAM = "", ""


def numbers(sizes, seed):
    place = torch.arange(math.prod(sizes))
    return ((place * 7919 + 104729 * seed).remainder(1009).double() / 1009 - 0.5).reshape(sizes)


def fill(model):
    with torch.no_grad():
        for seed, (name, param) in enumerate(model.named_parameters(), 1):
            values = numbers(tuple(param.shape), seed)
            if param.dim() < 2:
                param.copy_(values * 0.5 + (1.0 if "bn" in name else 0.0))
            else:
                param.copy_(values * math.sqrt(24.0 / (param.numel() / param.shape[0])))


def mlp():
    return nn.Sequential(
        nn.Linear(12, 16), nn.ReLU(inplace=True), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 5)
    )


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + x)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.block1, self.block2 = Block(8), Block(8)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.block2(self.block1(torch.relu(self.stem(x)))).mean((2, 3)))


CASES = {"mlp": (mlp, (32, 12)), "cnn": (Cnn, (16, 3, 8, 8))}


class SameAsPython(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def train(self, name):
        make, sizes = CASES[name]
        model = make().double()
        fill(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        x, y = numbers(sizes, 99) * 2, torch.arange(sizes[0]).remainder(5)
        with plumb.watch(model, optimizer, run=self.folder / "python.plumb", record="every=1"):
            for _ in range(6):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()

    def plumb(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def exported(self, run):
        return json.loads(self.plumb("export", run, "--json"))

    def test_the_record_is_the_same(self):
        torch.set_num_threads(1)
        for name in CASES:
            with self.subTest(name):
                subprocess.run([MODELS, name, str(self.folder / "cpp.plumb")], check=True)
                self.train(name)
                ours, theirs = self.exported("cpp.plumb"), self.exported("python.plumb")
                self.compare_graphs(ours, theirs)
                self.compare_steps(ours, theirs)
                causes = [json.loads(self.plumb("diagnose", run, "--json")) for run in ("cpp.plumb", "python.plumb")]
                self.assertEqual(*([f["rule"] for f in told["findings"]] for told in causes))

    def compare_graphs(self, ours, theirs):
        def layers(run):
            paths = [layer["path"] for layer in run["info"]["layers"]]
            keys = ("family", "units", "fan_in", "fan_out", "depth", "function")
            return {
                layer["path"]: [*(layer.get(k) for k in keys), [(paths[e["from"]], e["way"], e["main"]) for e in layer["inputs"]]]
                for layer in run["info"]["layers"]
            }

        def params(run):
            paths = [layer["path"] for layer in run["info"]["layers"]]
            return {p["path"]: (p["use"], p["count"], p["frozen"], [paths[u] for u in p["users"]]) for p in run["info"]["params"]}

        mine, other = layers(ours), layers(theirs)
        for path, known in other.items():  # of a mean that is no module Python does not know the units
            mine.get(path, [0, 0])[1] *= known[1] != 0
        self.assertEqual(mine, other)
        self.assertEqual(params(ours), params(theirs))
        for key in ("loss", "optimiser", "optimiser_info", "precision"):
            self.assertEqual(ours["info"][key], theirs["info"][key], key)

    def compare_steps(self, ours, theirs):
        self.assertEqual(len(ours["steps"]), len(theirs["steps"]))
        for a, b in zip(ours["steps"], theirs["steps"]):
            self.assertAlmostEqual(a["loss"], b["loss"], places=12)
            self.assertEqual(a["learning_rate"], b["learning_rate"])
            mine = {s["site"]: s for s in a["sketches"]}
            other = {s["site"]: s for s in b["sketches"]}
            # What Python sees; the values of sums that no module reads are seen here beside.
            self.assertLessEqual(set(other), set(mine))
            self.assertGreater(len(other), 30)
            for site, sketch in other.items():
                if sketch["role"] != "update":  # Python may sketch what -lr is multiplied with, and scale that
                    self.assertEqual(mine[site]["histogram"], sketch["histogram"], site)
                self.assertAlmostEqual(mine[site]["true_log2_rms"], sketch["true_log2_rms"], delta=1e-6, msg=site)
            for kind, numbers_of in (("activations", self.activation), ("joins", self.join)):
                self.assertEqual([x["path"] for x in a[kind]], [x["path"] for x in b[kind]])
                for x, y in zip(a[kind], b[kind]):
                    for one, two in zip(numbers_of(x), numbers_of(y), strict=True):
                        self.assertAlmostEqual(one, two, delta=1e-6, msg=x["path"])
            self.assertEqual(a["symmetries"], b["symmetries"])

    @staticmethod
    def activation(record):
        return [record[k] for k in ("log2_rms_derivative", "saturated_fraction", "active_fraction", "units", "dead_units")]

    @staticmethod
    def join(record):
        return [way[k] for way in record["ways"] for k in ("reader", "input", "log2_rms", "share")]

    def test_every_command_reads_the_run(self):
        subprocess.run([MODELS, "mlp", str(self.folder / "cpp.plumb")], check=True)
        for command in (
            ("diagnose", "cpp.plumb"),
            ("diagnose", "cpp.plumb", "--json"),
            ("report", "cpp.plumb", "-o", "page.html"),
            ("export", "cpp.plumb", "--format", "csv"),
            ("compare", "cpp.plumb", "cpp.plumb"),
            ("runs", "."),
        ):
            self.assertTrue(self.plumb(*command) or command[0] == "report", command)


if __name__ == "__main__":
    PROGRAM, MODELS = sys.argv.pop(2), sys.argv.pop(1)
    unittest.main()
