# SPDX-License-Identifier: Apache-2.0
"""plumb.from_torch: a PyTorch model as a network string and the weights that belong to it.

The model's forward is traced (torch.fx), which gives a graph of modules and functions. From its output
back to its input that graph is read as a chain; where a sum joins two ways, as a `res`.
"""

from __future__ import annotations

import dis
import operator
import os
import sys
from typing import Any

import torch
import torch.fx
import torch.nn as nn

from .words_of import NotExpressible, Words, number

ADDS = {operator.add, operator.iadd, torch.add}
MULTIPLIES = {operator.mul, operator.imul, torch.mul}
DETACHED = {"contiguous", "clone", "float", "double"}


class _Proxy(torch.fx.Proxy):
    """May be taken apart (`y, h = self.rnn(x)`), which PyTorch 1's own cannot under Python 3.11."""

    def __iter__(self):
        frame = sys._getframe(1)
        for one in dis.get_instructions(frame.f_code):
            if one.offset == frame.f_lasti and one.opname == "UNPACK_SEQUENCE":
                return iter([self[i] for i in range(one.argval)])
        raise torch.fx.proxy.TraceError("it loops over a tensor")


class _Tracer(torch.fx.Tracer):
    """Modules of torch.nn are layers."""

    def proxy(self, node):
        return _Proxy(node, self)


class Network:
    """A network string and its weights.

    text      as `plumb train` takes it: "dense 8 > tanh > dense 2"
    weights   {name of plumb's: numpy array}, running statistics too
    """

    def __init__(self, text: str, weights: dict[str, Any]) -> None:
        self.text, self.weights = text, weights

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"plumb.Network({self.text!r}, {len(self.weights)} arrays)"

    def save(self, path: str | os.PathLike[str]) -> str | os.PathLike[str]:
        """Writes the weights as `--weights` reads them, an .npz. Returns the path."""
        import numpy

        with open(path, "wb") as file:
            numpy.savez(file, **self.weights)
        return path


class _Reader:
    """One traced model on its way to a chain of items: (text, {own name: tensor}) or a _Residual."""

    def __init__(self, model, graph):
        self.model, self.words = model, Words()
        self.modules = dict(model.named_modules())
        self.used = {}
        self.above = {}  # of each node, the node that every way from the input comes through last
        self.depth, self.sizes = {}, set()
        inputs = [n for n in graph.nodes if n.op == "placeholder"]
        if len([n for n in inputs if n.users]) != 1:
            names = ", ".join(n.name for n in inputs)
            raise NotExpressible([f"forward({names}): {len(inputs)} inputs, expected one tensor"])
        self.input = next(n for n in inputs if n.users)
        self.output = next(n for n in graph.nodes if n.op == "output").args[0]
        if not isinstance(self.output, torch.fx.Node):
            raise NotExpressible([f"forward gives a {type(self.output).__name__}, expected one tensor"])
        for node in graph.nodes:
            self._place(node)

    def _place(self, node):
        if self._is(node, {getattr}, ("size", "dim")) or (
            node.all_input_nodes and node.op == "call_function" and all(n in self.sizes for n in node.all_input_nodes)
        ):
            self.sizes.add(node)  # numbers: the shape of a tensor, and what follows from it
            return
        sources = [n for n in node.all_input_nodes if n in self.depth]
        if node is self.input:
            self.above[node], self.depth[node] = None, 0
        elif sources:
            meeting = sources[0]
            for other in sources[1:]:
                meeting = self._meet(meeting, other)
            self.above[node], self.depth[node] = meeting, self.depth[meeting] + 1

    def _meet(self, a, b):
        while a is not b:
            if self.depth[a] < self.depth[b]:
                a, b = b, a
            a = self.above[a]
        return a

    # A chain.

    def chain(self, start, end):
        """The items between two nodes, without the first."""
        items = []
        while end is not start:
            sources = [n for n in end.all_input_nodes if n in self.depth]
            if len(sources) == 2 and self._is(end, ADDS, ("add", "add_")):
                item, end = self._residual(end, *sources)
                items.append(item)
                continue
            if len(sources) != 1 or self.depth.get(end, 0) <= self.depth[start]:
                self.words.problem(self.name(end), "it reads several tensors")
                end = self.above.get(end) or start
                continue
            found, end = self.item(end, sources[0])
            items += reversed(found)
        return items[::-1]

    @staticmethod
    def _is(node, functions, methods):
        return (node.op == "call_function" and node.target in functions) or (
            node.op == "call_method" and node.target in methods
        )

    def name(self, node):
        if node.op == "call_module":
            return f"{node.target} ({type(self.modules[node.target]).__name__})"
        return node.name

    def item(self, node, source):
        """The items of one node, and what they read."""
        if node.op == "call_module":
            module = self.modules[node.target]
            has_parameters = any(True for _ in module.parameters())
            if has_parameters and self.used.setdefault(node.target, node) is not node:
                self.words.problem(self.name(node), "it is used twice, with the same weights")
                return [], source
            if isinstance(module, (nn.RNN, nn.LSTM, nn.GRU)):
                self.words.problem(self.name(node), "its outputs are used together")
                return [], source
            return self.words.of_module(self.name(node), module), source
        if self._is(node, {operator.getitem}, ()):
            return self._part(node, source)
        if node.op == "call_method" and node.target in DETACHED:
            return [], source
        return self.words.of_function(node, source), source

    # Recurrent layers: an output of several, and the last step of it.

    def _part(self, node, source):
        indices, root = [node.args[1]], source
        while self._is(root, {operator.getitem}, ()):
            indices.append(root.args[1])
            root = root.args[0]
        indices.reverse()
        module = self.modules.get(root.target) if root.op == "call_module" else None
        if isinstance(module, (nn.RNN, nn.LSTM, nn.GRU)):
            if self.used.setdefault(root.target, root) is not root:
                self.words.problem(self.name(root), "it is used twice, with the same weights")
            items = self.words.of_recurrent(self.name(root), module, indices)
            return items, root.args[0]
        index = node.args[1]
        if isinstance(index, tuple) and len(index) >= 2 and index[0] == slice(None) and index[1] == -1:
            if all(i == slice(None) for i in index[2:]):
                return [("last", {})], source
        self.words.problem(self.name(node), f"the part [{index}] of a tensor")
        return [], source

    # A residual.

    def _residual(self, node, a, b):
        start = self._meet(a, b)
        shortcut, branch = (a, b) if a is start or self.depth[a] < self.depth[b] else (b, a)
        scale, branch = self._scale(branch)
        inner = self.chain(start, branch)
        options, beside = [], {}
        if shortcut is not start:
            way = self.chain(start, shortcut)
            option = self.words.projection(way, inner)
            if option is None:  # which is which, where both are as long?
                option, way, inner = self.words.projection(inner, way), inner, way
            if option is None:
                self.words.problem(self.name(node), "the sum of two ways, of which none is a shortcut that res has")
            else:
                options.append(option)
                for name, (_, own) in zip(("proj", "proj_bn"), way):
                    beside.update({f"{name}.{k}": v for k, v in own.items()})
        if not inner:
            self.words.problem(self.name(node), "x + x, expected a branch of layers")
        if isinstance(scale, torch.Tensor):
            options.append(f"alpha={float(scale.reshape(-1)[0]):.6g}")
            beside["alpha"] = scale.reshape(1)
        elif scale is not None:
            options.append(f"scale={number(scale)}")
        return (options, inner, beside), start

    def _scale(self, node):
        """(a factor that the branch is multiplied with at its end, the node before)"""
        if not self._is(node, MULTIPLIES, ("mul", "mul_")):
            return None, node
        for factor, rest in (node.args[:2], node.args[1::-1]):
            if not isinstance(rest, torch.fx.Node) or rest not in self.depth:
                continue
            if isinstance(factor, (int, float)):
                return float(factor), rest
            if isinstance(factor, torch.fx.Node) and factor.op == "get_attr":
                value = operator.attrgetter(factor.target)(self.model)
                if value.numel() == 1:
                    return value.detach(), rest
        return None, node


def _numbered(items, prefix, weights):
    """The texts of the items, whose weights get the names of their places."""
    texts = []
    for i, item in enumerate(items):
        path = f"{prefix}{i}"
        if len(item) == 3:
            options, inner, own = item
            text = f"{' '.join(['res', *options])}[{_joined(_numbered(inner, path + '.', weights))}]"
            text = text.replace("[", " [", 1) if options else text
        else:
            text, own = item
        weights.update({f"{path}.{name}": value for name, value in own.items()})
        texts.append(text)
    return texts


def _joined(texts):
    """As a chain, in which neighbours that repeat are written once."""
    parts, i = [], 0
    while i < len(texts):
        best = (1, 1)  # how many, how long
        for length in range(1, (len(texts) - i) // 2 + 1):
            count = 1
            while texts[i + count * length : i + (count + 1) * length] == texts[i : i + length]:
                count += 1
            if count > 1 and count * length > best[0] * best[1]:
                best = (count, length)
        count, length = best
        one = " > ".join(texts[i : i + length])
        bracket = length > 1
        parts.append(one if count == 1 else f"{count} x [{one}]" if bracket else f"{count} x {one}")
        i += count * length
    return " > ".join(parts)


def _array(tensor):
    tensor = tensor.detach().cpu()
    return (tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()).numpy().copy()


def from_torch(model):
    """See plumb.from_torch."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"from_torch: model is a {type(model).__name__}, expected a torch.nn.Module")
    if isinstance(model, tuple(kind for kind in (nn.Linear, nn.Conv2d, nn.ReLU, nn.Tanh))):
        model = nn.Sequential(model)  # a layer alone has nothing to trace
    try:
        graph = _Tracer().trace(model)
    except Exception as error:  # noqa: BLE001
        text = str(error).split("\n")[0]
        raise NotExpressible([f"the forward of {type(model).__name__} cannot be traced: {text}"]) from error
    reader = _Reader(model, graph)
    items = reader.chain(reader.input, reader.output)
    if reader.words.problems:
        raise NotExpressible(reader.words.problems)
    weights = {}
    text = _joined(_numbered(items, "", weights)) or "identity"
    return Network(text, {name: _array(value) for name, value in weights.items()})


__all__ = ["Network", "NotExpressible", "from_torch"]
