# SPDX-License-Identifier: Apache-2.0
"""Where each layer stands, for its start: what it reads, what follows, which branch it ends. From the graph
that watch() finds, of one pass over the batch."""

from __future__ import annotations

import contextlib
import warnings

import torch

from .. import _core
from . import families
from .families import node_kind
from .op import tensors_in
from .untouched import untouched
from .watch import Watch

#: What passes values on, so that a layer behind reads what stands before it.
TRANSPARENT = ("dropout", "shape", "pooling")
_TRANSPOSES = ("T", "Transpose", "Permute", "Mt")


class Place:
    """What the start of one linear layer goes by.

    reads       the Op whose values it takes, past dropout, pooling and shape; None where it is not known
    follows     the activation behind it ("tanh"), "" for none
    activation  that activation's Op
    normalised  a normalisation stands directly behind
    is_output   nothing of the model reads it
    """

    def __init__(self):
        self.reads, self.follows, self.activation = None, "", None
        self.normalised, self.is_output = False, False


class Places:
    """All of a model, as one pass over the batch shows it."""

    def __init__(self, graph, layouts, shapes):
        self.graph = graph
        self.layouts = layouts  # {parameter name: "out_in" or "in_out"} of weights used by functions
        self.shapes = shapes  # {module: shape of what it is called with}
        self.ops = list(graph.by_path.values())
        self.readers = {}
        for op in self.ops:
            for read in op.inputs:
                self.readers.setdefault(read, []).append(op)
        self.by_param = {}
        for op in self.ops:
            for name in op.params:
                self.by_param.setdefault(name, []).append(op)
        self.residuals = [op for op in self.ops if op.family == "residual"]
        self.is_chain = not self.residuals and not any(op.family == "normalisation" for op in self.ops)
        self.has_normalisation = any(op.family == "normalisation" for op in self.ops)
        self.ends = self._branch_ends()

    def back(self, op):
        """Past what only passes values on."""
        while op.family in TRANSPARENT and len(op.inputs) == 1:
            op = op.inputs[0]
        return op

    def of(self, op):
        place = Place()
        if op.inputs:
            place.reads = self.back(op.inputs[0])
        front = [op]
        place.is_output = op not in self.readers
        while front:
            readers = [r for one in front for r in self.readers.get(one, [])]
            front = []
            for reader in readers:
                if reader.family == "activation":
                    place.follows, place.activation = reader.function or reader.kind, reader
                elif reader.family == "normalisation" or reader.family in TRANSPARENT:
                    front.append(reader)
            if place.follows:
                break
        place.normalised = self._is_normalised(op)
        if not place.is_output:
            place.is_output = self._ends_model(op)
        return place

    def _is_normalised(self, op):
        """Whether all that reads it is a normalisation, past what only passes on."""
        readers = self.readers.get(op, [])
        return bool(readers) and all(
            r.family == "normalisation" or (r.family in TRANSPARENT and self._is_normalised(r)) for r in readers
        )

    def normalisations_behind(self, op):
        """Those that read it, past what only passes on."""
        found = []
        for reader in self.readers.get(op, []):
            found += [reader] if reader.family == "normalisation" else self.normalisations_behind(reader)
        return found

    def _ends_model(self, op):
        """Through what only passes on, or a softmax, the model's output."""
        front = [op]
        while front:
            one = front.pop()
            readers = self.readers.get(one, [])
            for reader in readers:
                if reader.family in TRANSPARENT or reader.function == "softmax" or reader.kind in ("logsoftmax", "LogSoftmax"):
                    if reader not in self.readers:
                        return True
                    front.append(reader)
        return False

    # Residual branches.

    def _branch_ends(self):
        """{Op that ends a branch: Ops of linear layers in it}: a normalisation with a scale, or the last
        linear layer. An activation at the end is none: a relu of zero would stay zero."""
        found = {}
        for residual in self.residuals:
            branch, shortcut = residual.inputs[:2]
            op = branch
            while (op.family in TRANSPARENT or op.kind in ("mul", "div")) and len(op.inputs) == 1:
                op = op.inputs[0]
            if op is self.back(shortcut) or op.family not in ("linear", "normalisation"):
                continue
            if len(self.readers.get(op, [])) > 1:
                continue
            is_around = shortcut in self.graph.nodes.ancestors(op)
            if not is_around and (self.is_repeated(op) or self.is_repeated(shortcut)):
                continue  # a step of a recurrence that is written out: both ways are layers
            found[op] = self._linear_between(op, shortcut)
        return found

    def is_repeated(self, op):
        return "#" in op.path or f"{op.path}#2" in self.graph.by_path

    def _linear_between(self, end, start):
        above, seen, stack = self.graph.nodes.ancestors(start), set(), [end]
        while stack:
            op = stack.pop()
            if op in seen or op in above:
                continue
            seen.add(op)
            stack += op.inputs
        return [op for op in seen if op.family == "linear"]

    def branch_of(self, op):
        """The linear layers of the innermost branch that it stands in."""
        inside = [linear for linear in self.ends.values() if op in linear]
        return min(inside, key=len) if inside else []


def call(model, inputs, forward):
    if forward is not None:
        return forward(model, inputs)
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, (tuple, list)) else model(inputs)


def call_captured(model, captured):
    """As a training called it: (arguments, keywords)."""
    arguments, keywords = captured
    return model(*arguments, **keywords)


def inputs_of(batch):
    """(inputs, targets) or inputs alone, as for probe()."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        batch = batch[0]
    return batch if isinstance(batch, (tuple, list, dict)) else (batch,)


@contextlib.contextmanager
def measured_mode(model):
    """In training mode, but for dropout; afterwards as before."""
    modes = {m: m.training for m in model.modules()}
    rates = [m for m in model.modules() if isinstance(m, families.DROPOUT)]
    recurrent = [(m, m.dropout) for m in model.modules() if isinstance(m, families.RECURRENT)]
    model.train()
    for module in rates:
        module.eval()
    for module, _ in recurrent:
        module.dropout = 0.0
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        for module, rate in recurrent:
            module.dropout = rate


@contextlib.contextmanager
def _all_trainable(model):
    """Frozen parameters take part in the graph."""
    frozen = [p for p in model.parameters() if not p.requires_grad and p.is_floating_point()]
    gradients = [(p, p.grad) for p in model.parameters()]
    for p in frozen:
        p.requires_grad_(True)
    try:
        yield
    finally:
        for p in frozen:
            p.requires_grad_(False)
        for p, gradient in gradients:
            p.grad = gradient


def materialise(model, inputs, forward, seed):
    """Lazy modules get their shapes by one call."""
    lazy = [m for m in model.modules() if callable(getattr(m, "has_uninitialized_params", None)) and m.has_uninitialized_params()]
    if lazy:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            call(model, inputs, forward)
    return len(lazy)


def _layouts(output, names):
    """How weights that functions use are laid out: F.linear's (out, in), or x @ W's (in, out)."""
    found = {}
    nodes = [t.grad_fn for t in tensors_in(output) if t.grad_fn is not None]
    for node in _core.walk(nodes):
        kind = node_kind(node)
        if kind not in families.LINEAR_NODES:
            continue
        for child, _ in node.next_functions:
            turned = False
            while child is not None and node_kind(child) in _TRANSPOSES:
                turned, child = not turned, child.next_functions[0][0]
            if child is None or not hasattr(child, "variable"):
                continue
            name = names.get(id(child.variable))
            if name is not None and child.variable.dim() >= 2:
                is_convolution = "onvolution" in kind or child.variable.dim() > 2
                found.setdefault(name, "out_in" if turned or is_convolution else "in_out")
    return found


def _with_gradient(nest):
    """Copies whose way through the network autograd sees too; no leaves, since a model may write into them."""
    if torch.is_tensor(nest):
        return nest.detach().clone().requires_grad_(True).mul(1) if nest.is_floating_point() else nest
    if isinstance(nest, dict):
        return {key: _with_gradient(value) for key, value in nest.items()}
    return type(nest)(_with_gradient(value) for value in nest) if type(nest) in (tuple, list) else nest


def find(model, inputs, forward):
    """The Places of a model. Errors: what the model itself raises."""
    shapes, handles = {}, []

    def note(module, arguments):
        shapes.setdefault(module, next((tuple(t.shape) for t in tensors_in(arguments)), ()))

    for module in model.modules():
        if any(True for _ in module.parameters(recurse=False)):
            handles.append(module.register_forward_pre_hook(note))
    watch = Watch(model, None, None, "every=1", kind="probe")
    steps = watch._steps
    given = _with_gradient(inputs)
    keywords = given if isinstance(given, dict) else given[1] if forward is call_captured else {}
    if keywords:  # which PyTorch 1 does not show to hooks
        handles.append(model.register_forward_pre_hook(lambda *_: steps.graph.inputs(keywords) and None))
    try:
        with warnings.catch_warnings(), _all_trainable(model), measured_mode(model), untouched(model), torch.enable_grad():
            warnings.simplefilter("ignore", RuntimeWarning)
            output = call(model, given, forward)
            floats = [t for t in tensors_in(output) if t.is_floating_point() and t.requires_grad]
            if not floats:
                raise ValueError("init_: nothing that the model returns depends on its parameters by a gradient")
            layouts = _layouts(output, steps.graph.param_names)
            sum(t.float().mean() for t in floats).backward()
        steps.close_step()
    finally:
        watch.close()
        for handle in handles:
            handle.remove()
    return Places(steps.graph, layouts, shapes)
