# SPDX-License-Identifier: Apache-2.0
"""How large a linear layer's weights are to be: what mean-field theory says of the activation before it, and
what the measured batch makes of that."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import torch

from .. import _core
from . import families


class Theory:
    """plumb/theory, for activations by their text; what was asked once is kept."""

    @functools.cached_property
    def _memo(self):
        return {}

    def _ask(self, function, *arguments):
        key = (function, *arguments)
        if key not in self._memo:
            self._memo[key] = getattr(_core, function)(*arguments)
        return self._memo[key]

    def knows(self, text):
        return bool(text) and self._ask("knows_activation", text)

    def start(self, text):
        """(gain, bias_std, q) of the critical start, or None."""
        return self._ask("critical_start", text) if self.knows(text) else None

    def moments(self, text, q):
        return self._ask("moments", text, q)

    def gain_at(self, text, q):
        return self._ask("critical_gain_at", text, q)


class Scale:
    """Of one linear layer: the size that its output is to have over the batch.

    With f the activation whose values it reads, and q the mean square of what f reads,

      gain^2 E f(z)^2 + bias_std^2   at f's critical start with a bias (gelu), in chains without joins and norms
      gain^2 E f(z)^2, at most q     with gain^2 E f'(z)^2 = 1, where the zero bias is critical (relu, tanh)
      gain^2 Var f(z)                with the same gain, where f has no critical start within reach (sigmoid): the
                                     bias takes the mean of the batch away, so that only differences between
                                     samples go on. Var f <= q E f'^2 for every f, so the length never grows

    (z normal with mean square q). What reads the input gets the mean square 1, and a bias that takes the mean of the
    batch away; what reads a normalisation or what theory does not know, 1; what reads a residual sum keeps
    its size. The last layer gets a third of the mean square that it reads, as PyTorch's own start gives it.
    """

    def __init__(self, start, op, place, fan_in, weight, bias, is_measured):
        self.start, self.op, self.place, self.fan_in = start, op, place, fan_in
        self.weight, self.bias = weight, bias
        self.is_normalised = place.normalised
        self.gain, self.bias_std, self.is_centred = 1.0, 0.0, False
        self.factor, self.seen = None, False
        self.fixup = self._fixup()
        theory, reads = start.theory, place.reads
        self.function = reads.function if reads is not None and reads.family == "activation" else ""
        self.critical = theory.start(self.function) if self.function else None
        may_centre = is_measured and not place.normalised and start.has_free_bias(bias)
        if self.critical is not None:
            self.gain = self.critical[0]
            self.bias_std = 0.0 if place.is_output or not start.places.is_chain else self.critical[1]
        elif theory.knows(self.function) and may_centre:
            self.is_centred, self.gain = True, theory.gain_at(self.function, 1.0)
        self.is_first = reads is not None and reads.family == "input" and may_centre and not place.is_output
        self.is_centred = self.is_centred or self.is_first
        if op in start.places.ends and start.residual == "scale":
            self.fixup /= math.sqrt(max(1, len(start.places.residuals)))

    def _fixup(self):
        """Of the inner layers of branches, where nothing normalises: L^(-1 / (2 m - 2)) (Zhang, Dauphin, Ma 2019)."""
        places = self.start.places
        if self.start.residual not in ("auto", "zero") or places.has_normalisation or not places.ends:
            return 1.0
        inside = places.branch_of(self.op)
        if len(inside) < 2 or self.op in places.ends:
            return 1.0
        return len(places.residuals) ** (-1.0 / (2 * len(inside) - 2))

    def std(self):
        if self.is_normalised or self.place.is_output:
            return 1 / math.sqrt(3 * self.fan_in)
        return self.gain * self.fixup / math.sqrt(self.fan_in)

    # In words.

    def why(self):
        reads = self.place.reads
        if self.is_normalised:
            return "normalised behind: its size is PyTorch's own"
        if self.place.is_output:
            return "the last layer: a third of the mean square that it reads"
        if self.is_first:
            text = "reads the input"
        elif self.is_centred:
            text = f"{self.function}: critical where the bias takes its mean away"
        elif self.critical is not None:
            text = f"critical gain of {self.function}"
        elif reads is None or reads.family == "input":
            text = "reads the input"
        elif reads.family == "residual":
            text = "reads a residual sum"
        elif reads.family == "activation":
            text = f"no critical start for {self.function or reads.kind} without a measured bias"
        else:
            text = f"reads {reads.family}"
        return text if self.fixup == 1 else text + f", times {self.fixup:.3g} in a branch"

    def bias_why(self):
        return "takes the mean away" if self.is_centred else f"critical with {self.function}" if self.bias_std else ""

    # Measuring.

    def _target(self, mean_square):
        """The mean square that the output is to have, by that of the input."""
        theory, reads = self.start.theory, self.place.reads
        follows = theory.start(self.place.follows) if self.place.follows else None
        q = self.start.lengths.get(reads) if reads is not None else None
        if self.place.is_output:
            return mean_square / 3
        if follows is not None and follows[2] > 0 and self.start.places.is_chain:
            target = follows[2]
        elif self.is_first:
            target = 1.0
        elif self.is_centred:
            q = 1.0 if q is None else q
            self.gain = theory.gain_at(self.function, q)
            target = self.gain**2 * theory.moments(self.function, q)[2]
        elif self.critical is not None and q is None:
            target = self.gain**2 * mean_square + self.bias_std**2
        elif self.critical is not None and self.bias_std > 0:
            target = self.gain**2 * theory.moments(self.function, q)[1] + self.bias_std**2
        elif self.critical is not None:
            self.gain = theory.gain_at(self.function, q)
            target = min(q, self.gain**2 * theory.moments(self.function, q)[1])
        elif reads is not None and reads.family == "residual":
            target = mean_square
        else:
            target = 1.0
        return target * self.fixup**2

    def on_call(self, module, arguments, output):
        """A forward hook: corrects the layer, and gives what the corrected one gives. The first call that gives
        anything counts."""
        if self.seen or not torch.is_tensor(output):
            return None
        read = next((a for a in arguments if torch.is_tensor(a)), None)
        mean_square = float(read.double().square().mean()) if read is not None else 1.0
        target = self._target(mean_square)
        if self.place.activation is not None and math.isfinite(target):
            self.start.lengths[self.place.activation] = target
        channel = output.dim() - 1 - (len(module.kernel_size) if isinstance(module, families.CONVOLUTIONS) else 0)
        shape = [1] * output.dim()
        shape[channel] = -1
        old = torch.zeros(output.shape[channel], device=output.device) if self.bias is None else self.bias.detach()
        values = output.double() - old.double().reshape(shape)
        mean = None
        if self.is_centred:
            mean = values.mean(dim=[d for d in range(output.dim()) if d != channel])
            values = values - mean.reshape(shape)
        size = float(values.square().mean().sqrt())
        wanted = target - (0.0 if self.is_centred else float(old.double().square().mean()))
        if not (math.isfinite(size) and size > 0 and wanted > 0):
            return None
        self.seen = True
        self.factor = math.sqrt(wanted) / size
        self.weight.mul_(self.factor)
        values = values * self.factor
        if self.is_centred:
            put_bias = (-mean * self.factor).to(self.bias.dtype)
            self.bias.copy_(put_bias)
        else:
            values = values + old.double().reshape(shape)
        return values.to(output.dtype)

    def tell(self):
        """What became of it, for the report."""
        start, name = self.start, self.start.name(self.weight)
        change = start.changed.get(name)
        if change is None:
            return
        std = start.std(self.weight)
        code = filled(change, self.weight).code
        if self.factor is None:
            start.notes.append(f"{name}: what it gives on the batch is 0 or no finite number, so its scale is theory's")
        start.changed[name] = replace(change, std=std, factor=self.factor, code=code, gain=self.gain)
        if self.is_centred and self.factor is not None:
            bias = start.name(self.bias)
            before = start.before.get(bias, start.std(self.bias))
            start.left.pop(bias, None)
            start.changed[bias] = type(change)(
                bias, "centred", start.std(self.bias), before, None, None, "takes the mean of the batch away"
            )


def filled(change, weight):
    """The change with the numbers of the weight in its code: what nn.init.normal_ and orthogonal_ are given."""
    std = float(weight.detach().double().std(unbiased=False))
    rows, cols = weight.shape[0], weight[0].numel()
    is_delta = "DELTA" in change.code
    norm = float(weight.detach().double().norm())
    gain = norm / math.sqrt(min(rows, weight.shape[1] if is_delta else cols))
    middle = "".join(f", {k // 2}" for k in weight.shape[2:])
    code = change.code.replace("DELTA", f"[:, :{middle}]").replace("STD", f"{std:.3g}").replace("GAIN", f"{gain:.4g}")
    return replace(change, code=code)
