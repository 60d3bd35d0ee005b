# SPDX-License-Identifier: Apache-2.0
"""Data-parallel trainings on gloo: the files of the ranks, merged, are what one process would have recorded."""

import os
import subprocess
import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

PROGRAM = os.environ.get("PLUMB_PROGRAM", "")
IS_2 = int(torch.__version__.split(".")[0]) >= 2
STEPS, BATCH = 3, 24


class Net(nn.Module):
    """A residual whose input is read twice, and an activation with units that are dead everywhere."""

    def __init__(self):
        super().__init__()
        self.first, self.branch, self.act, self.last = nn.Linear(16, 32), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5)
        with torch.no_grad():
            self.branch.bias[:4] = -100.0

    def forward(self, x):
        x = torch.tanh(self.first(x))
        return self.last(x + self.act(self.branch(x)))


def make(dtype):
    torch.manual_seed(0)
    model = Net().to(dtype)
    torch.manual_seed(3)
    return model, [models.rows(BATCH) for _ in range(STEPS)]


def train(model, batches, part, path):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    with plumb.watch(model, optimizer, run=path, record="every=1"):
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x[part].to(next(model.parameters()).dtype)), y[part]).backward()
            optimizer.step()


def rank_main(rank, world, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    for dtype in (torch.float64, torch.float32):
        model, batches = make(dtype)
        each = BATCH // world
        wrapped = nn.parallel.DistributedDataParallel(model)
        train(wrapped, batches, slice(rank * each, (rank + 1) * each), f"{folder}/{dtype}.plumb.{rank}")
    torch.distributed.destroy_process_group()


@unittest.skipUnless(torch.distributed.is_available(), "no torch.distributed")
class Ranks(unittest.TestCase):
    def test_three_ranks_merged_equal_one_process(self):
        self.check(3)

    @unittest.skipUnless(IS_2, "run with PyTorch 2 alone: three ranks are the same code")
    def test_four_ranks_merged_equal_one_process(self):
        self.check(4)

    def check(self, world):
        folder = tempfile.mkdtemp()
        torch.multiprocessing.spawn(rank_main, (world, folder), nprocs=world)
        for dtype, tolerance, steps in ((torch.float64, 1e-12, STEPS), (torch.float32, 1e-7, 1)):
            model, batches = make(dtype)
            train(model, batches, slice(None), f"{folder}/{dtype}.one.plumb")
            parts = [f"{folder}/{dtype}.plumb.{rank}" for rank in range(world)]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                merged = plumb.merge(parts, f"{folder}/{dtype}.plumb")
            self.same(merged, plumb.load(f"{folder}/{dtype}.one.plumb"), tolerance, steps)
        self.by_the_program(parts, f"{folder}/again.plumb", merged)
        with self.assertRaisesRegex(ValueError, "is one of the ranks"):
            plumb.merge(parts, parts[0])

    def same(self, merged, one, tolerance, steps):
        self.assertEqual([x["path"] for x in merged.layers], [x["path"] for x in one.layers])
        self.assertEqual(len(merged.sketches["step"]), len(one.sketches["step"]))
        for row in range(len(one.sketches["step"])):
            step = one.sketches["step"][row]
            if step >= steps:
                continue
            name, role = one.name_of(row), plumb.ROLES[int(one.sketches["role"][row])]
            (found,) = merged.find(name, role, step)
            for count in ("count", "zeros", "nonfinite"):
                self.assertEqual(found[count], one.sketches[count][row], (name, role, count))
            ratio = 2.0 ** (found["log2_rms"] - one.sketches["log2_rms"][row])
            self.assertAlmostEqual(ratio, 1, delta=tolerance if role != "update" else 10 * tolerance, msg=(name, role))
        for table in ("activations", "joins"):
            a, b = getattr(merged, table), getattr(one, table)
            self.assertGreater(len(b["step"]), 0)
            for column in b:
                for i, (x, y) in enumerate(zip(a[column], b[column])):
                    if b["step"][i] < steps:
                        self.assertAlmostEqual(x, y, delta=max(tolerance, 1e-6), msg=(table, column))
        for step in range(steps):
            self.assertAlmostEqual(merged.steps["loss"][step], one.steps["loss"][step], delta=1e-6)
        self.assertEqual([f.rule for f in merged.findings], [f.rule for f in one.findings])

    def by_the_program(self, parts, path, merged):
        if not PROGRAM:
            return
        result = subprocess.run([PROGRAM, "merge", *parts, "-o", path], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(f"{len(parts)} ranks, {STEPS} steps, {STEPS} of them measured", result.stdout)
        self.assertEqual(list(plumb.load(path).sketches["log2_rms"]), list(merged.sketches["log2_rms"]))


if __name__ == "__main__":
    unittest.main()
