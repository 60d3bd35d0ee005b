# SPDX-License-Identifier: Apache-2.0
"""plumb.from_torch: the string and the weights compute what the model computes, or the places are named."""

import os
import subprocess
import tempfile
import unittest

import models
import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb

PROGRAM = os.environ.get("PLUMB_PROGRAM", "")


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, (3, 5), padding=(1, 2)), nn.Conv2d(6, 8, 3, stride=2, padding=0)
        self.norm, self.fc = nn.GroupNorm(2, 8), nn.Linear(8 * 9, 5)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.conv1(x), 0.2), 2)
        x = torch.tanh(self.norm(self.conv2(x))).contiguous()
        return self.fc(F.dropout(x.view(x.size(0), -1), 0.1, self.training))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(8, 8) for _ in range(4))
        self.out, self.norm = nn.Linear(8, 3), nn.LayerNorm(8)
        self.way = nn.Linear(8, 8, bias=False)
        self.alpha = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        x = x + 0.1 * self.b(F.gelu(self.a(self.norm(x))))
        x = self.way(x) + F.silu(self.c(x)) * self.alpha
        x = x + torch.relu(self.d(x) + x)
        return self.out(x)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.out = nn.Linear(12, 3)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


class Exponential(nn.Module):
    """An activation that has no module."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.b(torch.exp(self.a(x)))


class Ends(nn.Module):
    """How models read the last step of a recurrent layer."""

    def __init__(self, kind, how):
        super().__init__()
        self.cell, self.out, self.how = kind(4, 6, batch_first=True), nn.Linear(6, 3), how

    def forward(self, x):
        if self.how == "output":
            y, _ = self.cell(x)
            return self.out(y[:, -1])
        if self.how == "state":
            _, h = self.cell(x)
            return self.out(h[-1])
        _, (h, _) = self.cell(x)
        return self.out(h[-1])


def downsampling(width):
    block = models.BasicBlock(4, width, 2)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), block, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5))


MODELS = {
    "sequential": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 12), nn.BatchNorm1d(12), nn.Tanh(), nn.Linear(12, 3)),
        (2, 4),
        "flatten > dense 12 > bn > tanh > dense 3",
    ),
    "repeats": (
        lambda: nn.Sequential(*[m for _ in range(4) for m in (nn.Linear(8, 8), nn.Sigmoid())], nn.Linear(8, 3)),
        (8,),
        "4 x [dense 8 > sigmoid] > dense 3",
    ),
    "vgg": (models.vgg, (3, 8, 8), None),
    "functional": (
        Functional,
        (1, 14, 14),
        "conv 6 3x5 > leaky_relu 0.2 > maxpool 2 > conv 8 3x3 stride=2 pad=0 > gn 2 > tanh > flatten > dropout 0.1 > dense 5",
    ),
    "resnet": (lambda: models.ResNet(1, 8), (3, 8, 8), None),
    "projection": (lambda: downsampling(8), (3, 8, 8), None),
    "scaled": (
        Scaled,
        (8,),
        "res scale=0.1 [ln > dense 8 > gelu > dense 8] > res proj alpha=0.3 [dense 8 > silu] > res[res[dense 8] > relu] > dense 3",
    ),
    "exponential": (Exponential, (8,), "dense 6 > exponential > dense 3"),
    "tagger": (Tagger, (5, 4), "lstm 6 bidirectional > dropout 0.2 > lstm 6 bidirectional > dense 3"),
    "lstm output": (lambda: Ends(nn.LSTM, "output"), (5, 4), "lstm 6 > last > dense 3"),
    "lstm state": (lambda: Ends(nn.LSTM, "states"), (5, 4), "lstm 6 > last > dense 3"),
    "gru state": (lambda: Ends(nn.GRU, "state"), (5, 4), "gru 6 > last > dense 3"),
    "rnn output": (lambda: Ends(nn.RNN, "output"), (5, 4), "rnn 6 > last > dense 3"),
}


@unittest.skipUnless(PROGRAM, "PLUMB_PROGRAM names no program")
class Converted(unittest.TestCase):
    def check(self, make, shape, text):
        torch.manual_seed(1)
        model = make()
        for module in model.modules():  # running statistics that are not those of the start
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.running_mean.uniform_(-1, 1)
                module.running_var.uniform_(0.5, 2)
        before = {k: v.clone() for k, v in model.state_dict().items()}
        model = model.double().eval()
        network = plumb.from_torch(model)
        if text is not None:
            self.assertEqual(str(network), text)
        folder = tempfile.mkdtemp()
        x = numpy.random.default_rng(2).normal(size=(6, *shape)).astype(numpy.float32)
        data, weights, out = (os.path.join(folder, name) for name in ("data.npz", "weights.npz", "out.npz"))
        numpy.savez(data, x=x)
        result = subprocess.run(
            [PROGRAM, "predict", network.save(weights), "--network", network.text, "--data", f"npz:{data}", "-o", out,
             "--precision", "double", "--standardise", "false"],
            capture_output=True, text=True, check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr + str(network))
        with torch.no_grad():
            truth = model(torch.tensor(x).double()).numpy()
        told = numpy.load(out)["outputs"]
        self.assertEqual(told.size, truth.size)
        self.assertLess(abs(told.reshape(truth.shape) - truth).max(), 1e-6)
        for name, value in model.state_dict().items():
            self.assertTrue(torch.equal(value.float(), before[name].float()), name)


for name, (make, shape, text) in MODELS.items():

    def test(self, make=make, shape=shape, text=text):
        self.check(make, shape, text)

    setattr(Converted, f"test_{name.replace(' ', '_')}", test)


class Refused(unittest.TestCase):
    def places(self, model):
        with self.assertRaises(ValueError) as caught:
            plumb.from_torch(model)
        return "\n".join(caught.exception.places)

    def test_every_place_is_named(self):
        model = nn.Sequential(nn.Conv2d(3, 4, 3, dilation=2), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv1d(4, 4, 3))
        told = self.places(model)
        for part in ("0 (Conv2d): dilation=(2, 2)", "2 (Upsample): there is no such layer", "3 (Conv1d): there is no such layer"):
            self.assertIn(part, told)

    def test_a_shared_layer_a_concatenation_and_two_inputs(self):
        class Shared(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 4)

            def forward(self, x):
                return self.a(torch.tanh(self.a(x)))

        class Concatenated(Shared):
            def forward(self, x):
                return torch.cat([self.a(x), x], 1)

        class Two(Shared):
            def forward(self, x, y):
                return self.a(x) + y

        class Branching(Shared):
            def forward(self, x):
                return self.a(x) if x.sum() > 0 else x

        self.assertIn("a (Linear): it is used twice", self.places(Shared()))
        self.assertIn("cat: it reads several tensors", self.places(Concatenated()))
        self.assertIn("forward(x, y): 2 inputs", self.places(Two()))
        self.assertIn("Branching cannot be traced", self.places(Branching()))

    def test_a_first_state_and_time_first(self):
        self.assertIn("batch_first=False", self.places(Ends(lambda a, b, batch_first: nn.LSTM(a, b), "output")))

    def test_no_module(self):
        with self.assertRaises(TypeError):
            plumb.from_torch(lambda x: x)


if __name__ == "__main__":
    unittest.main()
