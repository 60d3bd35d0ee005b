# SPDX-License-Identifier: Apache-2.0
"""Models and trainings of PyTorch for cures.py and starts.py: none of them knows of plumb. Images are those of MNIST
where PLUMB_MNIST_DIR names a folder with them (t10k alone is used), else blurred patterns that are drawn here."""

import gzip
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


def _mnist(folder):
    def read(name, skip):
        for end, opened in (("", open), (".gz", gzip.open)):
            path = os.path.join(folder, name + end)
            if os.path.exists(path):
                with opened(path, "rb") as file:
                    return torch.frombuffer(bytearray(file.read()[skip:]), dtype=torch.uint8)
        raise FileNotFoundError(f"{folder}: no {name}")

    x = read("t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:4000].float() / 255
    return x, read("t10k-labels-idx1-ubyte", 8)[:4000].long()


def _patterns():
    source = torch.Generator().manual_seed(11)
    kinds = F.interpolate(torch.randn(10, 1, 7, 7, generator=source), 28, mode="bilinear", align_corners=False).sigmoid()
    labels = torch.randint(0, 10, (4000,), generator=source)
    return (kinds[labels] + 0.4 * torch.randn(4000, 1, 28, 28, generator=source)).clamp(0, 1), labels


_folder = os.environ.get("PLUMB_MNIST_DIR")
IMAGES, LABELS = _mnist(_folder) if _folder else _patterns()
IMAGES = F.avg_pool2d(F.pad(IMAGES, (2, 2, 2, 2)), 4)  # 8 x 8
ROWS = IMAGES.flatten(1)

_source = torch.Generator().manual_seed(5)
TOKENS = torch.randint(1, 8, (2000, 12), generator=_source)
#: What is asked of a sequence: its first token, and the most frequent one.
FIRST = TOKENS[:, 0] - 1
FREQUENT = F.one_hot(TOKENS - 1, 7).sum(1).argmax(1)


def trainer(x, y, make_optimizer, steps, batch=64):
    """train(model): so many steps, then the accuracy on samples that it never saw."""
    count = len(x) * 3 // 4

    def train(model):
        optimizer = make_optimizer(model.parameters())
        model.train()
        for _ in range(steps):
            i = torch.randint(0, count, (batch,))
            loss = F.cross_entropy(model(x[i]), y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            return (model(x[count:]).argmax(1) == y[count:]).float().mean().item()

    return train


def sgd(lr, momentum=0.9):
    return lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum)


def adam(lr):
    return lambda p: torch.optim.Adam(p, lr=lr)


def mlp(depth, activation, width=64):
    layers = [nn.Linear(64, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def cnn(depth, channels=8, norm=False):
    layers = []
    for i in range(depth):
        layers.append(nn.Conv2d(channels if i else 1, channels, 3, padding=1))
        layers += [nn.BatchNorm2d(channels)] if norm else []
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, 10))


class Recurrent(nn.Module):
    def __init__(self, cell=nn.LSTM, width=32, forget=None):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(8, 16), cell(16, width, batch_first=True)
        self.head = nn.Linear(width, 7)
        if forget is not None:
            with torch.no_grad():
                self.rnn.bias_ih_l0[width : 2 * width] = forget

    def forward(self, x):
        return self.head(self.rnn(self.embed(x))[0][:, -1])


class Encoder(nn.Module):
    def __init__(self, layers, norm_first, width=32):
        super().__init__()
        self.embed = nn.Embedding(8, width)
        layer = nn.TransformerEncoderLayer(width, 4, 64, dropout=0.0, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(width, 7)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x)).mean(1))


class Residual(nn.Module):
    def __init__(self, blocks, channels=8, norm=True):
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)) for _ in range(blocks)
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(channels) if norm else nn.Identity() for _ in range(2)) for _ in range(blocks)
        )
        self.head = nn.Linear(4 * channels, 10)

    def forward(self, x):
        x = F.relu(self.first(x))
        for (a, b), (m, n) in zip(self.blocks, self.norms):
            x = F.relu(x + n(b(F.relu(m(a(x))))))
        return self.head(F.adaptive_avg_pool2d(x, 2).flatten(1))


_SCALES = 10.0 ** torch.linspace(-2, 3, 64)[torch.randperm(64, generator=_source)]

#: name: (make_model, train); the first six sick, the others healthy.
PATIENTS = {
    "deep sigmoid MLP": (lambda seed: mlp(20, nn.Sigmoid), trainer(ROWS, LABELS, sgd(0.1), 200)),
    "relu CNN of 40 layers": (lambda seed: cnn(40), trainer(IMAGES, LABELS, adam(2e-3), 80, 32)),
    "LSTM with a shut forget gate": (lambda seed: Recurrent(forget=-5.0), trainer(TOKENS, FIRST, adam(1e-2), 150)),
    "post-norm transformer, no warm-up": (lambda seed: Encoder(6, False, 16), trainer(TOKENS, FREQUENT, adam(1e-2), 100, 32)),
    "unscaled inputs": (lambda seed: mlp(3, nn.ReLU), trainer(ROWS * _SCALES + 5 * _SCALES, LABELS, sgd(0.05), 200)),
    "rate 100 times too high": (lambda seed: mlp(3, nn.ReLU), trainer(ROWS, LABELS, sgd(10.0), 200)),
    "healthy MLP": (lambda seed: mlp(3, nn.ReLU), trainer(ROWS, LABELS, adam(3e-3), 400)),
    "healthy CNN": (lambda seed: cnn(3, 16, True), trainer(IMAGES, LABELS, adam(5e-3), 200, 32)),
    "healthy GRU": (lambda seed: Recurrent(nn.GRU), trainer(TOKENS, FIRST, adam(1e-2), 250)),
}

#: name: (model, x, y, optimiser, steps, batch)
STARTS = {
    "tanh MLP, 30 layers": (lambda: mlp(30, nn.Tanh), ROWS, LABELS, sgd(0.02), 200, 64),
    "relu MLP, 30 layers": (lambda: mlp(30, nn.ReLU), ROWS, LABELS, sgd(0.02), 200, 64),
    "gelu MLP, 30 layers": (lambda: mlp(30, nn.GELU), ROWS, LABELS, sgd(0.02), 200, 64),
    "sigmoid MLP, 15 layers": (lambda: mlp(15, nn.Sigmoid), ROWS, LABELS, sgd(0.02), 200, 64),
    "relu MLP, 3 layers": (lambda: mlp(3, nn.ReLU), ROWS, LABELS, sgd(0.02), 100, 64),
    "relu CNN, 16 layers": (lambda: cnn(16), IMAGES, LABELS, adam(2e-3), 120, 32),
    "CNN with batch norm, 8 layers": (lambda: cnn(8, norm=True), IMAGES, LABELS, adam(2e-3), 80, 32),
    "ResNet with batch norm, 6 blocks": (lambda: Residual(6), IMAGES, LABELS, adam(2e-3), 80, 32),
    "ResNet without, 10 blocks": (lambda: Residual(10, norm=False), IMAGES, LABELS, adam(2e-3), 80, 32),
    "LSTM, 12 steps": (lambda: Recurrent(), TOKENS, FIRST, adam(1e-2), 150, 64),
    "post-norm transformer, 4 layers": (lambda: Encoder(4, False), TOKENS, FREQUENT, adam(2e-3), 100, 64),
    "pre-norm transformer, 4 layers": (lambda: Encoder(4, True), TOKENS, FREQUENT, adam(2e-3), 100, 64),
}
