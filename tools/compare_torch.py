#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares plumb with PyTorch on random networks.

For each of N random network strings, `plumb probe --save-tensors` runs one forward and backward pass; the
same network is built from torch.nn modules, gets plumb's parameters and input, and every output, every
gradient and the loss must agree. Differences are measured as the largest absolute difference divided by
the largest magnitude of the tensor, and must stay below 1e-11 in double and 3e-4 in float.

usage: compare_torch.py PLUMB [--networks N] [--seed S]
Exit code 0 when all agree, 1 when not, 77 when PyTorch is not installed (ctest: skipped).
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch
except ImportError:
    print("compare_torch: PyTorch or numpy is not installed; skipped")
    sys.exit(77)

TOLERANCE = {"double": 1e-11, "float": 3e-4}
# Below this the true value of a double is a denormal and has lost its digits.
SMALLEST = 1e-300


class Difference(torch.nn.Module):
    """The loss `difference`: mean over the batch of the summed y - target."""

    def forward(self, y, target):
        return (y - target).sum() / y.shape[0]


class HalfMse(torch.nn.Module):
    def forward(self, y, target):
        return 0.5 * ((y - target) ** 2).sum() / y.shape[0]


class SummedBce(torch.nn.Module):
    def forward(self, y, target):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(y, target, reduction="sum")
        return loss / y.shape[0]


LOSSES = {
    "cross_entropy": (torch.nn.CrossEntropyLoss, False),
    "binary_cross_entropy": (SummedBce, True),
    "mse": (HalfMse, True),
    "difference": (Difference, True),
}


class Identity(torch.nn.Module):
    """A tensor of its own, so that its gradient is not that of its input as well."""

    def forward(self, x):
        return x.clone()


class Residual(torch.nn.Module):
    """y = shortcut(x) + scale * branch(x); the scale a number or, given as alpha, learned."""

    def __init__(self, branch, scale, proj, pad=None, alpha=None):
        super().__init__()
        self.branch, self.scale, self.proj, self.pad = branch, scale, proj, pad
        self.alpha = torch.nn.Parameter(torch.tensor([alpha])) if alpha is not None else None

    def forward(self, x):
        shortcut = x
        if self.proj is not None:
            shortcut = self.proj(x)
        elif self.pad is not None:
            shortcut = self.pad(x)
        return shortcut + (self.scale if self.alpha is None else self.alpha) * self.branch(x)


class Pad(torch.nn.Module):
    """Zeros for the features that are new."""

    def __init__(self, new):
        super().__init__()
        self.new = new

    def forward(self, x):
        return torch.nn.functional.pad(x, (0, self.new))


class Highway(torch.nn.Module):
    def __init__(self, branch, features):
        super().__init__()
        self.branch, self.gate = branch, torch.nn.Linear(features, features)

    def forward(self, x):
        transform = torch.sigmoid(self.gate(x))
        return transform * self.branch(x) + (1 - transform) * x


JOINS = (Residual, Highway)


class Rnn(torch.nn.RNN):
    """The recurrent modules with their output alone, as a chain wants it."""

    def forward(self, x):
        return super().forward(x)[0]


class Lstm(torch.nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0]


class Gru(torch.nn.GRU):
    def forward(self, x):
        return super().forward(x)[0]


class Last(torch.nn.Module):
    def forward(self, x):
        return x[:, -1].clone()


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
        ("prelu", torch.nn.PReLU()),
        (f"elu {slope * 4:.3f}", torch.nn.ELU(float(f"{slope * 4:.3f}"))),
        ("selu", torch.nn.SELU()),
        ("gelu", torch.nn.GELU()),
        ("gelu approximate=tanh", torch.nn.GELU(approximate="tanh")),
        ("silu", torch.nn.SiLU()),
        # Above its threshold torch takes softplus for the identity; at its own 20 a double sees e^-20.
        ("softplus", torch.nn.Softplus(threshold=40)),
        ("softsign", torch.nn.Softsign()),
        ("hardtanh", torch.nn.Hardtanh()),
        (f"hardtanh {low} {high}", torch.nn.Hardtanh(low, high)),
        ("dropout 0", Identity()),
    ])


class RmsNorm(torch.nn.Module):
    def __init__(self, features, affine):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features)) if affine else None

    def forward(self, x):
        y = x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5)
        return y if self.weight is None else y * self.weight


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


def random_join(rng, inner_text, inner, features, width):
    """A residual block or a highway around a chain from `features` to `width`: its text and its module."""
    if width == features and rng.random() < 0.3:
        bias = rng.choice([-2, -1, 0.5])
        return f"highway bias={bias}[{inner_text}]", Highway(inner, features)
    proj = pad = None
    options = ""
    if width > features and rng.random() < 0.5:
        options, pad = " pad", Pad(width - features)
    elif width != features or rng.random() < 0.3:
        options, proj = " proj", torch.nn.Linear(features, width, bias=False)
    scale, alpha = 1.0, None
    kind = rng.random()
    if kind < 0.3:
        scale = rng.choice([0.5, 0.1, -0.7])
        options += f" scale={scale}"
    elif kind < 0.5:
        alpha = rng.choice([0.25, -1.5])
        options += f" alpha={alpha}"
    elif kind < 0.6:
        alpha = 0.0
        options += " rezero"
    return f"res{options}[{inner_text}]", Residual(inner, scale, proj, pad, alpha)


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
            text, module = random_join(rng, inner_text, inner, features, width)
            features = width
        texts.append(text)
        modules.append(module)
    return " > ".join(texts), torch.nn.Sequential(*modules), features


class ConvOfPlain(torch.nn.Conv2d):
    """A convolution of images without an axis of channels."""

    def forward(self, x):
        return super().forward(x.unsqueeze(1))


class GlobalAverage(torch.nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


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


def random_images_chain(rng, shape, length):
    texts, modules = [], []
    for _ in range(length):
        kind = rng.random()
        if kind < 0.45:
            text, module, shape = random_conv(rng, shape)
        elif kind < 0.6:
            text, module, shape = random_pool(rng, shape)
        elif kind < 0.8:
            text, module = random_activation(rng)
        else:
            inner, activation = random_activation(rng)
            first = torch.nn.Conv2d(shape[0], 16, 3, padding=1)
            second = torch.nn.Conv2d(16, shape[0], 3, padding=1, bias=False)
            text = f"res[conv 16 3x3 > {inner} > conv {shape[0]} 3x3 bias=false]"
            module = Residual(torch.nn.Sequential(first, activation, second), 1.0, None)
        texts.append(text)
        modules.append(module)
    return texts, modules, shape


def random_images_case(rng):
    plain = rng.random() < 0.25
    rows = (rng.randint(3, 9), rng.randint(3, 9))
    channels = 1 if plain else rng.choice([1, 2, 3, 16])
    text, module, shape = random_conv(rng, (channels, *rows), plain)
    texts, modules, shape = random_images_chain(rng, shape, rng.randint(0, 6))
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
        "batch": rng.choice([1, 2, 3, 8]),
        "loss": rng.choice(list(LOSSES)),
        "init": rng.choice(["pytorch", "glorot_normal", "he_normal", "delta_orthogonal", "normal:0.3"]),
        "gain": rng.choice([0.5, 1.0, 1.5]),
    }


def random_case(rng):
    if rng.random() < 0.4:
        return random_images_case(rng)
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


def torch_name(module, path):
    """plumb's path '3.0' of a layer inside a residual block is torch's '3.branch.0'."""
    parts = path.split(".")
    names = []
    for index, part in enumerate(parts):
        names.append(part)
        child = module.get_submodule(".".join(names))
        if isinstance(child, JOINS) and index + 1 < len(parts) and parts[index + 1].isdigit():
            names.append("branch")
    return ".".join(names)


def run_torch(case, arrays, labels, dtype):
    module = case["module"].to(dtype)
    module.zero_grad(set_to_none=True)
    tensors = {}

    def keep(path):
        def hook(_module, _inputs, output):
            output.retain_grad()
            tensors[path] = output
        return hook

    def watch(chain, prefix):
        for name, child in chain.named_children():
            path = f"{prefix}{name}"
            if isinstance(child, JOINS):
                watch(child.branch, path + ".")
                for beside in ("proj", "pad", "gate"):
                    if getattr(child, beside, None) is not None:
                        getattr(child, beside).register_forward_hook(keep(f"{path}.{beside}"))
            child.register_forward_hook(keep(path))

    watch(module, "")
    for name, _ in list(module.named_parameters()):
        plumb_name = name.replace(".branch.", ".")
        value = torch.from_numpy(arrays[plumb_name]).to(dtype)
        module.get_parameter(name).data.copy_(value)
    for name, buffer in module.named_buffers():  # as plumb's were before its pass
        if not name.endswith("num_batches_tracked"):
            buffer.fill_(1.0 if name.endswith("running_var") else 0.0)
    x = torch.from_numpy(arrays["x"]).to(dtype).requires_grad_(True)
    make_loss, one_hot = LOSSES[case["loss"]]
    target = torch.from_numpy(labels).reshape(-1)
    if one_hot and case["classes"] == 1:
        target = target.to(dtype).reshape(-1, 1)  # a single output is compared with the label itself
    elif one_hot:
        target = torch.nn.functional.one_hot(target, case["classes"]).to(dtype)
    y = module(x)
    if case.get("per_step"):
        y = y.reshape(-1, case["classes"])  # each step is a row
    loss = make_loss()(y, target)
    loss.backward()

    expected = {"grad_x": x.grad}
    for name, parameter in module.named_parameters():
        expected["grad/" + name.replace(".branch.", ".")] = parameter.grad
    for name, buffer in module.named_buffers():
        if not name.endswith("num_batches_tracked"):
            expected[name.replace(".branch.", ".")] = buffer
    for path, output in tensors.items():
        expected[f"out/{path}"] = output.detach()
        expected[f"grad_out/{path}"] = output.grad
    return loss.item(), {name: t.double().numpy() for name, t in expected.items() if t is not None}


def size_of_terms(name, tensors):
    """The size of what a mean or the gradient of a bias or factor sums: near a normalisation the sum is zero but for rounding."""
    if name.endswith("running_mean"):
        return float(np.sqrt(tensors[name.replace("_mean", "_var")].max()))
    path = name.removeprefix("grad/").rpartition(".")[0]
    if not name.startswith("grad/") or tensors[name].ndim > 1 or f"grad_out/{path}" not in tensors:
        return 0.0
    terms = np.abs(tensors[f"grad_out/{path}"])
    return float(terms.sum(axis=tuple(axis for axis in range(terms.ndim) if axis != 1)).max())


def relative_difference(actual, expected, terms=0.0):
    scale = max(np.abs(expected).max(initial=0.0), terms)
    if scale < SMALLEST:
        return 0.0 if np.abs(actual).max(initial=0.0) < SMALLEST else float("inf")
    return float(np.abs(actual - expected).max(initial=0.0) / scale)


def check(plumb, case, precision, directory, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(case["batch"], *case["rows"])).astype(np.float32)
    steps = (case["rows"][0],) if case.get("per_step") else ()
    labels = generator.integers(0, case["classes"], size=(case["batch"], *steps))
    labels.flat[0] = case["classes"] - 1  # so that the number of classes is seen in the data
    data = directory / "data.npz"
    tensors = directory / "tensors.npz"
    np.savez(data, x=x, y=labels)
    command = [plumb, "probe", case["network"], "--data", f"npz:{data}", "--validation", "0",
               "--shuffle", "false", "--batch", str(case["batch"]), "--loss", case["loss"],
               "--init", case["init"], "--gain", str(case["gain"]), "--seed", str(seed),
               "--precision", precision, "--save-tensors", str(tensors), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return [f"plumb failed: {result.stderr.strip()}"]
    arrays = dict(np.load(tensors))
    if not np.array_equal(arrays["x"], x.astype(np.float64)):
        return ["the input is not the one that was given"]
    dtype = torch.float64 if precision == "double" else torch.float32
    loss, expected = run_torch(case, arrays, labels, dtype)

    problems = []
    plumb_loss = json.loads(result.stdout)["loss"]
    if plumb_loss is None or abs(plumb_loss - loss) > TOLERANCE[precision] * max(1.0, abs(loss)):
        problems.append(f"loss {plumb_loss}, PyTorch {loss}")
    for name, value in expected.items():
        if name not in arrays:
            problems.append(f"{name} is missing")
            continue
        difference = relative_difference(arrays[name], value, size_of_terms(name, expected))
        if not difference <= TOLERANCE[precision]:
            problems.append(f"{name} differs by {difference:.2e}")
    return problems


def check_state_dict(plumb, directory):
    """A PyTorch state dict saved as NPZ must load with --weights and give PyTorch's output."""
    torch.manual_seed(3)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.GELU(), torch.nn.Linear(8, 8, bias=False),
        torch.nn.PReLU(), torch.nn.Linear(8, 4)).double()
    network = "flatten > dense 8 > gelu > dense 8 bias=false > prelu > dense 4"
    weights, data, tensors = directory / "w.npz", directory / "data.npz", directory / "tensors.npz"
    np.savez(weights, **{name: value.numpy() for name, value in module.state_dict().items()})
    x = np.random.default_rng(3).normal(size=(5, 3, 4)).astype(np.float32)
    np.savez(data, x=x, y=np.array([0, 1, 2, 3, 0]))
    subprocess.run(
        [plumb, "probe", network, "--weights", str(weights), "--data", f"npz:{data}", "--validation", "0",
         "--shuffle", "false", "--batch", "5", "--precision", "double", "--save-tensors", str(tensors),
         "--json"], check=True, capture_output=True)
    with torch.no_grad():
        expected = module(torch.from_numpy(x).double()).numpy()
    return relative_difference(np.load(tensors)["out/5"], expected)


def check_recurrent_state_dict(plumb, directory):
    """The same of stacked recurrent layers."""
    torch.manual_seed(4)
    module = torch.nn.Sequential(Lstm(3, 5, batch_first=True, bidirectional=True), Gru(10, 4, batch_first=True),
                                 Rnn(4, 3, batch_first=True), Last(), torch.nn.Linear(3, 2)).double()
    weights, data, tensors = directory / "w.npz", directory / "data.npz", directory / "tensors.npz"
    np.savez(weights, **{name: value.numpy() for name, value in module.state_dict().items()})
    x = np.random.default_rng(4).normal(size=(5, 9, 3)).astype(np.float32)
    np.savez(data, x=x, y=np.array([0, 1, 1, 0, 1]))
    subprocess.run(
        [plumb, "probe", "lstm 5 bidirectional > gru 4 > rnn 3 > last > dense 2", "--weights", str(weights),
         "--data", f"npz:{data}", "--validation", "0", "--shuffle", "false", "--batch", "5", "--precision",
         "double", "--save-tensors", str(tensors), "--json"], check=True, capture_output=True)
    with torch.no_grad():
        expected = module(torch.from_numpy(x).double()).numpy()
    return relative_difference(np.load(tensors)["out/4"], expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plumb")
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    failures = 0
    # Without oneDNN: PyTorch 1.13 reads memory that nobody wrote in the backward of a float gelu behind
    # a gru (NaN in one run, 1e31 in the next), and is right without it.
    with tempfile.TemporaryDirectory() as name, torch.backends.mkldnn.flags(enabled=False):
        difference = max(check_state_dict(options.plumb, Path(name)),
                         check_recurrent_state_dict(options.plumb, Path(name)))
        if difference > TOLERANCE["double"]:
            failures += 1
            print(f"a PyTorch state dict loaded with --weights: the output differs by {difference:.2e}")
        for index in range(options.networks):
            rng = random.Random(options.seed * 1_000_003 + index)
            # Every fourth is one of sequences.
            case = random_sequence_case(rng) if index % 4 == 3 else random_case(rng)
            # The loss `difference` has the same gradient for every sample, of which batch normalisation
            # leaves nothing: what is left to compare are rounding errors.
            if case["loss"] == "difference" and "bn" in case["network"].replace("[", " ").split():
                case["loss"] = "mse"
            for precision in ("double", "float"):
                problems = check(options.plumb, case, precision, Path(name), options.seed + index)
                if problems:
                    failures += 1
                    print(f"{index} ({precision}, {case['loss']}, {case['init']}): {case['network']}")
                    for problem in problems[:5]:
                        print(f"    {problem}")
    print(f"compare_torch: {options.networks} networks in double and float against PyTorch "
          f"{torch.__version__}, {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
