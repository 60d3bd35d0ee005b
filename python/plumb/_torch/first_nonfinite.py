# SPDX-License-Identifier: Apache-2.0
"""Which operation made the first NaN: found by computing the pass again, once, after the loss or a
gradient was no number.

Every step keeps what the model was called with and, of a model that draws numbers, the state of the generator: a few
microseconds, and no tensor lives longer than until the next step. When a loss is not finite, the forward pass is
computed again before backward() begins, under a dispatch mode that looks at every operation. When a
gradient is not finite before the update, forward and backward pass are computed again from the
gradient that came to the model's output. Buffers, the generator and all gradients are as before
afterwards.
"""

import contextlib
import math
from dataclasses import dataclass

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .. import _core
from .families import node_kind
from .op import tensors_in
from .untouched import untouched

#: Give memory that nobody has written yet.
UNWRITTEN = ("empty", "new_empty", "resize", "set_")
#: Write an infinity that was asked for: a mask.
ASKED = ("masked_fill", "full", "fill", "where", "scalar_tensor", "triu", "tril", "new_full", "lift", "constant")
#: A gradient at the model's output that is larger is not kept for a second pass, in bytes.
MOST_KEPT = 1 << 26
#: After so many passes that drew no random number the generator's state is kept no more.
STILL = 3


@dataclass(frozen=True)
class FirstNonFinite:
    """The operation whose result had the first NaN or infinity, though what it read was finite.

    direction   "forward", "backward", "loss" (made from the model's finite output), "input" (there
                before the model computed) or "parameter" (there before, by an earlier update)
    module      path of the innermost module that it stands in; "" for the model itself
    op          as torch calls it ("div", "softmax"); of a parameter or an input its name
    shape       of the tensor that is not finite
    low, high   the range of the finite values that it read; NaN where it read none
    nonfinite   how many of the values are NaN or infinite
    """

    step: int
    direction: str
    module: str
    op: str
    shape: tuple
    low: float
    high: float
    nonfinite: int

    def __str__(self):
        size = " x ".join(map(str, self.shape)) or "one value"
        many = f"{self.nonfinite} of its values ({size})"
        place = f"in {self.module}" if self.module else "in the model's own forward"
        reads = f"; what it read was between {self.low:.4g} and {self.high:.4g}" if self.low == self.low else ""
        if self.direction == "loss":
            return (
                f"step {self.step}: the first value that is no finite number is the loss: the model's output ({size}) "
                f"is finite, between {self.low:.4g} and {self.high:.4g}"
            )
        if self.direction in ("input", "parameter"):
            since = "the batch has it" if self.direction == "input" else "an update before this step made it"
            return f"step {self.step}: {self.direction} {self.op} is not finite before the forward pass, {many}: {since}"
        passes = "" if self.direction == "forward" else " in the backward pass"
        return f"step {self.step}: the first value that is no finite number comes out of {self.op}{passes}, {place}: {many}{reads}"


def count_nonfinite(tensor):
    if not tensor.is_floating_point() or tensor.device.type == "meta" or tensor.numel() == 0:
        return 0
    return tensor.numel() - int(torch.isfinite(tensor.detach()).sum())


def has_nan(tensor):
    return tensor.is_floating_point() and tensor.numel() > 0 and bool(torch.isnan(tensor.detach()).any())


def range_of(tensors):
    """Of the finite values of all of them."""
    low, high = math.inf, -math.inf
    for tensor in tensors:
        if tensor.is_floating_point() and tensor.numel() > 0:
            values = tensor.detach().double()
            values = values[torch.isfinite(values)]
            if values.numel() > 0:
                low, high = min(low, values.min().item()), max(high, values.max().item())
    return (low, high) if low <= high else (math.nan, math.nan)


def facts_of(module, op, tensor, low, high):
    return {
        "module": module,
        "op": op,
        "shape": tuple(tensor.shape),
        "low": low,
        "high": high,
        "nonfinite": count_nonfinite(tensor),
    }


class _Scan(TorchDispatchMode):
    """Sees each operation of a pass; keeps the first that made a NaN, and the first infinity."""

    def __init__(self, where):
        super().__init__()
        self.where, self.nan, self.infinity, self.nan_of_infinity = where, None, None, False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func._schema.name.split("::")[-1].strip("_")
        if self.nan is not None or name.startswith(UNWRITTEN):
            return func(*args, **kwargs)
        reads = list(tensors_in((args, kwargs)))
        reads_nan = any(has_nan(t) for t in reads)  # before: it may be changed in place
        reads_infinity = not reads_nan and any(count_nonfinite(t) for t in reads)
        low, high = range_of(reads)
        result = func(*args, **kwargs)
        bad = next((t for t in tensors_in(result) if count_nonfinite(t)), None)
        if bad is None or reads_nan:
            return result
        facts = facts_of(self.where(), name, bad, low, high)
        if any(has_nan(t) for t in tensors_in(result)):
            self.nan, self.nan_of_infinity = facts, reads_infinity
        elif self.infinity is None and not reads_infinity and not name.startswith(ASKED):
            self.infinity = facts
        return result

    def first(self):
        """The infinity is the producer where the NaN was made of one, or no NaN was."""
        if self.infinity is not None and (self.nan is None or self.nan_of_infinity):
            return self.infinity
        return self.nan


class Again:
    """What is needed to compute the last pass of a model again."""

    def __init__(self, model, core):
        self.model, self.core = model, core
        self.names = {}
        for name, module in model.named_modules():
            self.names.setdefault(id(module), name)
        self.still = 0  # passes that drew no random number
        self.call = self.generator = self.autocast = None
        self.hooks = []  # which keep the gradients that come to the tensors of the output, by place
        self.kept = {}  # of those in use: hook or tensor, by place in the output

    def note_call(self, arguments, options):
        self.call = (arguments, options)
        self.generator = torch.get_rng_state() if self.still < STILL else None
        self.autocast = _autocast_type()
        self.kept.clear()

    def drop_call(self):
        """Nothing of the last pass is held on to."""
        self.call = self.generator = None
        self.kept.clear()

    def note_output(self, output):
        """Keeps the gradient that comes to each tensor of the output."""
        if self.generator is not None:
            is_still = torch.equal(self.generator, torch.get_rng_state())
            self.still = self.still + 1 if is_still else -math.inf
        for i, tensor in enumerate(tensors_in(output)):
            if not tensor.requires_grad or tensor.numel() * tensor.element_size() > MOST_KEPT:
                continue
            while len(self.hooks) <= i:
                self.hooks.append(_core.keeping_hook(self.core))
            if tensor._backward_hooks is None:  # what register_hook does, in a tenth of its time
                _core.keep_gradient(tensor, self.hooks[i])
                self.kept[i] = self.hooks[i]
            else:
                tensor.register_hook(lambda gradient, i=i: self.kept.update({i: gradient.detach()}))

    def gradients(self):
        """Those that came to the tensors of the output, by their places."""
        kept = {i: one if torch.is_tensor(one) else _core.kept_gradient(one) for i, one in self.kept.items()}
        return {i: gradient.detach() for i, gradient in kept.items() if gradient is not None}

    def find(self, step, backward):
        """The first producer, or None where there is none to be found. Changes nothing."""
        if self.call is None:
            return None
        with untouched(self.model):
            if self.generator is not None:
                torch.set_rng_state(self.generator)
            found = self._before(step)
            if found is None:
                found = self._backward(step) if backward else self._forward(step)
        return found

    def _before(self, step):
        arguments, options = self.call
        for i, tensor in enumerate(tensors_in((arguments, options))):
            if has_nan(tensor):
                return FirstNonFinite(step, "input", "", str(i), tuple(tensor.shape), *range_of([tensor]), count_nonfinite(tensor))
        for name, param in self.model.named_parameters():
            if bad := count_nonfinite(param):
                return FirstNonFinite(step, "parameter", "", name, tuple(param.shape), *range_of([param]), bad)
        return None

    @contextlib.contextmanager
    def _stack(self, after=None):
        """The path of the module that computes now, as a function."""
        stack, handles = [], []
        try:
            for module in self.model.modules():
                handles.append(module.register_forward_pre_hook(lambda m, a: stack.append(self.names.get(id(m), ""))))
                handles.append(module.register_forward_hook(lambda m, a, o: self._leave(stack, after, a, o)))
            yield lambda: stack[-1] if stack else ""
        finally:
            for handle in handles:
                handle.remove()

    @staticmethod
    def _leave(stack, after, arguments, output):
        path = stack.pop() if stack else ""
        if after is not None:
            after(path, arguments, output)

    def _compute(self):
        arguments, options = self.call
        enabled = self.autocast is not None
        with torch.autocast("cpu", dtype=self.autocast or torch.bfloat16, enabled=enabled):
            return self.model(*arguments, **options)

    def _forward(self, step):
        with torch.no_grad(), self._stack() as where, _Scan(where) as scan:
            output = self._compute()
        if (found := scan.first()) is not None:
            return FirstNonFinite(step, "forward", **found)
        tensors = list(tensors_in(output))
        shape = tuple(tensors[0].shape) if tensors else ()
        return FirstNonFinite(step, "loss", "", "loss", shape, *range_of(tensors), 1)

    def _backward(self, step):
        calls, found = [], []

        def after(path, arguments, output):
            ends = [t.grad_fn for t in tensors_in(output) if t.grad_fn is not None]
            begins = {t.grad_fn for t in tensors_in(arguments) if t.grad_fn is not None}
            calls.append((path, ends, begins))

        with torch.enable_grad(), self._stack(after):
            output = self._compute()
        outputs = list(tensors_in(output))
        ways = [(outputs[i], g) for i, g in self.gradients().items() if i < len(outputs)]
        for i, (tensor, gradient) in enumerate(ways):
            if bad := count_nonfinite(gradient):
                return FirstNonFinite(
                    step, "backward", "", f"the loss (into output {i})", tuple(gradient.shape), *range_of([tensor]), bad
                )
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        if not ways or not parameters:
            return self._by_parameters(step)
        owner = _owners(calls)

        def look(node):
            def hook(given, came):
                if found or any(count_nonfinite(t) for t in tensors_in(came)):
                    return
                bad = [t for t in tensors_in(given) if count_nonfinite(t)]
                if bad:
                    reads = list(tensors_in(came)) + _saved(node)
                    found.append(facts_of(owner.get(node, ""), node_kind(node).lower(), bad[0], *range_of(reads)))

            return hook

        for node in _core.walk([t.grad_fn for t, _ in ways if t.grad_fn is not None]):
            if not hasattr(node, "variable"):
                node.register_hook(look(node))
        torch.autograd.grad([t for t, _ in ways], parameters, [g for _, g in ways], allow_unused=True)
        if not found:
            return self._by_parameters(step)
        return FirstNonFinite(step, "backward", **found[0])

    def _by_parameters(self, step):
        """The last parameter, in the order of the model, whose gradient is not finite."""
        for name, param in reversed(list(self.model.named_parameters())):
            if param.grad is not None and (bad := count_nonfinite(param.grad)):
                path = name.rpartition(".")[0]
                return FirstNonFinite(step, "backward", path, "an operation behind it", tuple(param.shape), math.nan, math.nan, bad)
        return None


if hasattr(torch, "get_autocast_dtype"):  # PyTorch 2.4

    def _autocast_type():
        """The type that autocast computes in on the CPU now, or None."""
        return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None

else:

    def _autocast_type():
        """The same of an older PyTorch."""
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None


def _owners(calls):
    """The path of the innermost module that each autograd node stands in. calls: as they ended."""
    owner = {}
    for path, ends, begins in calls:
        stack = list(ends)
        while stack:
            node = stack.pop()
            if node in owner or node in begins:
                continue
            owner[node] = path
            stack += [n for n, _ in node.next_functions if n is not None]
    return owner


def _saved(node):
    """The tensors that autograd kept of the operation."""
    kept = []
    for name in dir(node):
        if name.startswith("_saved_"):
            with contextlib.suppress(RuntimeError):
                value = getattr(node, name)
                if torch.is_tensor(value):
                    kept.append(value)
    return kept
