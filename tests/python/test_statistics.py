# SPDX-License-Identifier: Apache-2.0
"""What is recorded of a tensor equals a plain computation in double, for every type and layout."""

import math
import os
import tempfile
import unittest

import torch
import torch.nn as nn

import plumb
from plumb import _core


def record(tensor, layout=_core.Layout.rows):
    """One tensor as the output of one layer, through a run file and back."""
    path = os.path.join(tempfile.mkdtemp(), "run.plumb")
    watcher = _core.Watcher(path, "every=1")
    layer = watcher.add_layer("x", "input", "input")
    watcher.begin_step(0)
    assert watcher.output(layer, tensor, layout)
    watcher.end_step()
    watcher.end("finished")
    run = plumb.load(path)
    row = {name: column[0] for name, column in run.sketches.items()}
    return row, [int(n) for n in run.histograms[0]]


def expected(tensor):
    values = tensor.double().reshape(-1)
    finite = values[values.isfinite()]
    nonzero = finite[finite != 0]
    bins = [0] * 255
    for v in nonzero.tolist():
        exponent = math.frexp(abs(v))[1] - 1
        bins[min(max(exponent + 127, 0), 254)] += 1
    return {
        "count": values.numel(),
        "zeros": int((finite == 0).sum()),
        "nonfinite": values.numel() - finite.numel(),
        "mean": finite.mean().item(),
        "deviation": finite.std(unbiased=False).item(),
        "abs_max": finite.abs().max().item(),
        "log2_rms": 0.5 * finite.pow(2).mean().log2().item(),
    }, bins


def some(shape, dtype):
    values = torch.randn(shape, dtype=torch.float64)
    values[torch.rand(shape) < 0.1] = 0
    return values.to(dtype)


LAYOUTS = {
    "contiguous": lambda d: some((6, 40, 5), d),
    "transposed": lambda d: some((40, 6, 5), d).transpose(0, 1),
    "channels_last": lambda d: some((3, 4, 8, 6), d).contiguous(memory_format=torch.channels_last),
    "every_second": lambda d: some((12, 80), d)[::2, ::2],
    "row_slice": lambda d: some((20, 64), d)[:, 7:40],
    "expanded": lambda d: some((6, 1, 5), d).expand(6, 9, 5),
    "heads": lambda d: some((2, 7, 4, 8), d).permute(0, 2, 1, 3),
    "large": lambda d: some((300, 1000), d),
    "one": lambda d: torch.ones(1, dtype=d),
}


class Statistics(unittest.TestCase):
    def check(self, tensor, relative):
        row, bins = record(tensor)
        wanted, wanted_bins = expected(tensor)
        for name in ("count", "zeros", "nonfinite"):
            self.assertEqual(row[name], wanted[name], name)
        self.assertEqual(bins, wanted_bins)
        self.assertEqual(row["abs_max"], wanted["abs_max"])
        self.assertAlmostEqual(row["log2_rms"], wanted["log2_rms"], delta=relative)
        size = 2 ** wanted["log2_rms"]
        self.assertAlmostEqual(row["mean"], wanted["mean"], delta=relative * size)
        self.assertAlmostEqual(row["deviation"], wanted["deviation"], delta=relative * size)

    def test_not_finite(self):
        t = torch.randn(50)
        t[3], t[7], t[9] = float("nan"), float("inf"), -float("inf")
        self.check(t, 1e-6)


for kind, make in LAYOUTS.items():
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):

        def test(self, make=make, dtype=dtype):
            torch.manual_seed(1)
            self.check(make(dtype), 1e-10 if dtype == torch.float64 else 4e-6)

        setattr(Statistics, f"test_{kind}_{str(dtype).split('.')[1]}", test)


def computes(dtype):
    """Whether torch has a linear layer of this type for this processor: 1.13 has bfloat16 only with AVX-512."""
    try:
        nn.Linear(30, 70).to(dtype)(torch.zeros(8, 30, dtype=dtype))
    except RuntimeError:
        return False
    return True


class Parameters(unittest.TestCase):
    def check_parameters(self, dtype, optimiser, places):
        torch.manual_seed(2)
        model = nn.Sequential(nn.Linear(30, 70), nn.Tanh(), nn.Linear(70, 3)).to(dtype)
        x = torch.randn(8, 30, dtype=dtype)
        path = os.path.join(tempfile.mkdtemp(), "run.plumb")
        optimizer = optimiser(model.parameters())
        true = []
        with plumb.watch(model, optimizer, run=path, record="every=1"):
            for _ in range(3):
                optimizer.zero_grad()
                model(x).pow(2).mean().backward()
                before = {n: (p.detach().clone(), p.grad.clone()) for n, p in model.named_parameters()}
                optimizer.step()
                true.append({n: (w, g, p.detach().double() - w.double()) for (n, (w, g)), p in zip(before.items(), model.parameters())})
        run = plumb.load(path)
        for step, tensors in enumerate(true):
            for name, three in tensors.items():
                for role, tensor in zip(("weight", "grad_weight", "update"), three):
                    found = run.find(name, role, step)
                    self.assertEqual(len(found), 1)
                    rms = tensor.double().pow(2).mean().sqrt().item()
                    self.assertAlmostEqual(2 ** found[0]["log2_rms"] / rms, 1, places=places)

    def test_sgd_with_momentum_and_decay(self):
        for dtype, places in ((torch.float32, 5), (torch.float64, 9), (torch.bfloat16, 5)):
            if dtype is torch.bfloat16 and not computes(dtype):
                continue
            self.check_parameters(dtype, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1), places)

    def test_updates_of_sgd_are_those_that_were_added(self):
        """From the second measured step on they are taken from the momentum, not from a copy."""
        for options in ({"momentum": 0.9}, {}, {"momentum": 0.9, "weight_decay": 0.1, "dampening": 0.3}):
            torch.manual_seed(2)
            model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 5))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05, **options)
            scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
            true = []
            with plumb.watch(model, optimizer, run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record="every=1") as w:
                for _ in range(4):
                    x, y = torch.randn(8, 16), torch.randint(0, 5, (8,))
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    before = [p.detach().double() for p in model.parameters()]
                    optimizer.step()
                    scheduler.step()
                    true.append([p.detach().double() - b for p, b in zip(model.parameters(), before)])
            run = w.run()
            for step, updates in enumerate(true):
                for (name, _), update in zip(model.named_parameters(), updates):
                    (found,) = run.find(name, "update", step)
                    self.assertEqual(found["count"], update.numel())
                    self.assertAlmostEqual(2 ** found["log2_rms"] / update.pow(2).mean().sqrt().item(), 1, places=4)
                    mean = found["mean"] * 2 ** found["log2_scale"]
                    self.assertAlmostEqual(mean, update.mean().item(), delta=1e-4 * update.abs().max().item(), msg=name)

    def test_an_update_that_is_rounded_away_is_not_replayed(self):
        model = nn.Linear(16, 8, bias=False)
        nn.init.constant_(model.weight, 1024.0)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-7)
        with plumb.watch(model, optimizer, run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record="every=1") as w:
            for _ in range(4):
                optimizer.zero_grad()
                model(torch.randn(4, 16)).sum().backward()
                optimizer.step()
        for found in w.run().find("weight", "update"):
            self.assertEqual(found["zeros"], found["count"])

    def test_adamw(self):
        self.check_parameters(torch.float32, lambda p: torch.optim.AdamW(p, lr=0.01), 4)


if __name__ == "__main__":
    unittest.main()
