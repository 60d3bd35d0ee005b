# SPDX-License-Identifier: Apache-2.0
"""Sick PyTorch models are named rightly, and healthy ones are left alone."""

import os
import tempfile
import unittest

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


def train(model, batch, steps=12, lr=0.05, optimiser=torch.optim.SGD, record="every=1", loss=models.cross_entropy, **options):
    optimizer = optimiser(model.parameters(), lr=lr)
    path = os.path.join(tempfile.mkdtemp(), "run.plumb")
    with plumb.watch(model, optimizer, run=path, record=record, **options) as w:
        for _ in range(steps):
            x, y = batch()
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    return w


def blobs(n=64, width=16, classes=5):
    centres = torch.linspace(-1, 1, classes)[:, None] * torch.tensor([(-1.0) ** i for i in range(width)])
    y = torch.randint(0, classes, (n,))
    return centres[y] + 0.3 * torch.randn(n, width), y


def stack(depth, width, activation):
    parts = []
    for _ in range(depth):
        parts += [nn.Linear(width, width), activation()]
    return nn.Sequential(*parts, nn.Linear(width, 5))


class Sick(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def find(self, w, rule):
        found = [f for f in w.findings if f.rule == rule]
        self.assertTrue(found, f"{rule} is not among {[f.rule for f in w.findings]}: {w.diagnose().verdict}")
        return found[0]

    def test_deep_sigmoid_mlp(self):
        w = train(stack(20, 32, nn.Sigmoid), lambda: blobs(width=32))
        one = self.find(w, "vanishing_gradient")
        self.assertIn(one.cause_kind, ("activation_derivative", "weights_and_derivatives", "weight_scale"))
        self.assertTrue(any(r.code for r in one.remedies))
        text = str(w.diagnose())
        self.assertIn("In code:", text)

    def test_deep_sigmoid_probe_before_training(self):
        w = plumb.probe(stack(20, 32, nn.Sigmoid), F.cross_entropy, blobs(width=32))
        self.find(w, "vanishing_gradient")

    def test_dead_relu_cnn(self):
        model = models.vgg()
        with torch.no_grad():
            for m in model:
                if isinstance(m, nn.Conv2d):
                    m.bias.fill_(-3.0)
        w = train(model, models.images)
        self.find(w, "dead_units")

    def test_weights_that_saturate_and_the_line_that_starts_them_smaller(self):
        model = stack(4, 32, nn.Tanh)
        for m in model:
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, std=3.0)
        one = self.find(train(model, lambda: blobs(width=32), lr=0.01, steps=20), "saturated_activation")
        self.assertEqual(one.cause_kind, "large_weight")
        self.assertIn("nn.init.xavier_normal_(m.weight)", "\n".join(r.code for r in one.remedies if r.code))

    def test_logits_through_a_softmax_twice(self):
        class Functional(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = stack(1, 16, nn.ReLU)

            def forward(self, x):
                return self.body(x).softmax(-1)

        for model in (nn.Sequential(*stack(1, 16, nn.ReLU), nn.Softmax(-1)), Functional()):
            one = self.find(train(model, blobs, steps=20), "logits_activation")
            self.assertEqual(one.severity, "critical")

    def test_unscaled_inputs(self):
        def raw():
            x, y = blobs()
            return 255 * (x + 2), y

        w = train(stack(3, 16, nn.Tanh), raw, lr=0.01)
        self.find(w, "saturated_activation")

    def test_shut_forget_gate(self):
        model = models.Tagger(nn.LSTM, bidirectional=False)
        units = model.rnn.hidden_size
        with torch.no_grad():
            model.rnn.bias_ih_l0[units : 2 * units] = -6.0

        def sequences():
            t = torch.randint(0, 20, (16, 40))
            return t, t[:, 0] % 5

        def last(output, y):
            return F.cross_entropy(output[:, -1], y)

        w = train(model, sequences, loss=last)
        rules = {f.rule for f in w.findings}
        self.assertTrue(rules & {"vanishing_through_time", "saturated_gate"}, rules)

    def test_post_norm_transformer_without_warm_up(self):
        torch.manual_seed(1)

        def batch():
            t = torch.randint(0, 20, (16, 9))
            return t, t[:, 0] % 5

        model = models.Encoder(norm_first=False, layers=12, width=32)
        w = train(model, batch, steps=60, lr=1e-2, optimiser=torch.optim.Adam, record="log")
        one = self.find(w, "vanishing_gradient")
        self.assertEqual((one.cause_kind, one.severity), ("normalisation", "critical"))


class Healthy(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def clean(self, w):
        bad = [f"{f.rule}: {f.symptom}" for f in w.findings if f.severity == "critical"]
        self.assertEqual(bad, [])

    def test_resnet(self):
        self.clean(train(models.ResNet(3, 16), lambda: models.images(16), steps=15, lr=0.05))

    def test_pre_norm_transformer(self):
        model = models.Encoder(norm_first=True, layers=4, width=32)
        self.clean(train(model, lambda: models.tokens(16, 9, each=False), steps=15, lr=1e-3, optimiser=torch.optim.AdamW))

    def test_gpt(self):
        self.clean(train(models.GPT(32, 4), lambda: models.tokens(8, 12, classes=20), steps=15, lr=1e-3, optimiser=torch.optim.AdamW))

    def test_probabilities_and_their_own_loss(self):
        model = nn.Sequential(*stack(1, 16, nn.ReLU), nn.Softmax(-1))
        self.clean(train(model, blobs, steps=20, loss=lambda p, y: F.nll_loss(torch.log(p), y)))
        model = nn.Sequential(*stack(1, 16, nn.ReLU), nn.LogSoftmax(-1))
        self.clean(train(model, blobs, steps=20, loss=F.nll_loss))

    def test_relu_mlp(self):
        model = stack(6, 32, nn.ReLU)
        for m in model:
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)
        w = train(model, lambda: blobs(width=32), steps=30)
        self.clean(w)


if __name__ == "__main__":
    unittest.main()
