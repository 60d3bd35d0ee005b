# SPDX-License-Identifier: Apache-2.0
"""The operation that makes the first NaN is named, in steps that nobody measured."""

import math
import os
import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


class Breaks(nn.Module):
    """Computes with what `how` says from a step on."""

    def __init__(self, how):
        super().__init__()
        self.first, self.drop, self.norm = nn.Linear(16, 8), nn.Dropout(0.3), nn.BatchNorm1d(8)
        self.body, self.head = Inner(), nn.Linear(8, 5)
        self.how, self.now = how, ""

    def forward(self, x):
        return self.head(self.body(self.norm(self.drop(self.first(x))), self.now))


class Inner(nn.Module):
    def forward(self, x, how):
        if how == "log":
            return torch.log(x.clamp(min=0) - 1e-30)  # of less than nothing
        if how == "overflow":
            return torch.exp(x.abs() * 1000).softmax(-1)  # inf, and then inf / inf
        if how == "sqrt":
            return torch.sqrt(x * 0.0)  # finite, but its gradient is 0 / 0
        return torch.tanh(x)


def train(model, watched, steps=6, break_at=4, record="every=100", seed=3):
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    path = os.path.join(tempfile.mkdtemp(), "run.plumb")
    w = plumb.watch(model, optimizer, run=path, record=record) if watched else None
    losses = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(steps):
            model.now = model.how if i == break_at else ""
            x, y = models.rows(12)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if w is not None:
            w.close()
    return w, losses, [c for c in caught if "plumb" in str(c.message)]


class FirstNonFinite(unittest.TestCase):
    def check(self, how, direction, op):
        torch.manual_seed(0)
        plain, ours = Breaks(how), Breaks(how)
        ours.load_state_dict(plain.state_dict())
        _, before, _ = train(plain, False)
        w, after, told = train(ours, True)
        found = w.first_nonfinite
        self.assertIsNotNone(found)
        self.assertEqual((found.step, found.direction, found.module, found.op), (4, direction, "body", op))
        self.assertEqual(found.shape, (12, 8))
        self.assertTrue(math.isfinite(found.low) and math.isfinite(found.high))
        self.assertEqual([str(c.message) for c in told], [f"plumb: {found}"])
        self.assertIn(str(found), w.notes())
        self.assertEqual(torch.tensor(before).nan_to_num(7).tolist(), torch.tensor(after).nan_to_num(7).tolist())
        for a, b in zip(plain.state_dict().values(), ours.state_dict().values()):
            self.assertTrue(torch.equal(a.nan_to_num(7), b.nan_to_num(7)))
        return w

    def test_log_of_less_than_nothing(self):
        w = self.check("log", "forward", "log")
        self.assertEqual(list(w.run().steps["measured"]), [1, 1, 1, 0, 1, 1])  # the step after it too

    def test_an_infinity_that_becomes_nan_is_the_first(self):
        self.check("overflow", "forward", "exp")

    def test_a_gradient_that_is_nan_while_the_loss_is_not(self):
        self.check("sqrt", "backward", "sqrt")

    def test_a_batch_and_a_parameter_that_have_it_before(self):
        for direction in ("input", "parameter"):
            model = Breaks("")
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            x, y = models.rows(12)
            if direction == "input":
                x[3, 4] = float("nan")
            else:
                with torch.no_grad():
                    model.head.bias.fill_(float("inf"))
            with plumb.watch(model, optimizer, record="off") as w, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                F.cross_entropy(model(x), y).backward()
            self.assertEqual(w.first_nonfinite.direction, direction)
            self.assertEqual(w.first_nonfinite.op, "0" if direction == "input" else "head.bias")

    def test_a_mask_of_infinities_is_no_fault(self):
        model, batches = models.make("gpt")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        with plumb.watch(model, optimizer, record="off") as w:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                x, y = batches[0]
                (models.cross_entropy(model(x), y) / torch.zeros(())).backward()
        self.assertEqual(w.first_nonfinite.direction, "loss")
        self.assertTrue(math.isfinite(w.first_nonfinite.low))


if __name__ == "__main__":
    unittest.main()
