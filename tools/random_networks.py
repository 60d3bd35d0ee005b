# SPDX-License-Identifier: Apache-2.0
"""Random networks in plumb's language, each with the same network of torch modules."""

import re

import numpy as np
import torch

from torch_modules import (LOSSES, ConvOfPlain, GlobalAverage, Gru, Highway, Identity, Last, Lstm, Pad, Residual,
                           RmsNorm, Rnn, deep_image_network)


def random_recurrent(rng, features):
    units = rng.choice([1, 2, 3, 5, 8, 16, 17])
    kind, options = rng.choice([("rnn", {}), ("rnn", {"nonlinearity": "relu"}), ("lstm", {}), ("gru", {})])
    both, bias = rng.random() < 0.3, rng.random() < 0.8
    text = f"{kind} {units}" + (" bidirectional" if both else "") + (" act=relu" if options else "")
    text += "" if bias else " bias=false"
    module = {"rnn": Rnn, "lstm": Lstm, "gru": Gru}[kind](
        features, units, bias=bias, bidirectional=both, batch_first=True, **options)
    return text, module, units * (2 if both else 1)


def random_sequence_case(rng):
    """One to three recurrent layers, maybe with dense ones and activations between; one label a sample or a step."""
    rows = (rng.choice([1, 2, 7, 30]), rng.randint(1, 6))
    features = rows[1]
    texts, modules = [], []
    for _ in range(rng.randint(1, 3)):
        text, module, features = random_recurrent(rng, features)
        texts.append(text)
        modules.append(module)
        if rng.random() < 0.3:
            text, module, features = random_dense(rng, features)
            activation, activated = random_activation(rng)
            texts += [text, activation]
            modules += [module, activated]
    per_step = rng.random() < 0.4
    if not per_step:
        texts.append("last")
        modules.append(Last())
    classes = rng.randint(2, 7)
    return {
        "network": " > ".join(texts + [f"dense {classes}"]),
        "module": torch.nn.Sequential(*modules, torch.nn.Linear(features, classes)),
        "rows": rows,
        "classes": classes,
        "per_step": per_step,
        "batch": rng.choice([1, 2, 3, 8, 17, 33]),
        "loss": rng.choice(list(LOSSES)),
        "init": rng.choice(["pytorch", "glorot_normal", "orthogonal"]),
        "gain": rng.choice([0.5, 1.0]),
    }


def random_activation(rng):
    """A word of the network language and the same torch module."""
    slope = round(rng.uniform(0.01, 0.5), 3)
    low, high = round(rng.uniform(-2, -0.1), 2), round(rng.uniform(0.1, 2), 2)
    return rng.choice([
        ("identity", Identity()),
        ("sigmoid", torch.nn.Sigmoid()),
        ("tanh", torch.nn.Tanh()),
        ("relu", torch.nn.ReLU()),
        ("leaky_relu", torch.nn.LeakyReLU()),
        (f"leaky_relu {slope}", torch.nn.LeakyReLU(slope)),
        ("relu6", torch.nn.ReLU6()),
        ("prelu", torch.nn.PReLU()),
        (f"prelu {slope}", torch.nn.PReLU(init=slope)),
        (f"elu {slope * 4:.3f}", torch.nn.ELU(float(f"{slope * 4:.3f}"))),
        ("celu", torch.nn.CELU()),
        # PyTorch takes the slopes of celu in float: a power of 2 leaves them exact.
        ("celu 0.5", torch.nn.CELU(0.5)),
        ("selu", torch.nn.SELU()),
        ("gelu", torch.nn.GELU()),
        ("gelu approximate=tanh", torch.nn.GELU(approximate="tanh")),
        ("silu", torch.nn.SiLU()),
        ("hardswish", torch.nn.Hardswish()),
        ("mish", torch.nn.Mish()),
        # Above its threshold torch takes softplus for the identity; at its own 20 a double sees e^-20.
        ("softplus", torch.nn.Softplus(threshold=40)),
        ("softsign", torch.nn.Softsign()),
        ("hardtanh", torch.nn.Hardtanh()),
        (f"hardtanh {low} {high}", torch.nn.Hardtanh(low, high)),
        ("softmax", torch.nn.Softmax(dim=-1)),
        ("dropout 0", Identity()),
    ])


def random_norm(rng, features, batch):
    """Normalisation of three values or more: one has no gradient and two have next to none, which leaves rounding noise
    to compare. PyTorch refuses a batch of one, so that gets no batch normalisation."""
    affine = rng.random() < 0.7
    option = "" if affine else " affine=false"
    eps = rng.choice([1e-5, 1e-3])
    groups = rng.choice([g for g in range(1, features // 3 + 1) if features % g == 0])
    choices = [
        (f"ln eps={eps}{option}", torch.nn.LayerNorm(features, eps, affine)),
        (f"rmsnorm{option}", RmsNorm(features, affine)),
        (f"gn {groups}{option}", torch.nn.GroupNorm(groups, features, affine=affine)),
    ]
    if batch > 2:
        momentum = rng.choice([0.1, 0.01, 1.0])
        bn = torch.nn.BatchNorm1d(features, eps, momentum, affine)
        choices += [(f"bn eps={eps} momentum={momentum}{option}", bn)] * 2
    return rng.choice(choices)


def random_image_norm(rng, shape, batch):
    channels = shape[0]
    group_size = shape[1] * shape[2]  # of one channel
    groups = rng.choice([g for g in range(1, channels + 1)
                         if channels % g == 0 and channels // g * group_size > 2])
    choices = [
        ("ln", torch.nn.LayerNorm(shape)),
        (f"gn {groups}", torch.nn.GroupNorm(groups, channels)),
    ]
    if batch * shape[1] * shape[2] > 2:
        choices += [("bn", torch.nn.BatchNorm2d(channels))] * 3
    return rng.choice(choices)


def random_images(rng, shape, batch):
    """Convolutions, normalised and not, of images [channels, height, width], down to rows."""
    texts, modules = [], []
    for _ in range(rng.randint(1, 3)):
        channels = rng.choice([2, 3, 8, 16])
        texts.append(f"conv {channels} 3x3")
        modules.append(torch.nn.Conv2d(shape[0], channels, 3, padding=1))
        shape = (channels, *shape[1:])
        if rng.random() < 0.8:
            text, module = random_image_norm(rng, shape, batch)
            texts.append(text)
            modules.append(module)
        texts.append("tanh")
        modules.append(torch.nn.Tanh())
    texts.append("flatten")
    modules.append(torch.nn.Flatten())
    return texts, modules, int(np.prod(shape))


def random_dense(rng, features):
    units = rng.choice([1, 2, 3, 5, 8, 13, 16, 17, 33])
    bias = rng.random() < 0.7
    text = f"dense {units}" + ("" if bias else " bias=false")
    return text, torch.nn.Linear(features, units, bias=bias), units


def random_scale(rng):
    """How a residual block scales its branch: options in the language, and of Residual."""
    kind = rng.random()
    if kind < 0.3:
        scale = rng.choice([0.5, 0.1, -0.7])
        return f" scale={scale}", {"scale": scale}
    if kind < 0.5:
        alpha = rng.choice([0.25, -1.5])
        return f" alpha={alpha}", {"alpha": alpha}
    if kind < 0.6:
        return " rezero", {"alpha": 0.0}
    return "", {}


def random_join(rng, inner_text, inner, features, width, batch):
    """A residual block or a highway around a chain from `features` to `width`: its text and its module."""
    if width == features and rng.random() < 0.3:
        bias = rng.choice([-2, -1, 0.5])
        return f"highway bias={bias}[{inner_text}]", Highway(inner, torch.nn.Linear(features, features))
    option, ways = "", {}
    if width > features and rng.random() < 0.5:
        option, ways = " pad", {"pad": Pad(width - features)}
    elif width != features or rng.random() < 0.3:
        option, ways = " proj", {"proj": torch.nn.Linear(features, width, bias=False)}
        if batch > 2 and rng.random() < 0.4:
            option, ways["proj_bn"] = " proj=bn", torch.nn.BatchNorm1d(width)
    text, scale = random_scale(rng)
    return f"res{option}{text}[{inner_text}]", Residual(inner, **scale, **ways)


def random_chain(rng, features, length, nesting, batch):
    """A chain of random layers: its text, its modules (None for what another name holds) and its width."""
    texts, modules = [], []
    for _ in range(length):
        kind = rng.random()
        if kind < 0.4:
            text, module, features = random_dense(rng, features)
        elif kind < 0.55 and features > 2:
            text, module = random_norm(rng, features, batch)
        elif kind < 0.85 or nesting == 0:
            text, module = random_activation(rng)
        else:
            inner_text, inner, width = random_chain(rng, features, rng.randint(1, 3), nesting - 1, batch)
            text, module = random_join(rng, inner_text, inner, features, width, batch)
            features = width
        texts.append(text)
        modules.append(module)
    return " > ".join(texts), torch.nn.Sequential(*modules), features


def random_conv(rng, shape, plain=False):
    """A convolution that fits images [channels, height, width]: text, module, shape of its output."""
    channels, height, width = shape
    groups = rng.choice([g for g in (1, 1, 1, 2, 3, 4, 16) if channels % g == 0])
    out = groups * rng.choice([1, 2, 3, 4, 8]) if groups < 16 else groups * rng.choice([1, 2])
    if groups == 1:
        out = rng.choice([1, 2, 5, 16, 16, 32])
    size = (rng.choice([1, 2, 3, 3, 5]), rng.choice([1, 2, 3, 3]))
    if rng.random() < 0.6:
        size = (size[0], size[0])
    stride = rng.choice([(1, 1), (1, 1), (2, 2), (1, 3)])
    same = ((size[0] - 1) // 2, (size[1] - 1) // 2)
    pad = rng.choice([same, same, (2, 1), (0, 3)])
    new = [(n + 2 * p - k) // s + 1 if n + 2 * p >= k else 0
           for n, p, k, s in zip((height, width), pad, size, stride)]
    if min(new) < 1:
        size, pad, stride, new = (1, 1), (0, 0), (1, 1), [height, width]
        same = (0, 0)
    bias = rng.random() < 0.7
    text = f"conv {out} {size[0]}x{size[1]}"
    text += "" if stride == (1, 1) else f" stride={stride[0]}x{stride[1]}"
    text += "" if pad == same else f" pad={pad[0]}x{pad[1]}"
    text += "" if groups == 1 else f" groups={groups}"
    text += "" if bias else " bias=false"
    kind = ConvOfPlain if plain else torch.nn.Conv2d
    module = kind(channels, out, size, stride=stride, padding=pad, groups=groups, bias=bias)
    return text, module, (out, *new)


def random_pool(rng, shape):
    size = rng.randint(1, min(3, shape[1], shape[2]))
    stride, pad = rng.randint(1, 3), rng.randint(0, size // 2)
    word, kind = rng.choice([("maxpool", torch.nn.MaxPool2d), ("avgpool", torch.nn.AvgPool2d)])
    new = [(n + 2 * pad - size) // stride + 1 for n in shape[1:]]
    return f"{word} {size} stride={stride} pad={pad}", kind(size, stride, pad), (shape[0], *new)


def stride_between(before, after):
    """The smallest stride of a window of one pixel from `before` pixels to `after`; None if there is none."""
    return next((s for s in range(1, before + 1) if (before - 1) // s + 1 == after), None)


def random_branch(rng, shape, batch):
    """One to three convolutions, normalised and not; the first may have a stride: text, module, shape of the output."""
    channels, height, width = shape
    out = rng.choice([channels, channels, 2 * channels, rng.choice([1, 2, 5, 16, 32])])
    stride = rng.choice([(1, 1), (1, 1), (2, 2), (1, 2), (3, 1)])
    size = rng.choice([1, 3, 3, 5])
    texts = [f"conv {out} {size}x{size} stride={stride[0]}x{stride[1]} bias=false"]
    modules = [torch.nn.Conv2d(channels, out, size, stride, (size - 1) // 2, bias=False)]
    shape = (out, (height - 1) // stride[0] + 1, (width - 1) // stride[1] + 1)
    for index in range(rng.randint(1, 3)):
        if index > 0:
            texts += [f"conv {out} 3x3"]
            modules += [torch.nn.Conv2d(out, out, 3, padding=1)]
        if rng.random() < 0.5 and batch * int(np.prod(shape[1:])) > 2 and int(np.prod(shape)) > 2:
            text, module = random_image_norm(rng, shape, batch)
            texts.append(text)
            modules.append(module)
        if rng.random() < 0.7:
            text, module = random_activation(rng)
            texts.append(text)
            modules.append(module)
    return " > ".join(texts), torch.nn.Sequential(*modules), shape


def random_image_join(rng, shape, batch, nesting):
    """A residual block of any shortcut, or a highway, around a branch of images; the branch may hold another."""
    channels = shape[0]
    text, branch, new = random_branch(rng, shape, batch)
    if nesting > 0 and rng.random() < 0.3:
        inner_text, inner, new = random_image_join(rng, new, batch, nesting - 1)
        text, branch = f"{text} > {inner_text}", branch.append(inner)
    strides = tuple(stride_between(a, b) for a, b in zip(shape[1:], new[1:]))
    if new == shape and rng.random() < 0.3:
        bias = rng.choice([-2, -1, 0.5])
        gate = torch.nn.Conv2d(channels, channels, 3, padding=1)
        return f"highway bias={bias}[{text}]", Highway(branch, gate), new
    option, ways = "", {}
    if new != shape and new[0] >= channels and rng.random() < 0.5:
        option, ways = " pad", {"pad": Pad(new[0] - channels, strides)}
    elif new != shape or rng.random() < 0.3:
        option, ways = " proj", {"proj": torch.nn.Conv2d(channels, new[0], 1, strides, bias=False)}
        if batch * new[1] * new[2] > 2 and rng.random() < 0.5:
            option, ways["proj_bn"] = " proj=bn", torch.nn.BatchNorm2d(new[0])
    scale_text, scale = random_scale(rng)
    return f"res{option}{scale_text}[{text}]", Residual(branch, **scale, **ways), new


def random_images_chain(rng, shape, length, batch):
    texts, modules = [], []
    for _ in range(length):
        kind = rng.random()
        if kind < 0.35:
            text, module, shape = random_conv(rng, shape)
        elif kind < 0.5:
            text, module, shape = random_pool(rng, shape)
        elif kind < 0.65:
            text, module = random_activation(rng)
        else:
            text, module, shape = random_image_join(rng, shape, batch, 1)
        texts.append(text)
        modules.append(module)
    return texts, modules, shape


def random_images_case(rng):
    plain = rng.random() < 0.25
    rows = (rng.randint(3, 9), rng.randint(3, 9))
    channels = 1 if plain else rng.choice([1, 2, 3, 16])
    batch = rng.choice([1, 2, 3, 8])
    text, module, shape = random_conv(rng, (channels, *rows), plain)
    texts, modules, shape = random_images_chain(rng, shape, rng.randint(0, 6), batch)
    if rng.random() < 0.5:
        end, features = ("gap", GlobalAverage()), shape[0]
    else:
        end, features = ("flatten", torch.nn.Flatten()), int(np.prod(shape))
    classes = rng.randint(1, 7)
    return {
        "network": " > ".join([text, *texts, end[0], f"dense {classes}"]),
        "module": torch.nn.Sequential(module, *modules, end[1], torch.nn.Linear(features, classes)),
        "rows": rows if plain else (channels, *rows),
        "classes": classes,
        "batch": batch,
        "loss": rng.choice(list(LOSSES)),
        "init": rng.choice(["pytorch", "glorot_normal", "he_normal", "delta_orthogonal", "normal:0.3"]),
        "gain": rng.choice([0.5, 1.0, 1.5]),
    }


def random_preset_case(rng):
    """A whole residual or plain network of 8 to 56 layers, as He et al. 2015 have it."""
    depth, residual = rng.choice([8, 8, 8, 14, 14, 20, 56]), rng.random() < 0.8
    options = {"classes": rng.randint(2, 7), "width": rng.choice([1, 3, 4, 8, 16])}
    bn, proj = rng.random() < 0.8, residual and rng.random() < 0.5
    rows = (rng.choice([1, 3]), rng.randint(5, 12), rng.randint(5, 12))
    words = [f"{'resnet' if residual else 'plain'}{depth}", *(["proj"] if proj else []), f"bn={str(bn).lower()}",
             *(f"{name}={value}" for name, value in options.items())]
    return {
        "network": " ".join(words),
        "module": deep_image_network(depth, residual, rows[0], **options, bn=bn, proj=proj),
        "rows": rows,
        "classes": options["classes"],
        "batch": rng.choice([3, 4, 8]),
        "loss": rng.choice(["cross_entropy", "binary_cross_entropy", "mse"]),
        "init": rng.choice(["pytorch", "glorot_normal", "he_normal"]),
        "gain": 1.0,
    }


def random_chain_case(rng):
    rows = rng.choice([(rng.randint(1, 20),), (rng.randint(1, 5), rng.randint(1, 5)), (2, 3, 4)])
    batch = rng.choice([1, 2, 3, 8, 17])
    if len(rows) == 3:
        texts, modules, features = random_images(rng, rows, batch)
    elif len(rows) == 2:
        texts, modules, features = ["flatten"], [torch.nn.Flatten()], int(np.prod(rows))
    else:
        texts, modules, features = [], [], rows[0]
    text, chain, features = random_chain(rng, features, rng.randint(1, 8), 2, batch)
    classes = rng.randint(1, 7)
    texts += [text, f"dense {classes}"]
    modules += list(chain)
    modules.append(torch.nn.Linear(features, classes))
    return {
        "network": " > ".join(texts),
        "module": torch.nn.Sequential(*modules),
        "rows": rows,
        "classes": classes,
        "batch": batch,
        "loss": rng.choice(list(LOSSES)),
        "init": rng.choice(["pytorch", "glorot_normal", "he_normal", "orthogonal", "normal:0.3"]),
        "gain": rng.choice([0.5, 1.0, 1.5]),
    }


def random_case(rng, index):
    """Every fourth is one of sequences, every eighth a preset."""
    if index % 4 == 3:
        case = random_sequence_case(rng)
    elif index % 8 == 4:
        case = random_preset_case(rng)
    else:
        case = random_images_case(rng) if rng.random() < 0.4 else random_chain_case(rng)
    # The loss `difference` has the same gradient for every sample, of which batch normalisation leaves nothing: what
    # is left to compare are rounding errors.
    if case["loss"] == "difference" and re.search(r"\bbn\b", case["network"]):
        case["loss"] = "mse"
    return case
