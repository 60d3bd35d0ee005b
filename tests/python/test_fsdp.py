# SPDX-License-Identifier: Apache-2.0
"""Trainings whose parameters are sharded over gloo ranks (fully_shard): the merged runs are that of one process."""

import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

IS_2 = int(torch.__version__.split(".")[0]) >= 2
RANKS, STEPS, BATCH = 2, 3, 16


def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5))


def batches():
    torch.manual_seed(3)
    return [models.rows(BATCH) for _ in range(STEPS)]


def train(model, part, path=None):
    """The gradient of the first weight in each step, as torch has reduced it: what is on this rank."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    w = None if path is None else plumb.watch(model, optimizer, run=path, record="every=1")
    gradients = []
    for x, y in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        gradient = next(model.parameters()).grad
        gradients.append(getattr(gradient, "_local_tensor", gradient).clone())
        optimizer.step()
    if w is not None:
        w.close()
    return gradients, w


def rank_main(rank, folder):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=RANKS)
    mesh = init_device_mesh("cpu", (RANKS,))
    part = slice(rank * BATCH // RANKS, (rank + 1) * BATCH // RANKS)
    found = {}
    for name in ("plain", "watched"):
        model = make()
        for layer in model:
            if isinstance(layer, nn.Linear):
                fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)
        gradients, w = train(model, part, f"{folder}/run.{rank}" if name == "watched" else None)
        found[name] = gradients, [p._local_tensor.detach().clone() for p in model.parameters()]
    torch.save({"same": all(torch.equal(a, b) for a, b in zip(found["plain"][1], found["watched"][1])),
                "gradients": found["watched"][0], "notes": w.notes()}, f"{folder}/found.{rank}")
    torch.distributed.destroy_process_group()


@unittest.skipUnless(torch.distributed.is_available() and IS_2, "fully_shard is of PyTorch 2")
class Sharded(unittest.TestCase):
    def test_merged_ranks_are_one_process(self):
        folder = tempfile.mkdtemp()
        torch.multiprocessing.spawn(rank_main, (folder,), nprocs=RANKS)
        found = [torch.load(f"{folder}/found.{rank}") for rank in range(RANKS)]
        self.assertEqual([f["same"] for f in found], [True] * RANKS, "watching changes the training")
        self.assertEqual([f["notes"] for f in found], [[]] * RANKS)
        runs = [plumb.load(f"{folder}/run.{rank}") for rank in range(RANKS)]
        for rank, run in enumerate(runs):  # what torch itself has reduced, some releases by a sum
            for step in range(STEPS):
                (row,) = run.find("0.weight", "grad_weight", step)
                own = found[rank]["gradients"][step].double()
                self.assertEqual(row["count"], own.numel())
                self.assertAlmostEqual(2 ** row["log2_rms"] / own.pow(2).mean().sqrt().item(), 1, places=5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            merged = plumb.merge([run.path for run in runs], f"{folder}/whole")
        model = make()
        train(model, slice(None), f"{folder}/one")
        one = plumb.load(f"{folder}/one")
        self.assertEqual([x["path"] for x in merged.params], [x["path"] for x in one.params])
        for path, role in (("0", "z"), ("1", "a"), ("4", "grad_z"), ("2", "grad_z"), ("0.weight", "weight"), ("2.bias", "weight"),
                           ("0.weight", "grad_weight"), ("4.bias", "grad_weight"), ("2.weight", "update")):
            (a,), (b,) = merged.find(path, role, 0), one.find(path, role, 0)
            self.assertEqual((a["count"], a["zeros"]), (b["count"], b["zeros"]), (path, role))
            self.assertAlmostEqual(2 ** (a["log2_rms"] - b["log2_rms"]), 1, places=4, msg=(path, role))


if __name__ == "__main__":
    unittest.main()
