# SPDX-License-Identifier: Apache-2.0
"""The layers of plumb's network language in numpy, from their definitions: y = f(x) and the gradient that comes back.

Every layer has `text` (its word in the language), `kind`, `family` (what the ledger books it under), `row(x)` (the
shape of a sample of its output), `start(rng, x)` (parameters and running statistics for samples of shape x, by name),
and `forward(x, p)` and `vjp(x, g, p)`, with p its arrays by name. Nothing here is fast, or shared with plumb.
"""

import math

import numpy as np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def words(value):
    return "x".join(map(str, pair(value)))


def option(name, value, usual):
    return "" if value == usual else f" {name}={value}"


class Layer:
    family = "shape"

    def row(self, x):
        return x

    def start(self, _rng, _x):
        return {}


class Dense(Layer):
    kind, family = "dense", "linear"

    def __init__(self, units, bias=True, gain=1.0):
        self.units, self.bias, self.gain = units, bias, gain
        self.text = f"dense {units}" + ("" if bias else " bias=false")

    def row(self, x):
        return (*x[:-1], self.units)

    def start(self, rng, x):
        p = {"weight": self.gain / math.sqrt(x[-1]) * rng.normal(size=(self.units, x[-1]))}
        return {**p, "bias": 0.3 * rng.normal(size=self.units)} if self.bias else p

    def forward(self, x, p):
        return x @ p["weight"].T + p.get("bias", 0.0)

    def vjp(self, _x, g, p):
        return g @ p["weight"]

    def outputs_per_input(self, _p):
        return self.units


class Windows(Layer):
    """What slides a window over images [channels, height, width], or [height, width] of one channel."""

    def __init__(self, size, stride, pad):
        self.size, self.stride, self.pad = pair(size), pair(stride), pair(pad)

    def places(self, x):
        return [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(x[-2:], self.size, self.stride, self.pad)]

    def padded(self, x, outside=0.0):
        image = x if x.ndim == 4 else x[:, None]
        return np.pad(image, ((0, 0), (0, 0), *((p, p) for p in self.pad)), constant_values=outside)

    def cropped(self, image, x):
        (top, left), (rows, columns) = self.pad, x.shape[-2:]
        return image[:, :, top:top + rows, left:left + columns].reshape(x.shape)

    def taps(self, x):
        """For each pixel of the window: where in the padded image the windows have it."""
        (down, across), (rows, columns) = self.stride, self.places(x.shape)
        return [((k, l), np.s_[:, :, k:k + down * rows:down, l:l + across * columns:across])
                for k in range(self.size[0]) for l in range(self.size[1])]


class Conv(Windows):
    kind, family = "conv", "linear"

    def __init__(self, channels, size, stride=1, pad=None, groups=1, bias=True, gain=1.0):
        same = tuple((k - 1) // 2 for k in pair(size))
        super().__init__(size, stride, same if pad is None else pad)
        self.channels, self.groups, self.bias, self.gain = channels, groups, bias, gain
        self.text = (f"conv {channels} {words(size)}" + option("stride", words(stride), "1x1")
                     + option("pad", words(self.pad), words(same)) + option("groups", groups, 1)
                     + ("" if bias else " bias=false"))

    def row(self, x):
        return (self.channels, *self.places(x))

    def start(self, rng, x):
        inputs = (x[0] if len(x) == 3 else 1) // self.groups
        shape = (self.channels, inputs, *self.size)
        p = {"weight": self.gain / math.sqrt(np.prod(shape[1:])) * rng.normal(size=shape)}
        return {**p, "bias": 0.3 * rng.normal(size=self.channels)} if self.bias else p

    def grouped(self, image):
        return image.reshape(len(image), self.groups, -1, *image.shape[-2:])

    def weight_at(self, p, tap):
        """[groups, outputs of a group, inputs of a group], of one pixel of the window."""
        weight = p["weight"][:, :, tap[0], tap[1]]
        return weight.reshape(self.groups, -1, weight.shape[1])

    def forward(self, x, p):
        image = self.padded(x)
        y = sum(np.einsum("ngihw,goi->ngohw", self.grouped(image[at]), self.weight_at(p, tap))
                for tap, at in self.taps(x))
        return y.reshape(len(x), *self.row(x.shape[1:])) + p.get("bias", np.zeros(1))[:, None, None]

    def vjp(self, x, g, p):
        grad = np.zeros_like(self.padded(x))
        for tap, at in self.taps(x):
            part = np.einsum("ngohw,goi->ngihw", self.grouped(g), self.weight_at(p, tap))
            grad[at] += part.reshape(grad[at].shape)
        return self.cropped(grad, x)

    def outputs_per_input(self, _p):
        window = self.size[0] * self.size[1] / (self.stride[0] * self.stride[1])
        return max(1, math.floor(self.channels // self.groups * window + 0.5))


class Pool(Windows):
    family = "pooling"

    def __init__(self, kind, size, stride=None, pad=0):
        super().__init__(size, size if stride is None else stride, pad)
        self.kind = kind
        self.text = (f"{kind} {words(size)}" + option("stride", words(self.stride), words(size))
                     + option("pad", words(pad), "0x0"))

    def row(self, x):
        return (x[0] if len(x) == 3 else 1, *self.places(x))

    def pixels(self, x):
        image = self.padded(x, -np.inf if self.kind == "maxpool" else 0.0)
        return np.stack([image[at] for _, at in self.taps(x)])

    def forward(self, x, _p):
        pixels = self.pixels(x)
        return pixels.max(axis=0) if self.kind == "maxpool" else pixels.sum(axis=0) / len(pixels)

    def vjp(self, x, g, _p):
        grad, pixels = np.zeros(self.padded(x).shape), self.pixels(x)
        for index, (_, at) in enumerate(self.taps(x)):
            grad[at] += g * (pixels.argmax(axis=0) == index) if self.kind == "maxpool" else g / len(pixels)
        return self.cropped(grad, x)


class Gap(Layer):
    kind, text, family = "gap", "gap", "pooling"

    def row(self, x):
        return (x[0] if len(x) == 3 else 1,)

    def forward(self, x, _p):
        y = x.mean(axis=(-2, -1))
        return y if x.ndim == 4 else y[:, None]

    def vjp(self, x, g, _p):
        g = g if x.ndim == 4 else g[:, 0]
        return np.broadcast_to(g[..., None, None] / (x.shape[-2] * x.shape[-1]), x.shape)


class Flatten(Layer):
    kind, text = "flatten", "flatten"

    def row(self, x):
        return (int(np.prod(x)),)

    def forward(self, x, _p):
        return x.reshape(len(x), -1)

    def vjp(self, x, g, _p):
        return g.reshape(x.shape)


class Last(Layer):
    kind, text = "last", "last"

    def row(self, x):
        return x[1:]

    def forward(self, x, _p):
        return x[:, -1]

    def vjp(self, x, g, _p):
        grad = np.zeros(x.shape)
        grad[:, -1] = g
        return grad


class Softmax(Layer):
    """Over the last axis; an operation that the ledger does not take apart."""

    kind, text, family = "softmax", "softmax", "other"

    def forward(self, x, _p):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def vjp(self, x, g, p):
        y = self.forward(x, p)
        return y * (g - (g * y).sum(axis=-1, keepdims=True))


class Pad(Layer):
    """The shortcut of a `res pad`: every so many pixels, and zeros for what is new."""

    kind, text = "pad", "pad"

    def __init__(self, x, y):
        self.y, self.strides = y, (1, 1)
        if len(y) == 3:
            self.strides = tuple(next(s for s in range(1, a + 1) if (a - 1) // s + 1 == b)
                                 for a, b in zip(x[-2:], y[-2:]))

    def row(self, _x):
        return self.y

    def seen(self, x):
        if len(self.y) == 1:
            return np.s_[:, :x.shape[1]], np.s_[:]
        return np.s_[:, :x.shape[1]], np.s_[:, :, ::self.strides[0], ::self.strides[1]]

    def forward(self, x, _p):
        old, pixels = self.seen(x)
        y = np.zeros((len(x), *self.y))
        y[old] = x[pixels]
        return y

    def vjp(self, x, g, _p):
        old, pixels = self.seen(x)
        grad = np.zeros(x.shape)
        grad[pixels] = g[old]
        return grad


class Dropout(Layer):
    """Its mask is drawn by plumb: p["mask"] is what each element is multiplied with."""

    kind, family = "dropout", "dropout"

    def __init__(self, probability):
        self.probability, self.text = probability, f"dropout {probability}"

    def forward(self, x, p):
        return x * p["mask"]

    def vjp(self, _x, g, p):
        return g * p["mask"]


class Norm(Layer):
    family = "normalisation"

    def __init__(self, kind, groups=None, eps=None, affine=True):
        self.kind, self.groups, self.affine = kind, groups, affine
        self.eps = 1e-5 if eps is None else eps
        self.text = (kind + ("" if groups is None else f" {groups}") + ("" if eps is None else f" eps={eps}")
                     + ("" if affine else " affine=false"))

    def start(self, rng, x):
        by_row = {1: x, 2: x[1:], 3: x}[len(x)]  # of an ln or rmsnorm; a sequence's steps are rows
        features = by_row if self.kind in ("ln", "rmsnorm") else x[:1]
        p = {}
        if self.affine:
            p["weight"] = rng.choice([-1, 1], size=features) * rng.uniform(0.5, 1.5, size=features)
            if self.kind != "rmsnorm":
                p["bias"] = 0.3 * rng.normal(size=features)
        if self.kind == "bn":
            p.update(running_mean=np.zeros(x[:1]), running_var=np.ones(x[:1]))
        return p

    def rows(self, x):
        """The same values with those that are normalised together on the last axis, and the way back."""
        if self.kind == "bn":
            moved = np.moveaxis(x, 1, 0)
            return moved.reshape(len(moved), -1), lambda rows: np.moveaxis(rows.reshape(moved.shape), 0, 1)
        shape = {"gn": (len(x), self.groups, -1), "ln": (len(x), -1), "rmsnorm": (len(x), -1)}[self.kind]
        if x.ndim == 3 and self.kind != "gn":
            shape = x.shape
        return x.reshape(shape), lambda rows: rows.reshape(x.shape)

    def factor(self, x, values):
        """weight or bias beside x."""
        by_channel = x.ndim == 4 and self.kind in ("bn", "gn")
        return values[:, None, None] if by_channel else values

    def normalise(self, rows):
        centred = rows - (0.0 if self.kind == "rmsnorm" else rows.mean(axis=-1, keepdims=True))
        return centred, 1 / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + self.eps)

    def forward(self, x, p):
        rows, back = self.rows(x)
        centred, scale = self.normalise(rows)
        y = back(centred * scale)
        return y * self.factor(x, p.get("weight", np.ones(()))) + self.factor(x, p.get("bias", np.zeros(()))) \
            if self.affine else y

    def vjp(self, x, g, p):
        """Through the three steps: x - mean, 1 / sqrt(mean of its squares + eps), their product."""
        if self.affine:
            g = g * self.factor(x, p["weight"])
        rows, back = self.rows(x)
        g, _ = self.rows(g)
        centred, scale = self.normalise(rows)
        to_scale = (g * centred).sum(axis=-1, keepdims=True)
        to_square = to_scale * -0.5 * scale ** 3 / rows.shape[-1]
        grad = g * scale + to_square * 2 * centred
        return back(grad - (0.0 if self.kind == "rmsnorm" else grad.mean(axis=-1, keepdims=True)))
