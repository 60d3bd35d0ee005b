# SPDX-License-Identifier: Apache-2.0
"""Training is the same bits with and without plumb, for every family of models."""

import os
import tempfile
import unittest
import warnings

import models
import torch

import plumb


def train(name, optimiser, watched, steps=4, **options):
    model, batches = models.make(name)
    optimizer = optimiser(model.parameters())
    losses = []
    path = os.path.join(tempfile.mkdtemp(), "run.plumb")
    watch = plumb.watch(model, optimizer, run=path, record="every=1", **options) if watched else None
    torch.manual_seed(7)
    for i in range(steps):
        x, y = batches[i % len(batches)]
        optimizer.zero_grad()
        loss = models.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if watch is not None and i == 1:
            str(watch.diagnose())
    if watch is not None:
        watch.close()
    return losses, [p.detach().clone() for p in model.parameters()] + [b.clone() for b in model.buffers()], watch


class BitIdentical(unittest.TestCase):
    def check(self, name, optimiser):
        plain, plain_state, _ = train(name, optimiser, False)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*plumb")
            ours, our_state, watch = train(name, optimiser, True)
        self.assertEqual(plain, ours)
        for a, b in zip(plain_state, our_state):
            self.assertTrue(torch.equal(a, b))
        run = watch.run()
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1, 1])
        for got, seen in zip(run.steps["loss"], ours):
            self.assertAlmostEqual(got, seen, places=6)
        self.assertEqual([n for n in watch.notes() if "no grad" in n or "no weight" in n], [])


for family in models.FAMILIES:

    def test(self, family=family):
        self.check(family, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9))
        self.check(family, lambda p: torch.optim.AdamW(p, lr=1e-3))

    setattr(BitIdentical, f"test_{family}", test)

if __name__ == "__main__":
    unittest.main()
