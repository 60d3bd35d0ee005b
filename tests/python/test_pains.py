# SPDX-License-Identifier: Apache-2.0
"""What people complain of in threads about logging gradients, each answered by a test of its name.

pain                                                             test (of this file, unless another is named)
values in the log are those of a scaled loss (AMP)               test_torch2.Mixed.test_a_scaler_and_autocast
                                                                 test_traps.Traps.test_a_step_that_a_scaler_skips
norms are wrong, or hooks see nothing, under FSDP                test_fsdp.Sharded.test_merged_ranks_are_one_process
norms are wrong by the number of accumulated passes              Pains.test_accumulated_passes_have_the_norms_of_one_large_batch
NaN is dropped from histograms, or one breaks them               Pains.test_a_nan_is_counted_and_the_histogram_keeps_the_rest
torch.compile drops hooks, or hooks break it                     test_torch2.Compiled.test_bit_identical_with_all_sites
                                                                 test_torch2.Compiled.test_attached_after_compiling_and_only_some_steps
logging makes training several times slower                      Pains.test_measuring_waits_for_no_tensor
                                                                 Pains.test_a_step_that_is_not_measured_computes_nothing_more
a layer that detach() cut off trains on unnoticed                test_traps.Traps.test_shared_frozen_unused_and_severed_parameters_are_named
                                                                 Pains.test_a_severed_layer_is_told_from_a_frozen_one_by_the_run
gradients below the range of float16                             test_half.Underflow.test_is_named_as_such
"""

import collections
import importlib
import os
import re
import tempfile
import unittest

import models
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

import plumb


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def mlp(depth=2):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(16, 16), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(16, 5))


class Calls(TorchDispatchMode):
    """Counts the operations of torch that are computed while it is on."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        self.counts[str(operation).rpartition(".")[0] or str(operation)] += 1
        return operation(*arguments, **(options or {}))


#: What fetches a number from a tensor, which on a device waits for everything before it.
WAITING = ("aten._local_scalar_dense", "aten.item", "aten.is_nonzero", "aten.equal", "aten._to_copy", "aten.nonzero")
#: What makes another tensor of the same memory, and reads none of it.
ALIASES = ("aten.detach", "aten.alias")
STEPS = 8


class Pains(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def test_every_pain_has_its_test(self):
        named = re.findall(r"(?:(test_\w+)\.)?([A-Z]\w+)\.(test_\w+)", __doc__)
        self.assertGreater(len(named), 8)
        for module, case, test in named:
            self.assertTrue(hasattr(getattr(importlib.import_module(module or __name__), case), test), (module, case, test))

    def test_accumulated_passes_have_the_norms_of_one_large_batch(self):
        batches = [models.rows(6) for _ in range(4)]
        whole = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
        found = []
        for parts in ([whole], batches):
            torch.manual_seed(1)
            model = mlp()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
                for x, y in parts:
                    (F.cross_entropy(model(x), y) / len(parts)).backward()
                norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm().item()
                optimizer.step()
            run = w.run()
            self.assertEqual(len(run.steps["step"]), 1)
            self.assertAlmostEqual(run.steps["grad_norm"][0] / norm, 1, places=5)
            found.append(run)
        one, several = found
        self.assertAlmostEqual(one.steps["loss"][0], several.steps["loss"][0], places=5)
        for path, role in (("0", "z"), ("1", "a"), ("0", "grad_z"), ("4", "grad_z"), ("0.weight", "grad_weight"), ("4.bias", "update")):
            (a,), (b,) = one.find(path, role), several.find(path, role)
            self.assertEqual(a["count"], b["count"], (path, role))
            self.assertAlmostEqual(2 ** (a["log2_rms"] - b["log2_rms"]), 1, places=5, msg=(path, role))

    def test_a_nan_is_counted_and_the_histogram_keeps_the_rest(self):
        class Broken(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(16, 8), nn.Linear(8, 5)

            def forward(self, x):
                return self.b(self.a(x))

        model, (x, y) = Broken(), models.rows()
        with torch.no_grad():
            model.a.bias[2] = float("nan")
            model.a.bias[3] = float("inf")
        z = model.a(x).detach()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w, self.assertWarns(RuntimeWarning):
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        run = w.run()
        (row,) = run.find("a", "z")
        self.assertEqual((row["count"], row["nonfinite"]), (z.numel(), 2 * len(x)))
        finite = z[z.isfinite()].double()
        self.assertAlmostEqual(2 ** row["log2_rms"] / finite.pow(2).mean().sqrt().item(), 1, places=5)
        names = {layer["path"]: i for i, layer in enumerate(run.layers)}
        at = [i for i in range(len(run.histograms))
              if run.sketches["id"][i] == names["a"] and plumb._run.ROLES[int(run.sketches["role"][i])] == "z"]
        self.assertEqual(sum(run.histograms[at[0]]), finite.numel())
        self.assertEqual([f.rule for f in w.findings][0], "non_finite")

    def counts(self, depth, watched, record="every=1"):
        """Of the operations of the last step, when it is known that the model draws no random numbers."""
        torch.manual_seed(0)
        model, (x, y) = mlp(depth), models.rows()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, foreach=False)
        w = plumb.watch(model, optimizer, run=file(), record=record) if watched else None
        for _ in range(STEPS):
            calls = Calls()
            optimizer.zero_grad()
            with calls:
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        if w is not None:
            w.close()
            self.assertEqual(len(w.run().find("0", "grad_z")), STEPS if record == "every=1" else 0)
        return calls.counts

    def test_measuring_waits_for_no_tensor(self):
        for depth in (2, 20):
            plain, ours = self.counts(depth, False), self.counts(depth, True)
            more = {name: ours[name] - plain[name] for name in ours if name in WAITING and ours[name] > plain[name]}
            self.assertLessEqual(sum(more.values()), 1, more)  # of the loss alone, whatever the depth
            others = {n: ours[n] - plain[n] for n in ours if ours[n] > plain[n] and n not in (*WAITING, *ALIASES)}
            self.assertEqual(others, {})

    def test_a_step_that_is_not_measured_computes_nothing_more(self):
        plain, ours = self.counts(20, False), self.counts(20, True, "off")
        more = {name: ours[name] - plain[name] for name in ours if ours[name] > plain[name]}
        self.assertLessEqual(sum(n for name, n in more.items() if name not in ALIASES), 1, more)

    def test_a_severed_layer_is_told_from_a_frozen_one_by_the_run(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.cut, self.frozen, self.head = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 5)
                self.frozen.requires_grad_(False)

            def forward(self, x):
                return self.head(self.frozen(torch.tanh(self.cut(x).detach())))

        model, (x, y) = Net(), models.rows()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        notes = "\n".join(w.notes())
        self.assertIn("frozen.weight is frozen", notes)
        self.assertRegex(notes, r"cut\.weight (got no gradient|is used by no layer)")
        run = w.run()
        self.assertEqual(len(run.find("head.weight", "grad_weight")), 2)
        self.assertEqual(run.find("cut.weight", "grad_weight"), [])


if __name__ == "__main__":
    unittest.main()
