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


class Function(nn.Module):
    """Layers with an activation that is no module."""

    def __init__(self, depth, width, function):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.head, self.function = nn.Linear(width, 5), function

    def forward(self, x):
        for layer in self.layers:
            x = self.function(layer(x))
        return self.head(x)


class After(nn.Module):
    """A function of what a model gives."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, x):
        return self.function(self.model(x))


def convolutions(depth, activation, width=8, pools=(2,), norm=False):
    parts, channels = [], 3
    for i in range(depth):
        parts.append(nn.Conv2d(channels, width, 3, padding=1))
        channels = width
        parts += [nn.BatchNorm2d(width), activation()] if norm else [activation()]
        parts += [nn.MaxPool2d(2)] if i in pools else []
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5))


def set_biases(model, value, kinds=(nn.Conv2d,)):
    for m in model.modules():
        if isinstance(m, kinds):
            nn.init.constant_(m.bias, value)
    return model


def start(model, how):
    for m in model.modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)):
            how(m.weight)
            nn.init.zeros_(m.bias)
    return model


def he(model):
    return start(model, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"))


def pictures(n=16):
    """The class is a slope from left to right."""
    y = torch.randint(0, 5, (n,))
    return 0.5 * torch.randn(n, 3, 8, 8) + (y.float() / 2 - 1)[:, None, None, None] * torch.linspace(-1, 1, 8), y


class Sick(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def find_in(self, cases):
        """cases: (name, a rule or several of which one is to be found, a watched training)."""
        for name, rules, make in cases:
            with self.subTest(name):
                torch.manual_seed(0)
                w = make()
                rules = {rules} if isinstance(rules, str) else rules
                found = [f.rule for f in w.findings if f.severity != "note"]
                self.assertTrue(rules & set(found), f"{found}: {w.diagnose().verdict}")

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

    def test_deep_networks_that_shrink_however_they_are_written(self):
        wide = lambda: blobs(width=32)  # noqa: E731
        self.find_in(
            (name, "vanishing_gradient", lambda make=make, data=data, options=options: train(make(), data, 4, **options))
            for name, make, data, options in (
                ("function", lambda: Function(20, 32, torch.sigmoid), wide, {}),
                ("method", lambda: Function(20, 32, lambda x: x.sigmoid()), wide, {}),
                ("adam", lambda: stack(16, 32, nn.Sigmoid), wide, {"optimiser": torch.optim.Adam, "lr": 1e-3}),
                ("images", lambda: convolutions(14, nn.Sigmoid, pools=()), pictures, {}),
                ("xavier", lambda: start(stack(12, 32, nn.Sigmoid), nn.init.xavier_normal_), wide, {}),
                ("hard", lambda: stack(12, 32, nn.Hardsigmoid), wide, {}),
                ("small tanh", lambda: start(stack(15, 32, nn.Tanh), lambda w: nn.init.normal_(w, std=0.05)), wide, {}),
            )
        )

    def test_dead_units_however_they_come_about(self):
        closed = {"dead_units", "closed_units"}
        wide = lambda: blobs(width=32)  # noqa: E731
        self.find_in(
            (name, closed, lambda make=make, data=data: train(make(), data, 4))
            for name, make, data in (
                ("bias", lambda: set_biases(convolutions(5, nn.ReLU), -1.0), pictures),
                ("relu6", lambda: set_biases(convolutions(5, nn.ReLU6), -2.0), pictures),
                ("shift", lambda: set_biases(convolutions(5, nn.ReLU, norm=True), -4.0, (nn.BatchNorm2d,)), pictures),
                ("function", lambda: set_biases(Function(3, 32, F.relu), -5.0, (nn.Linear,)), wide),
                ("rows", lambda: set_biases(stack(3, 32, nn.ReLU), -5.0, (nn.Linear,)), wide),
            )
        )

    def test_inputs_that_are_not_scaled(self):
        def scaled(by, shift=0.0):
            def batch():
                x, y = blobs()
                return by * (x + shift), y

            return batch

        def column():
            x, y = blobs()
            return x * torch.where(torch.arange(16) == 3, 3000.0, 1.0), y

        def bytes_of_pictures():
            x, y = pictures()
            return 128 + 60 * x, y

        wrong = {"input_scale", "column_scale", "saturated_activation"}
        self.find_in(
            (name, wrong, lambda make=make, data=data, rate=rate: train(make(), data, 6, lr=rate))
            for name, make, data, rate in (
                ("relu", lambda: stack(3, 16, nn.ReLU), scaled(255.0), 0.01),
                ("tanh", lambda: stack(3, 16, nn.Tanh), scaled(255.0, 2.0), 0.01),
                ("sigmoid", lambda: stack(3, 16, nn.Sigmoid), scaled(1.0, 1000.0), 0.05),
                ("pictures", lambda: convolutions(4, nn.ReLU), bytes_of_pictures, 0.01),
                ("tiny", lambda: stack(3, 16, nn.ReLU), scaled(1e-4), 0.05),
                ("one column", lambda: stack(3, 16, nn.Tanh), column, 0.05),
            )
        )

    def test_outputs_that_the_loss_squashes_once_more(self):
        def by_hand(x):
            e = x.exp()
            return e / e.sum(1, keepdim=True)

        def binary(output, y):
            return F.binary_cross_entropy_with_logits(output, F.one_hot(y, 5).float())

        self.find_in(
            (name, "logits_activation", lambda make=make, data=data, loss=loss: train(make(), data, 6, loss=loss))
            for name, make, data, loss in (
                ("pictures", lambda: After(convolutions(3, nn.ReLU), lambda x: F.softmax(x, 1)), pictures, F.cross_entropy),
                ("tokens", lambda: After(models.Tagger(nn.GRU, False), lambda x: x.softmax(-1)), models.tokens, models.cross_entropy),
                ("relu", lambda: After(stack(2, 16, nn.ReLU), F.relu), blobs, F.cross_entropy),
                ("exp(log_softmax)", lambda: After(stack(2, 16, nn.ReLU), lambda x: x.log_softmax(1).exp()), blobs, F.cross_entropy),
                ("exp / sum", lambda: After(stack(2, 16, nn.ReLU), lambda x: x.exp() / x.exp().sum(1, True)), blobs, F.cross_entropy),
                ("exp / sum of the same", lambda: After(stack(2, 16, nn.ReLU), by_hand), blobs, F.cross_entropy),
                ("less the largest", lambda: After(stack(2, 16, nn.ReLU), lambda x: by_hand(x - x.amax(1, True))), blobs, F.cross_entropy),
                ("less logsumexp", lambda: After(stack(2, 16, nn.ReLU), lambda x: (x - x.logsumexp(1, True)).exp()), blobs, F.cross_entropy),
                ("sigmoid", lambda: After(stack(2, 16, nn.ReLU), torch.sigmoid), blobs, binary),
                ("softmax, binary", lambda: After(stack(2, 16, nn.ReLU), lambda x: x.softmax(-1)), blobs, binary),
            )
        )

    def test_gates_that_keep_nothing(self):
        def sequences():
            t = torch.randint(0, 20, (16, 30))
            return t, t[:, 0] % 5

        def shut(cell, which, **options):
            model = models.Tagger(cell, **{"bidirectional": False, **options})
            with torch.no_grad():
                for name, bias in model.rnn.named_parameters():
                    if f"bias_{which}_l0" in name:
                        bias[12:24] = -6.0
            return model

        gates = {"vanishing_through_time", "saturated_gate"}
        self.find_in(
            (name, gates, lambda make=make: train(make(), sequences, 4, loss=lambda o, y: F.cross_entropy(o[:, -1], y)))
            for name, make in (
                ("of the state", lambda: shut(nn.LSTM, "hh")),
                ("both ways", lambda: shut(nn.LSTM, "ih", bidirectional=True)),
                ("gru", lambda: shut(nn.GRU, "ih")),
                ("the lower of two levels", lambda: shut(nn.LSTM, "ih", layers=2)),
            )
        )

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

    def test_decay_that_takes_the_weights(self):
        for optimiser, decay in ((torch.optim.SGD, 1.0), (torch.optim.AdamW, 50.0)):
            w = train(
                stack(4, 16, nn.ReLU),
                blobs,
                steps=300,
                lr=0.05 if optimiser is torch.optim.SGD else 2e-3,
                optimiser=lambda params, lr: optimiser(params, lr=lr, weight_decay=decay),
                record="log",
            )
            self.assertEqual(self.find(w, "shrinking_weights").cause_kind, "weight_decay")

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

    def test_shut_gate_of_a_cell_in_a_loop(self):
        class Loop(nn.Module):
            def __init__(self, cell):
                super().__init__()
                self.embed, self.cell, self.out = nn.Embedding(20, 16), cell(16, 24), nn.Linear(24, 5)

            def forward(self, tokens):
                state, x = None, self.embed(tokens)
                for t in range(tokens.shape[1]):
                    state = self.cell(x[:, t], state)
                return self.out(state[0] if isinstance(state, tuple) else state)

        def sequences():
            t = torch.randint(0, 20, (16, 40))
            return t, t[:, 0] % 5

        for cell in (nn.LSTMCell, nn.GRUCell):
            with self.subTest(cell.__name__):
                torch.manual_seed(0)
                model = Loop(cell)
                with torch.no_grad():
                    model.cell.bias_ih[24:48] = -6.0
                w = train(model, sequences)
                one = next((f for f in w.findings if f.rule in ("vanishing_through_time", "saturated_gate")), None)
                self.assertIsNotNone(one, [f.rule for f in w.findings])
                self.assertEqual(one.path, "cell")
                self.assertNotIn("saturated_activation", [f.rule for f in w.findings])
                for remedy in one.remedies:
                    if remedy.code and "bias_ih" in remedy.code:
                        exec(remedy.code, {"nn": nn, "torch": torch, "model": model})

    def test_post_norm_transformer_without_warm_up(self):
        torch.manual_seed(1)

        def batch():
            t = torch.randint(0, 20, (16, 9))
            return t, t[:, 0] % 5

        model = models.Encoder(norm_first=False, layers=12, width=32)
        w = train(model, batch, steps=60, lr=1e-2, optimiser=torch.optim.Adam, record="log")
        one = self.find(w, "vanishing_gradient")
        self.assertEqual((one.cause_kind, one.severity), ("normalisation", "critical"))


class Order(unittest.TestCase):
    """Samples that come as they lie in a table sorted by class."""

    def epochs(self, shuffle, is_known):
        torch.manual_seed(0)
        x = torch.randn(1200, 8)
        y = ((x[:, 0] + x[:, 1] * x[:, 2]).argsort().argsort() * 3) // 1200
        order = y.argsort()
        data = torch.utils.data.TensorDataset(x[order], y[order])
        loader = torch.utils.data.DataLoader(data, batch_size=40, shuffle=shuffle)
        batches = (batch for _ in range(10) for batch in loader)
        baseline = {"labels": y} if is_known else None
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
        w = train(model, lambda: next(batches), steps=300, lr=0.1, record="log", loss=F.cross_entropy, baseline=baseline)
        return {f.rule: f for f in w.findings}

    def test_a_loader_that_does_not_shuffle_is_named(self):
        found = self.epochs(shuffle=False, is_known=False)["sorted_batches"]
        self.assertIn("shuffle=True", found.remedies[0].code)
        self.assertEqual(found.severity, "warning")  # the targets of the loss tell the baseline
        between = {e["quantity"]: e["value"] for e in found.evidence}["between_batches"]
        self.assertGreater(between, 0.9)

    def test_what_it_did_is_told_by_the_losses(self):
        self.assertEqual(self.epochs(shuffle=False, is_known=True)["sorted_batches"].severity, "warning")

    def test_one_that_shuffles_is_not(self):
        self.assertNotIn("sorted_batches", self.epochs(shuffle=True, is_known=True))


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
        for loss in (F.nll_loss, F.cross_entropy):  # a log-softmax of one is the same
            model = nn.Sequential(*stack(1, 16, nn.ReLU), nn.LogSoftmax(-1))
            self.clean(train(model, blobs, steps=20, loss=loss))
        model = nn.Sequential(*stack(1, 16, nn.ReLU), nn.Sigmoid())
        self.clean(train(model, blobs, steps=20, loss=lambda p, y: F.binary_cross_entropy(p, F.one_hot(y, 5).float())))

    def test_other_families(self):
        adam = {"optimiser": torch.optim.Adam, "lr": 1e-3}
        for name, make, data, options in (
            ("vit", lambda: models.ViT(32), pictures, adam),
            ("u-net", models.UNet, pictures, {}),
            ("vgg", lambda: he(models.vgg()), pictures, {}),
            ("normalised", lambda: convolutions(6, nn.ReLU, norm=True), pictures, {}),
            ("experts", models.MoE, blobs, {}),
            ("autoencoder", lambda: nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4), nn.ReLU(), nn.Linear(4, 16)),
             lambda: (blobs()[0],) * 2, {**adam, "loss": F.mse_loss}),
            ("silu", lambda: stack(3, 16, nn.SiLU), blobs, adam),
            ("post-norm, two layers", lambda: models.Encoder(False, 2, 32), lambda: models.tokens(16, 9, each=False), adam),
        ):
            with self.subTest(name):
                torch.manual_seed(0)
                self.clean(train(make(), data, steps=12, **options))

    def test_a_model_that_has_learned_and_one_that_is_tuned_to_another_task(self):
        model = he(stack(3, 16, nn.ReLU))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(400):
            x, y = blobs()
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        self.clean(train(model, blobs, steps=20, lr=1e-3, optimiser=torch.optim.Adam))

        def others():
            x, y = pictures()
            return x, (y + 2) % 5

        model = models.ResNet(2, 8)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        for _ in range(60):
            x, y = pictures()
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        for frozen in (False, True):
            model.fc = nn.Linear(model.fc.in_features, 5)
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(not frozen or name.startswith(("fc", "layer2")))
            self.clean(train(model, others, steps=12, lr=0.01))

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
