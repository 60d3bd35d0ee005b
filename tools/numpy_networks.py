# SPDX-License-Identifier: Apache-2.0
"""Networks of numpy layers, each with its text in plumb's language: some for a corner of the ledger, others random.

The same seed gives the same networks, parameters and data.
"""

import math

import numpy as np

from numpy_activations import ACTIVATIONS, Activation
from numpy_layers import Conv, Dense, Dropout, Flatten, Gap, Last, Norm, Pad, Pool, Softmax, option
from numpy_recurrent import Recurrent


class Block:
    """A residual block or, with a gate, a highway. The shortcut is a list of (name, layer), empty for the identity."""

    family = "residual"

    def __init__(self, branch, word="", shortcut=(), scale=1.0, alpha=None, gate=None):
        self.branch, self.shortcut, self.scale, self.alpha, self.gate = branch, shortcut, scale, alpha, gate
        self.kind = "res" if gate is None else "highway"
        rezero = alpha == 0
        self.text = (self.kind + word + (" rezero" if rezero else "") + option("scale", scale, 1.0)
                     + ("" if alpha is None or rezero else f" alpha={alpha}") + f"[{chain_text(branch)}]")

    def row(self, x):
        return row_after(self.branch, x)

    def start(self, _rng, _x):
        return {} if self.alpha is None else {"alpha": np.array([self.alpha])}


def chain_text(chain):
    return " > ".join(layer.text for layer in chain)


def row_after(chain, x):
    for layer in chain:
        x = layer.row(x)
    return x


def places(chain, x, parent=""):
    """(path, layer, shape of a sample of its input) of every layer, those inside blocks too."""
    for index, layer in enumerate(chain):
        path = f"{parent}{index}"
        if isinstance(layer, Block):
            yield from places(layer.branch, x, path + ".")
            between = x
            for name, beside in layer.shortcut:
                yield f"{path}.{name}", beside, between
                between = beside.row(between)
            if layer.gate is not None:
                yield f"{path}.gate", layer.gate, x
        yield path, layer, x
        x = layer.row(x)


class Case:
    """A network with its batch. `changed` are parameters that get one value throughout, by full name."""

    def __init__(self, chain, rows, batch=4, changed=None, loss="cross_entropy"):
        self.chain, self.rows, self.batch, self.loss = chain, rows, batch, loss
        self.changed = changed or {}
        self.text = chain_text(chain)
        self.places = list(places(chain, rows))

    def parameters(self, rng):
        arrays = {f"{path}.{name}": value for path, layer, x in self.places
                  for name, value in layer.start(rng, x).items()}
        for name, value in self.changed.items():
            arrays[name] = np.full(arrays[name].shape, float(value))
        return arrays

    def data(self, rng):
        x = rng.normal(size=(self.batch, *self.rows)).astype(np.float32)
        *steps, outputs = row_after(self.chain, self.rows)
        if self.loss == "mse":
            return x, rng.normal(size=(self.batch, *steps, outputs)).astype(np.float32)
        labels = rng.integers(0, outputs, size=(self.batch, *steps))
        labels.flat[0] = outputs - 1  # so that the number of classes is seen in the data
        return x, labels


def pick(rng, choices):
    return choices[rng.integers(len(choices))]


def projection(x, y, normalised=False):
    """What `res proj` puts on the shortcut from samples of shape x to those of shape y."""
    if len(y) == 1:
        linear = Dense(y[0], bias=False)
    else:
        strides = tuple(next(s for s in range(1, a + 1) if (a - 1) // s + 1 == b) for a, b in zip(x[-2:], y[-2:]))
        linear = Conv(y[0], 1, strides, bias=False)
    return [("proj", linear)] + ([("proj_bn", Norm("bn"))] if normalised else [])


def residual(kind, branch, x, **scale):
    """A block of a kind of shortcut around a branch that gets samples of shape x."""
    y = row_after(branch, x)
    if kind == "proj":
        return Block(branch, " proj", projection(x, y), **scale)
    if kind == "proj=bn":
        return Block(branch, " proj=bn", projection(x, y, True), **scale)
    if kind == "pad":
        return Block(branch, " pad", [("pad", Pad(x, y))] if x != y else [], **scale)
    return Block(branch, **scale)


def highway(branch, x, bias=None):
    gate = Dense(x[0]) if len(x) == 1 else Conv(x[0], 3)
    return Block(branch, "" if bias is None else f" bias={bias}", gate=gate)


def random_activation(rng):
    return Activation(pick(rng, list(ACTIVATIONS)))


def random_norm(rng, x):
    """Of groups of three values or more; a batch has more than that."""
    affine, eps = rng.random() < 0.7, pick(rng, [None, 0.001, 0.1])
    kind = pick(rng, ["bn", "bn", "ln", "rmsnorm", "gn"]) if len(x) != 2 else pick(rng, ["ln", "rmsnorm"])
    size = int(np.prod(x[1:]))
    groups = pick(rng, [g for g in range(1, x[0] + 1) if x[0] % g == 0 and x[0] // g * size > 2] or [1])
    return Norm(kind, groups if kind == "gn" else None, eps, affine)


def random_scale(rng):
    return pick(rng, [{}, {}, {"scale": 0.5}, {"scale": -0.7}, {"alpha": 0.25}, {"alpha": -1.5}, {"alpha": 0}])


def random_block(rng, x, nesting):
    make = random_features if len(x) == 1 else random_images
    branch = make(rng, x, rng.integers(1, 4), nesting - 1)
    y = row_after(branch, x)
    if y == x and rng.random() < 0.35:
        return highway(branch, x, pick(rng, [None, -1, 0.5]))
    kinds = ["proj", "proj=bn"] + ["pad"] * 2 * (y[0] >= x[0]) + ["identity"] * 3 * (y == x)
    return residual(pick(rng, kinds), branch, x, **random_scale(rng))


def random_features(rng, x, length, nesting):
    chain = []
    for _ in range(length):
        chance, layer = rng.random(), None
        if chance < 0.35:
            layer = Dense(int(pick(rng, [4, 5, 8, 13])), rng.random() < 0.7, pick(rng, [0.5, 1.0, 2.0]))
        elif chance < 0.5:
            layer = random_norm(rng, x)
        elif chance < 0.6:
            layer = Dropout(pick(rng, [0.1, 0.3, 0.5]))
        elif chance < 0.85 or nesting == 0:
            layer = random_activation(rng)
        else:
            layer = random_block(rng, x, nesting)
        chain.append(layer)
        x = layer.row(x)
    return chain


def random_conv(rng, x):
    groups = pick(rng, [g for g in (1, 1, 2, 4) if x[0] % g == 0])
    size = pick(rng, [(1, 1), (3, 3), (3, 3), (2, 3), (5, 1)])
    stride = pick(rng, [1, 1, 2, (1, 2)]) if min(x[1:]) > 3 else 1
    return Conv(int(groups * pick(rng, [1, 2, 4])), size, stride, None, groups, rng.random() < 0.7,
                pick(rng, [0.7, 1.0, 2.0]))


def random_pool(rng, x):
    size = int(rng.integers(1, min(4, *(n + 1 for n in x[1:]))))
    return Pool(pick(rng, ["maxpool", "avgpool"]), size, int(rng.integers(1, 3)), int(rng.integers(0, size // 2 + 1)))


def random_images(rng, x, length, nesting):
    """Of a branch every size is one that a stride makes, so that each shortcut fits."""
    chain, inside = [], nesting < 2
    for _ in range(length):
        chance, layer = rng.random(), None
        if chance < 0.4:
            layer = random_conv(rng, x)
            if inside and layer.size[0] % 2 + layer.size[1] % 2 < 2:
                layer = Conv(layer.channels, 3)
        elif chance < 0.55 and not inside:
            layer = random_pool(rng, x)
        elif chance < 0.65:
            layer = random_norm(rng, x)
        elif chance < 0.7:
            layer = Dropout(0.25)
        elif chance < 0.85 or nesting == 0:
            layer = random_activation(rng)
        else:
            layer = random_block(rng, x, nesting)
        if min(layer.row(x)) < 1:
            continue
        chain.append(layer)
        x = layer.row(x)
    return chain or [Conv(x[0], 3)]


def random_features_case(rng):
    rows = pick(rng, [(5,), (12,), (3, 4)])
    chain = [Flatten()] if len(rows) > 1 else []
    chain += random_features(rng, (math.prod(rows),), rng.integers(3, 9), 2)
    return Case([*chain, Dense(int(rng.integers(2, 6)))], rows, int(pick(rng, [4, 7])),
                loss=pick(rng, ["cross_entropy", "mse"]))


def random_images_case(rng):
    plain = rng.random() < 0.2
    rows = (int(rng.integers(5, 9)), int(rng.integers(5, 9)))
    rows = rows if plain else (int(pick(rng, [1, 2, 4])), *rows)
    chain = [Conv(4, 3)] + random_images(rng, (4, *rows[-2:]), rng.integers(2, 7), 2)
    chain += [Gap()] if rng.random() < 0.5 else [Flatten()]
    return Case([*chain, Dense(int(rng.integers(2, 6)))], rows, int(pick(rng, [4, 5])),
                loss=pick(rng, ["cross_entropy", "mse"]))


def random_sequence_case(rng):
    rows = (int(pick(rng, [2, 6, 12])), int(rng.integers(1, 5)))
    chain, x = [], rows
    for _ in range(rng.integers(1, 4)):
        kind = pick(rng, ["rnn", "rnn", "lstm", "gru"])
        more = [Recurrent(kind, int(pick(rng, [3, 4, 6])),
                          pick(rng, ["tanh", "tanh", "relu", "sigmoid", "identity"]) if kind == "rnn" else "tanh",
                          rng.random() < 0.4, rng.random() < 0.8, int(pick(rng, [0, 0, 0, 3])),
                          gain=pick(rng, [0.5, 1.0, 1.5]))]
        if rng.random() < 0.5:
            more.append(pick(rng, [Dense(5), Norm("ln"), Norm("rmsnorm", affine=False), Dropout(0.3),
                                   random_activation(rng)]))
        chain += more
        x = row_after(more, x)
    end = [Last()] if rng.random() < 0.5 else []
    return Case([*chain, *end, Dense(3)], rows, int(pick(rng, [2, 4])), loss=pick(rng, ["cross_entropy", "mse"]))


def made_cases():
    """What chance would miss: where the books end, ways that carry nothing, gates that are shut."""
    def dense(units=6):
        return Dense(units)

    def relu():
        return Activation("relu")

    each_activation = [layer for word in ACTIVATIONS for layer in (Dense(8), Activation(word))]
    each_norm = [layer for norm in (Norm("bn"), Norm("ln"), Norm("rmsnorm"), Norm("gn", 2), Norm("bn", affine=False))
                 for layer in (Dense(8), norm)]
    return [
        Case([*each_activation, dense(3)], (5,), 7),
        Case([*each_norm, dense(3)], (5,), 7, loss="mse"),
        Case([dense(8), Softmax(), dense(), relu(), dense(3)], (5,)),
        # A dead layer ends the books, and so does a weight of zeros; inside a branch the block's go on.
        Case([dense(), relu(), dense(), relu(), dense(3)], (5,), changed={"2.bias": -1000}),
        Case([dense(), relu(), dense(), relu(), dense(3)], (5,), changed={"2.weight": 0}),
        Case([dense(), Block([dense(), relu(), dense()]), dense(3)], (5,), changed={"1.0.bias": -1000}),
        Case([dense(), dense(3), relu()], (5,), changed={"1.bias": -1000}, loss="mse"),
        # Ways that carry nothing.
        Case([dense(), residual("proj", [dense(), relu()], (6,)), dense(3)], (5,), changed={"1.proj.weight": 0}),
        Case([dense(), Block([dense(), relu()], alpha=0), dense(3)], (5,)),
        Case([dense(), highway([dense(), relu()], (6,)), dense(3)], (5,), changed={"1.gate.bias": 2000}),
        Case([dense(), highway([dense(), relu()], (6,)), dense(3)], (5,), changed={"1.0.weight": 0}),
        # Every shortcut, around features and around images with a stride; blocks inside blocks.
        Case([Conv(4, 3), residual("pad", [Conv(6, 3, 2), relu()], (4, 7, 6)), residual("proj=bn", [
            Conv(8, 3, (1, 2)), Norm("bn"), relu(), Conv(8, 3)], (6, 4, 3)), Gap(), dense(3)], (2, 7, 6)),
        Case([Conv(4, 3), highway([Conv(4, 3), Activation("silu"), Conv(4, 3)], (4, 5, 5), -1), Flatten(), dense(3)],
             (2, 5, 5)),
        Case([dense(), residual("proj", [dense(8), Block([dense(8), Activation("tanh"), highway(
            [dense(8), Activation("gelu")], (8,))], scale=0.5)], (6,), alpha=-0.4), dense(3)], (5,)),
        # A block that begins the branch of another reads what that one reads: every kind in every other.
        Case([dense(), Block([Block([dense(), relu()], scale=0.5), dense()]), dense(3)], (5,)),
        Case([Block([highway([dense(8), Activation("tanh")], (8,), -1), dense(8)]), dense(3)], (8,)),
        Case([dense(), highway([residual("proj", [dense(), relu()], (6,)), dense()], (6,), 0.5), dense(3)], (5,)),
        Case([dense(), highway([highway([dense(), relu()], (6,)), dense()], (6,)), dense(3)], (5,)),
        Case([dense(), highway([Block([highway([dense(), Activation("gelu")], (6,)), dense()], alpha=-0.4), dense()],
                               (6,)), dense(3)], (5,)),
        Case([dense(), Block([Block([Block([dense()])])]), residual("proj", [Block([Block([dense(), relu()]), Block(
            [dense()])], scale=-0.7), dense()], (6,)), dense(3)], (5,)),
        Case([Conv(4, 3), residual("proj=bn", [highway([Conv(4, 3), relu()], (4, 6, 6)), Conv(6, 3, 2)], (4, 6, 6)),
              Gap(), dense(3)], (2, 6, 6)),
        # Of an inner block nothing comes back: a learned scale of zero, with a projection of zeros beside it.
        Case([dense(), Block([residual("proj", [dense(), relu()], (6,), alpha=0), dense()]), dense(3)], (5,),
             changed={"1.0.proj.weight": 0}),
        # Grouped and strided convolutions, each pooling.
        Case([Conv(8, 3, groups=2), relu(), Conv(8, (5, 3), (2, 1), (2, 0), groups=4), Activation("softplus"),
              Pool("maxpool", 2, 1), Pool("avgpool", (2, 1)), Flatten(), dense(3)], (4, 8, 8)),
        Case([Pool("avgpool", 2), Conv(4, 3), Pool("maxpool", 3, 2, 1), Gap()], (8, 8)),
        # An lstm that forgets everything has no direct way; truncation, and a loss at every step.
        Case([Recurrent("lstm", 4, forget_bias=-2000), Last(), dense(3)], (6, 2)),
        Case([Recurrent("lstm", 4, bptt=3), dense(3)], (8, 2)),
        Case([Recurrent("gru", 4, bidirectional=True, bptt=2), Last(), dense(3)], (8, 2)),
        Case([Recurrent("rnn", 4, "relu"), Dropout(0.4), Recurrent("rnn", 4, "sigmoid", True), dense(3)], (8, 2)),
        # A recurrent layer inside a block, and one whose units are all dead.
        Case([dense(4), Block([Recurrent("lstm", 4, bidirectional=True), dense(4)], scale=0.5), Last(), dense(3)],
             (5, 2)),
        Case([Recurrent("rnn", 4, "relu"), Last(), dense(3)], (6, 2), changed={"0.bias_ih_l0": -1000}),
    ]


def cases(count, seed):
    """`count` networks: those that are made, then features, images and sequences in turn."""
    made = made_cases()
    kinds = [random_features_case, random_images_case, random_sequence_case]
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        case = made[index] if index < len(made) else kinds[index % len(kinds)](rng)
        yield case, rng
