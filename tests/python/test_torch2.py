# SPDX-License-Identifier: Apache-2.0
"""What PyTorch 2 has beside: compiled models, scalers and autocast on the CPU, calls by keyword."""

import os
import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

IS_2 = int(torch.__version__.split(".")[0]) >= 2


#: Traces and differentiates as torch.compile does, and leaves the C++ compiler out, which takes minutes.
QUICK = "aot_eager"


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def mlp():
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(inplace=True), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 5))


def train(model, called, watched, steps=4, record="every=1", again=lambda: None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    w = plumb.watch(called, optimizer, run=file(), record=record) if watched else None
    torch.manual_seed(5)
    losses = []
    for _ in range(steps):
        x, y = models.rows(12)
        optimizer.zero_grad()
        loss = F.cross_entropy(called(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        again()
    if w is not None:
        w.close()
    return losses, w


@unittest.skipUnless(IS_2, "PyTorch 2 has torch.compile")
class Compiled(unittest.TestCase):
    def setUp(self):
        torch._dynamo.reset()

    def pair(self, make):
        torch.manual_seed(0)
        plain, ours = make(), make()
        ours.load_state_dict(plain.state_dict())
        return plain, ours

    def test_bit_identical_with_all_sites(self):
        self.check("inductor")

    def test_bit_identical_without_inductor(self):
        self.check(QUICK)

    def check(self, backend):
        plain, ours = self.pair(mlp)
        before, _ = train(plain, torch.compile(plain, fullgraph=True, backend=backend), False)
        torch._dynamo.reset()
        after, w = train(ours, torch.compile(ours, fullgraph=True, backend=backend), True)
        self.assertEqual(before, after)
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = w.run()
        self.assertEqual([layer["path"] for layer in run.layers], ["input", "0", "1", "2", "3", "4"])
        for step in range(4):
            for path, forward, backward in (("0", "z", "grad_z"), ("1", "a", "grad_a"), ("4", "z", "grad_z")):
                self.assertEqual(len(run.find(path, forward, step)), 1, (path, step))
                self.assertEqual(len(run.find(path, backward, step)), 1, (path, step))
        self.assertEqual(len(run.find("2.weight", "update")), 4)

    def test_the_same_record_as_in_eager_mode(self):
        plain, ours = self.pair(mlp)
        _, eager = train(plain, plain, True)
        _, compiled = train(ours, torch.compile(ours, backend=QUICK), True)
        a, b = eager.run(), compiled.run()
        for path, role in (("0", "z"), ("1", "a"), ("0", "grad_z"), ("3", "grad_a"), ("2.weight", "grad_weight")):
            for one, other in zip(a.find(path, role), b.find(path, role)):
                self.assertEqual(one["count"], other["count"])
                self.assertAlmostEqual(one["log2_rms"], other["log2_rms"], places=4)
        self.assertEqual(len(a.activations["step"]), len(b.activations["step"]))

    def test_attached_after_compiling_and_only_some_steps(self):
        model = mlp()
        called = torch.compile(model, backend=QUICK)
        train(model, called, False, steps=2)
        _, w = train(model, called, True, steps=6, record="every=3")
        run = w.run()
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1, 1, 0, 0])
        self.assertEqual(len(run.find("0", "grad_z")), 4)
        self.assertEqual(sum(len(m._forward_hooks) for m in model.modules()), 0)

    def test_a_second_instance_is_another_model(self):
        first, second = torch.compile(mlp(), backend=QUICK), torch.compile(mlp(), backend=QUICK)
        _, a = train(first._orig_mod, first, True, again=lambda: second(models.rows(12)[0]).sum().backward())
        for row in a.run().find("0", "z"):
            self.assertEqual(row["count"], 12 * 32)
        _, b = train(second._orig_mod, second, True)
        self.assertEqual(len(b.run().find("0", "grad_z")), 4)


@unittest.skipUnless(IS_2, "scalers of PyTorch 1 need a GPU")
class Mixed(unittest.TestCase):
    def test_a_scaler_and_autocast(self):
        torch.manual_seed(0)
        plain, ours = mlp(), mlp()
        ours.load_state_dict(plain.state_dict())
        losses = {}
        for model, watched in ((plain, False), (ours, True)):
            torch.manual_seed(5)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
            scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
            w = plumb.watch(model, optimizer, run=file(), record="every=1") if watched else None
            for i in range(4):
                x, y = models.rows(12)
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.cross_entropy(model(x).float(), y)
                scaler.scale(loss if i != 2 else loss * torch.tensor(float("inf"))).backward()
                scaler.step(optimizer)
                scaler.update()
                losses.setdefault(watched, []).append(loss.item())
            if w is not None:
                w.close()
        self.assertEqual(losses[False], losses[True])
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = w.run()
        self.assertEqual(list(run.steps["skipped"]), [0, 0, 1, 0])
        self.assertAlmostEqual(run.steps["loss"][0], losses[True][0], places=5)
        true = run.find("4", "grad_z", 0)[0]
        self.assertLess(true["log2_rms"], 0)  # of the loss as it is, not 2^14 times that
        self.assertGreater(true["log2_rms"], -12)

    def test_a_model_that_is_called_by_keywords(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(16, 8), nn.Linear(8, 5)

            def forward(self, x=None, labels=None):
                return {"loss": F.cross_entropy(self.b(torch.tanh(self.a(x))), labels)}

        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w, warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(2):
                x, y = models.rows()
                optimizer.zero_grad()
                model(x=x, labels=y)["loss"].backward()
                optimizer.step()
        layers = {layer["path"]: layer["inputs"] for layer in w.run().layers}
        self.assertEqual((layers["a"], layers["b"]), (["input"], ["tanh"]))


def rank_of_two(rank, path, folder):
    """One process of a data-parallel training."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(mlp_not_in_place())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    x, y = torch.load(f"{folder}/batch{rank}.pt")
    with plumb.watch(model, optimizer, run=f"{path}.{rank}", record="every=1"):
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    torch.distributed.destroy_process_group()


def mlp_not_in_place():
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 5))


@unittest.skipUnless(torch.distributed.is_available() and IS_2, "no torch.distributed")
class DataParallel(unittest.TestCase):
    def test_each_rank_has_its_file_and_the_true_gradients(self):
        folder = tempfile.mkdtemp()
        torch.manual_seed(3)
        x, y = models.rows(16)
        for rank in range(2):
            torch.save((x[8 * rank : 8 * rank + 8], y[8 * rank : 8 * rank + 8]), f"{folder}/batch{rank}.pt")
        torch.multiprocessing.spawn(rank_of_two, (f"{folder}/run.plumb", folder), nprocs=2)
        runs = [plumb.load(f"{folder}/run.plumb.{rank}") for rank in range(2)]
        torch.manual_seed(0)
        model = mlp_not_in_place()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        one = w.run()
        for path, role in (("0", "z"), ("2", "grad_z"), ("1", "a")):
            for step in range(2):
                whole = one.find(path, role, step)[0]
                parts = [run.find(path, role, step)[0] for run in runs]
                self.assertEqual(sum(p["count"] for p in parts), whole["count"])
                self.assertEqual(sum(p["zeros"] for p in parts), whole["zeros"])
                squares = sum(4 ** p["log2_rms"] * p["count"] for p in parts) / whole["count"]
                self.assertAlmostEqual(squares / 4 ** whole["log2_rms"], 1, places=5, msg=(path, role))
        for run in runs:  # averaged over the ranks
            a, b = run.find("0.weight", "grad_weight", 1)[0], one.find("0.weight", "grad_weight", 1)[0]
            self.assertAlmostEqual(a["log2_rms"], b["log2_rms"], places=4)


if __name__ == "__main__":
    unittest.main()
