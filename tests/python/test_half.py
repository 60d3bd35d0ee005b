# SPDX-License-Identifier: Apache-2.0
"""Trainings in half precision: gradients that float16 rounds to zero are named as such, and nothing else is.

PyTorch 1.13 multiplies no matrices in float16 on a processor. There the values and gradients of every layer are rounded to
the format and back, which is what a product in it does to them; on PyTorch 2 real ones run beside it.
"""

import os
import tempfile
import unittest

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

IS_2 = int(torch.__version__.split(".")[0]) >= 2


class Rounded(torch.autograd.Function):
    """To a format and back to float, the gradient too."""

    @staticmethod
    def forward(ctx, x, dtype):
        ctx.dtype = dtype
        return x.to(dtype).float()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.to(ctx.dtype).float(), None


class In(nn.Module):
    """A layer that computes in a format."""

    def __init__(self, layer, dtype):
        super().__init__()
        self.layer, self.dtype = layer, dtype

    def forward(self, x):
        return Rounded.apply(self.layer(Rounded.apply(x, self.dtype)), self.dtype)


def body(sizes, activation=nn.ReLU, he=True):
    parts = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        parts.append(nn.Linear(a, b))
        if he:
            nn.init.kaiming_normal_(parts[-1].weight, nonlinearity="relu")
            nn.init.zeros_(parts[-1].bias)
        parts += [activation()] if i + 2 < len(sizes) else []
    return parts


def simulated(parts, dtype):
    return nn.Sequential(*(In(p, dtype) for p in parts))


def codes():
    """An autoencoder's data: the mean over so many outputs makes their gradients small."""
    x = torch.randn(128, 8) @ CODE
    return x, x


CODE = torch.randn(8, 512, generator=torch.Generator().manual_seed(4)) / 8**0.5


def blobs():
    y = torch.randint(0, 5, (64,))
    return CENTRES[y] + 0.3 * torch.randn(64, 32), y


CENTRES = torch.randn(5, 32, generator=torch.Generator().manual_seed(5))


class Scaler:
    """As GradScaler is on a GPU, where PyTorch 1 has it alone."""

    def __init__(self, scale):
        self.scale = scale

    def is_enabled(self):
        return True

    def get_scale(self):
        return self.scale


def train(model, batch, loss, steps=6, lr=0.05, record="every=1", scale=None, forward=None):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    scaler = None if scale is None else Scaler(scale)
    path = os.path.join(tempfile.mkdtemp(), "run.plumb")
    with plumb.watch(model, optimizer, run=path, record=record, scaler=scaler) as w:
        for _ in range(steps):
            x, y = batch()
            optimizer.zero_grad()
            value = loss((forward or model)(x), y)
            (value if scale is None else value * scale).backward()
            for p in model.parameters() if scale is not None else ():
                p.grad /= scale
            optimizer.step()
    return w


def small_loss(output, y):
    return 1e-3 * F.mse_loss(output.float(), y.float())  # one of several losses, by its weight


SIZES = (512, 64, 32, 64, 512)


class Underflow(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def named(self, w):
        found = [f for f in w.findings if f.rule == "underflow"]
        self.assertTrue(found, f"{[f.rule for f in w.findings]}: {w.diagnose().verdict}")
        return found[0]

    def silent(self, w):
        self.assertNotIn("underflow", [f.rule for f in w.findings], str(w.diagnose()))

    def test_is_named_as_such(self):
        for steps in (1, 60):  # at the start, and in training
            torch.manual_seed(0)
            w = train(simulated(body(SIZES), torch.float16), codes, small_loss, steps)
            one = self.named(w)
            self.assertEqual(one.cause_kind, "number_format")
            self.assertIn("Float16 rounds", one.symptom)
            lost = one.evidence[0]["value"]
            self.assertTrue(0.25 <= lost <= 1, lost)
            self.assertIn(one.severity, ("warning", "critical"))
            code = "\n".join(r.code or "" for r in one.remedies)
            self.assertIn("GradScaler", code)
            self.assertIn("bfloat16", code)
            self.assertNotIn("vanishing_gradient", [f.rule for f in w.findings if f.severity == "critical"])
            # As from the file, where histograms are read for it.
            self.assertIn("underflow", [f.rule for f in plumb.load(w.path).findings])

    def test_the_part_that_is_lost_is_that_of_the_same_gradient_in_float(self):
        w = train(simulated(body(SIZES), torch.float16), codes, small_loss, 1)
        torch.manual_seed(0)
        whole = train(simulated(body(SIZES), torch.float32), codes, small_loss, 1)
        one, run = self.named(w), whole.run()
        shares = {}
        for i, counts in enumerate(run.histograms):
            if plumb._run.ROLES[int(run.sketches["role"][i])] in ("grad_z", "grad_a"):
                layer = run.layers[int(run.sketches["id"][i])]["path"]
                shares[layer] = sum(counts[: 127 - 25]) / max(sum(counts), 1)
        self.assertAlmostEqual(one.evidence[0]["value"], shares[w.run().layers[one.layer]["path"]], delta=0.08)

    def test_a_scaled_loss_and_bfloat16_are_the_cure(self):
        self.silent(train(simulated(body(SIZES), torch.float16), codes, small_loss, 30, scale=2.0**14))
        torch.manual_seed(0)
        self.silent(train(simulated(body(SIZES), torch.bfloat16), codes, small_loss, 30))
        torch.manual_seed(0)
        self.silent(train(simulated(body(SIZES), torch.float32), codes, small_loss, 30))

    def test_a_scale_that_is_too_small_is_said(self):
        one = self.named(train(simulated(body(SIZES), torch.float16), codes, small_loss, 6, scale=1.5))
        self.assertIn("scaled by 1.5", one.cause)

    def test_zeros_of_relu_are_no_underflow(self):
        for sizes in ((32, 64, 64, 5), (32, 256, 5), (32, 16, 16, 16, 16, 5)):
            torch.manual_seed(0)
            w = train(simulated(body(sizes), torch.float16), blobs, F.cross_entropy, 40)
            self.silent(w)
            self.assertEqual([f.rule for f in w.findings if f.severity == "critical"], [])

    def test_what_vanishes_in_depth_too_is_called_both(self):
        w = train(simulated(body((32,) + (32,) * 14 + (5,), nn.Sigmoid, he=False), torch.float16), blobs, F.cross_entropy)
        rules = [f.rule for f in w.findings]
        self.assertIn("underflow", rules)
        self.assertIn("vanishing_gradient", rules)
        self.assertEqual(w.findings[0].rule, "vanishing_gradient")

    @unittest.skipUnless(IS_2, "PyTorch 1 does not compute in float16 on a processor")
    def test_models_in_float16_and_under_autocast(self):
        half = nn.Sequential(*body(SIZES)).half()
        w = train(half, lambda: tuple(t.half() for t in codes()), small_loss)
        self.named(w)
        self.assertEqual(w.run().info["precision"], "float16")
        self.assertEqual(w.run().info["settings"]["gradients"], "float16")
        for dtype, is_sick in ((torch.float16, True), (torch.bfloat16, False)):
            torch.manual_seed(0)
            model = nn.Sequential(*body(SIZES))

            def forward(x, model=model, dtype=dtype):
                with torch.autocast("cpu", dtype=dtype):
                    return model(x)

            w = train(model, codes, small_loss, forward=forward)
            self.named(w) if is_sick else self.silent(w)

    @unittest.skipUnless(IS_2, "PyTorch 1 scales on a GPU alone")
    def test_a_scaler_of_torch(self):
        model = nn.Sequential(*body(SIZES))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
        path = os.path.join(tempfile.mkdtemp(), "run.plumb")
        with plumb.watch(model, optimizer, run=path, record="every=1") as w:
            for _ in range(6):
                x, y = codes()
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.float16):
                    output = model(x)
                scaler.scale(small_loss(output, y)).backward()
                scaler.step(optimizer)
                scaler.update()
        self.silent(w)


if __name__ == "__main__":
    unittest.main()
