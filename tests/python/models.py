# SPDX-License-Identifier: Apache-2.0
"""Small models of many families, each with a batch and a loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parametrizations, parametrize


def cross_entropy(logits, labels):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


class MLP(nn.Module):
    def __init__(self, depth=4, width=16, functional=False):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.head = nn.Linear(width, 5)
        self.functional = functional
        self.act = nn.Tanh()

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x)) if self.functional else self.act(layer(x))
        return self.head(x)


def vgg():
    layers = []
    channels = 3
    for width in (8, 8, "pool", 16, 16, "pool"):
        if width == "pool":
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 4, 16), nn.ReLU(inplace=True), nn.Linear(16, 5))


class BasicBlock(nn.Module):
    def __init__(self, channels, width, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, blocks=2, width=8):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        stages = []
        channels = width
        for stage in range(2):
            layers = []
            for block in range(blocks):
                out = width << stage
                layers.append(BasicBlock(channels, out, 2 if stage and not block else 1))
                channels = out
            stages.append(nn.Sequential(*layers))
        self.layer1, self.layer2 = stages
        self.fc = nn.Linear(channels, 5)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer2(self.layer1(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.merge = nn.Conv2d(16, 8, 3, padding=1)
        self.out = nn.Conv2d(8, 5, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        a = F.relu(self.down1(x))
        b = F.relu(self.down2(self.pool(a)))
        x = F.relu(self.merge(torch.cat([a, self.up(b)], 1)))
        return self.out(x).mean((2, 3))


class Tagger(nn.Module):
    def __init__(self, cell=nn.LSTM, bidirectional=True, layers=1):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.rnn = cell(8, 12, layers, batch_first=True, bidirectional=bidirectional)
        self.out = nn.Linear(24 if bidirectional else 12, 5)

    def forward(self, tokens):
        return self.out(self.rnn(self.embed(tokens))[0])


class Encoder(nn.Module):
    def __init__(self, norm_first=False, layers=2, width=16):
        super().__init__()
        self.embed = nn.Embedding(20, width)
        self.pos = nn.Parameter(torch.randn(10, width) * 0.1)
        layer = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.1, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.out = nn.Linear(width, 5)

    def forward(self, tokens):
        x = self.embed(tokens) + self.pos[: tokens.shape[1]]
        return self.out(self.encoder(x).mean(1))


class Attention(nn.Module):
    def __init__(self, width, heads, causal=True):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1)) / (c // self.heads) ** 0.5
        if self.causal:
            weights = weights.masked_fill(~torch.ones(t, t, dtype=torch.bool).tril(), float("-inf"))
        weights = weights.softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, width, heads, causal=True):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads, causal)
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.proj(F.gelu(self.fc(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, width=16, layers=2, vocabulary=20, tied=True):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(16, width)
        self.blocks = nn.ModuleList([Block(width, 2) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        if tied:
            self.head.weight = self.wte.weight

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))


class ViT(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = nn.ModuleList([Block(width, 2, causal=False) for _ in range(2)])
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


class MoE(nn.Module):
    def __init__(self, width=16, experts=3):
        super().__init__()
        self.gate = nn.Linear(width, experts)
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width)) for _ in range(experts)]
        )
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        scores = self.gate(x).softmax(-1)
        best = scores.argmax(-1)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            chosen = best == i
            if chosen.any():
                out = out.index_add(0, chosen.nonzero()[:, 0], expert(x[chosen]) * scores[chosen, i : i + 1])
        return self.head(x + out)


class Noisy(nn.Module):
    """A parametrization whose weight is another one each time it is asked for, in training."""

    def forward(self, weight):
        return weight + 0.01 * torch.randn_like(weight) if self.training else weight


def noisy(layer):
    return parametrize.register_parametrization(layer, "weight", Noisy())


def parametrized(how, width=16):
    return nn.Sequential(
        how(nn.Linear(width, width)), nn.Tanh(), nn.Unflatten(1, (1, 4, 4)), how(nn.Conv2d(1, 3, 2)), nn.ReLU(),
        how(nn.ConvTranspose2d(3, 2, 2)), nn.Flatten(), nn.Linear(32, 5),
    )


class NoisyTagger(Tagger):
    def __init__(self):
        super().__init__(nn.LSTM, False)
        parametrize.register_parametrization(self.rnn, "weight_hh_l0", Noisy(), unsafe=True)


def images(n=4):
    return torch.randn(n, 3, 8, 8), torch.randint(0, 5, (n,))


def rows(n=6, width=16):
    return torch.randn(n, width), torch.randint(0, 5, (n,))


def tokens(n=4, length=7, classes=5, each=True):
    labels = torch.randint(0, classes, (n, length) if each else (n,))
    return torch.randint(0, 20, (n, length)), labels


#: name: (model, batch)
FAMILIES = {
    "mlp": (lambda: MLP(), rows),
    "mlp_functional": (lambda: MLP(functional=True), rows),
    "vgg": (vgg, images),
    "resnet": (lambda: ResNet(), images),
    "unet": (lambda: UNet(), images),
    "lstm_tagger": (lambda: Tagger(), tokens),
    "gru": (lambda: Tagger(nn.GRU, False), tokens),
    "encoder_post_norm": (lambda: Encoder(), lambda: tokens(each=False)),
    "encoder_pre_norm": (lambda: Encoder(True), lambda: tokens(each=False)),
    "gpt": (lambda: GPT(), lambda: tokens(classes=20)),
    "vit": (lambda: ViT(), images),
    "moe": (lambda: MoE(), rows),
    "spectral_norm": (lambda: parametrized(parametrizations.spectral_norm), rows),
    "spectral_norm_by_hook": (lambda: parametrized(nn.utils.spectral_norm), rows),
    "orthogonal": (lambda: parametrized(lambda layer: parametrizations.orthogonal(layer, orthogonal_map="cayley")), rows),
    "noisy_weights": (lambda: parametrized(noisy), rows),
    "noisy_recurrence": (lambda: NoisyTagger(), tokens),
}


def make(name, seed=0):
    torch.manual_seed(seed)
    model, batch = FAMILIES[name]
    return model(), [batch() for _ in range(4)]
