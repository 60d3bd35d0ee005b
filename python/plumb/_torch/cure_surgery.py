# SPDX-License-Identifier: Apache-2.0
"""Changes of a tree of modules: other activations, inputs on one scale, open gates."""

from __future__ import annotations

import torch
import torch.nn as nn

from . import families
from .init_places import call_captured, find


class Standardise:
    """A forward pre-hook: the first tensor less its mean, over its deviation."""

    def __init__(self, mean, deviation, channel):
        self.mean, self.deviation, self.channel = mean, deviation, channel

    def __call__(self, module, arguments):
        if not arguments or not torch.is_tensor(arguments[0]) or not arguments[0].is_floating_point():
            return None
        x = arguments[0]
        shape = [1] * x.dim()
        if x.dim() > 1:
            shape[self.channel] = -1
        mean, deviation = (t.to(x.device, x.dtype).reshape(shape) for t in (self.mean, self.deviation))
        return ((x - mean) / deviation, *arguments[1:])


def hidden_activations(model, captured):
    """({path: function} of activation modules that a later layer with weights reads, paths of functional ones)."""
    places = find(model, captured, call_captured)
    names = {places.graph.names[id(m)]: m for m in model.modules()}
    modules, functional = {}, []
    for op in places.ops:
        if op.family != "activation" or not _is_hidden(places, op):
            continue
        path = op.path.split("#")[0]
        if op.is_module and path in names:
            modules[path] = op.function or op.kind
        else:
            functional.append(op.path)
    return modules, functional, places


def _is_hidden(places, op):
    seen, front = set(), [op]
    while front:
        for reader in places.readers.get(front.pop(), []):
            if reader.family in ("linear", "recurrent", "attention"):
                return True
            if reader not in seen:
                seen.add(reader)
                front.append(reader)
    return False


def replace_modules(model, paths, make):
    """Every place of those modules gets the new one."""
    old = {id(dict(model.named_modules())[p if p else ""]) for p in paths if p in dict(model.named_modules())}
    made = {}
    for parent in model.modules():
        for name, child in parent.named_children():
            if id(child) in old:
                if id(child) not in made:
                    made[id(child)] = make(child)
                setattr(parent, name, made[id(child)])


def forget_biases(model):
    """[(parameter, slice of the gate that keeps)] of recurrent layers."""
    found = []
    for module in model.modules():
        if isinstance(module, (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell)):
            for name, parameter in module._parameters.items():
                if parameter is not None and name.startswith("bias") and parameter.requires_grad:
                    hidden = parameter.shape[0] // (4 if isinstance(module, (nn.LSTM, nn.LSTMCell)) else 3)
                    found.append((parameter, slice(hidden, 2 * hidden), name.startswith("bias_ih")))
    return found


def sequence_length(model, places):
    lengths = []
    for module in model.modules():
        if isinstance(module, families.RECURRENT):
            shape = places.shapes.get(module, ())
            if len(shape) >= 2:
                lengths.append(shape[1 if module.batch_first and len(shape) == 3 else 0])
    return max(lengths, default=0)
