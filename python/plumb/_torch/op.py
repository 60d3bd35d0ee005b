# SPDX-License-Identifier: Apache-2.0
"""What the graph of layers is made of while it is found out."""

import torch

from .. import _core

Layout = _core.Layout


class Op:
    """What computes one tensor: a layer, or what may become one."""

    __slots__ = (
        "depth",
        "family",
        "function",
        "id",
        "inputs",
        "is_module",
        "kind",
        "layout",
        "node",
        "params",
        "path",
        "saved",
        "units",
        "weight_is_plain",
    )

    def __init__(self, family, kind, inputs=(), node=None, function="", layout=None, params=()):
        self.family, self.kind, self.function = family, kind, function
        self.inputs = list(inputs)
        self.node, self.params = node, list(params)
        self.layout = layout or (self.inputs[0].layout if self.inputs else Layout.rows)
        self.depth = max((x.depth for x in self.inputs), default=0) + (family == "linear")
        self.id, self.path, self.is_module, self.saved, self.units = -1, "", False, None, 0
        self.weight_is_plain = False  # multiplied as it lies, inputs times outputs, not transposed

    def edges(self):
        """[(Op that it reads, way, whether that is the main one)]"""
        if self.family != "residual":
            return [(x, "", False) for x in self.inputs]
        branch, shortcut = self.inputs
        return [(branch, "branch", False), (shortcut, "shortcut", True)]


class Params:
    """Stands for a tensor that is made of parameters alone."""

    __slots__ = ("names",)

    def __init__(self, names):
        self.names = names


def tensors_in(nest):
    if torch.is_tensor(nest):
        yield nest
    elif isinstance(nest, (tuple, list)):
        for part in nest:
            yield from tensors_in(part)
    elif isinstance(nest, dict):
        for part in nest.values():
            yield from tensors_in(part)
    elif isinstance(nest, torch.nn.utils.rnn.PackedSequence):
        yield nest.data


def unique(ops):
    seen = []
    for op in ops:
        if op is not None and op not in seen:
            seen.append(op)
    return seen
