# SPDX-License-Identifier: Apache-2.0
"""Which loss a loss function computes, of what, and compared with what: found by numbers, not by how it is written.

What stands between the last parameters and the loss is computed a few times with drawn numbers. Where the results are

    loss = factor * L(outputs, targets) + offset

each time, for one of the losses L below and for two of the tensors that were computed on the way, that is the loss. So
optax's, those that are written by hand, and those of one sample under vmap are one; of weights of classes and sums of losses
nothing is said, since no L gives their numbers.

    cross_entropy          mean of -log softmax(outputs)[label], or of -sum(targets * log softmax(outputs)); of
                           labels also the mean with weights, a third tensor, which may be a mask
    binary_cross_entropy   mean of log(1 + exp(outputs)) - targets * outputs
    mse                    mean of (outputs - targets)^2
"""

import functools
from dataclasses import dataclass

import jax
import numpy as np
from jax.extend import core as jex

#: Of what is computed: equations, and numbers in all tensors that are kept. Beyond it nothing is looked for.
MOST_EQUATIONS, MOST_NUMBERS = 400, 1 << 22
#: The deviation of the drawn outputs, of each draw. Losses that are affine in each other over all of them are the same.
DRAWS = (0.5, 1.5, 2.0, 1.0)
#: What stands for a number that is made of parameters alone, a penalty or a temperature.
SCALE = 0.7
#: How far the numbers may be off, by the bits of the outputs' type.
NEAR = {16: 0.02, 32: 2e-4, 64: 2e-4}


@dataclass
class FoundLoss:
    """What is compared: variables of the jaxpr, each by the equations that call what it stands in, and itself."""

    kind: str
    outputs: tuple
    targets: tuple
    has_labels: bool  #: targets are a class each
    classes: int  #: the last axis of the outputs
    factor: float  #: nan where something else is added, or where it depends on the batch
    are_probabilities: bool  #: each row of the outputs sums up to 1
    weights: tuple | None = None  #: of each label, of which the mean is taken; a variable too
    pairs: tuple | None = None  #: the shapes of both, where each of some is compared with each of others


def find_loss(closed, is_param, is_inlined):
    """The FoundLoss of a closed jaxpr, or None. is_param: of each of its inputs; is_inlined: of an equation, whether
    its inside is looked at."""
    with jax.ensure_compile_time_eval():
        flat = Flat(closed, is_param, is_inlined)
        if flat.loss is None or not flat.cut():
            return None
        # A label below 0 tells a mask of such from none, but is none to each way of writing.
        return next((one for one in (match(flat, flat.draws(low)) for low in (-1, 0)) if one is not None), None)


def match(flat, draws):
    """The FoundLoss that gives the losses of the draws, or None."""
    losses = np.asarray([draw[flat.loss] for draw in draws], np.float64)
    if losses.shape != (len(DRAWS),) or not np.isfinite(losses).all():
        return None
    data = {number: [np.asarray(draw[number]) for draw in draws] for number in flat.of_data}
    data |= {number: [np.asarray(flat.consts[number])] * len(draws) for number in flat.fixed}
    for ours in flat.of_outputs:
        outputs = [np.asarray(draw[ours]) for draw in draws]
        near = NEAR.get(8 * outputs[0].dtype.itemsize, 2e-4)
        for theirs, targets in data.items():
            for kind, weights, ways in compared(outputs, targets, data):
                fit = affine(losses, ways, near)
                if fit is None:
                    continue
                has_labels = weights is not None
                pairs = None if has_labels else broadcast(outputs[0], targets[0])
                factor = float("nan") if pairs else factor_of(*fit, losses, kind, outputs[0], 2 * near)
                rows = [np.abs(one.astype(np.float64).sum(-1) - 1).max() + max(0.0, -one.min()) for one in outputs]
                return FoundLoss(
                    kind, flat.keys[ours], flat.keys[theirs], has_labels, outputs[0].shape[-1], factor,
                    are_probabilities=max(map(float, rows)) < 1e-2, weights=flat.keys[weights] if weights else None, pairs=pairs,
                )
    return None


def compared(outputs, targets, data):
    """(kind, weights, L of each draw) of what the shapes allow. weights: of labels, 0 for none or a number of data;
    None of what are no labels."""
    shape, given, classes = outputs[0].shape, targets[0].shape, outputs[0].shape[-1]
    if targets[0].dtype.kind in "iu" and classes > 1 and given in (shape[:-1], (*shape[:-1], 1)):
        if all(y.size and y.min() >= -1 and y.max() < classes for y in targets):
            losses = [
                -np.take_along_axis(log_softmax(z), y.reshape(*shape[:-1], 1).astype(np.int64), -1).reshape(given)
                for z, y in zip(outputs, targets)
            ]
            yield "cross_entropy", 0, [float(one.mean()) for one in losses]
            for number, weights in data.items():
                if weights[0].shape == given and weights is not targets and all(w.astype(np.float64).sum() for w in weights):
                    yield "cross_entropy", number, [float(np.average(one, weights=w)) for one, w in zip(losses, weights)]
    if given != shape and len(given) == len(shape) and spread_over(shape, given) and spread_over(given, shape):
        yield "mse", None, [float(((z.astype(np.float64) - y) ** 2).mean()) for z, y in zip(outputs, targets)]
    if given != shape or targets[0].dtype.kind not in "fiub" and targets[0].dtype.name != "bfloat16":
        return
    pairs = [(z.astype(np.float64), y.astype(np.float64)) for z, y in zip(outputs, targets)]
    if classes > 1:
        yield "cross_entropy", None, [float(-(y * log_softmax(z)).sum(-1).mean()) for z, y in pairs]
    yield "binary_cross_entropy", None, [float((np.logaddexp(0, z) - y * z).mean()) for z, y in pairs]
    yield "mse", None, [float(((z - y) ** 2).mean()) for z, y in pairs]


def spread_over(shape, other):
    """Whether what has the shape is expanded along some axis to be compared with the other."""
    return any(a == 1 < b for a, b in zip(shape, other)) and all(1 in (a, b) or a == b for a, b in zip(shape, other))


def broadcast(outputs, targets):
    """The shapes of both, without axes of 1 in front, where each is expanded along axes of the other; None where not."""
    if not (spread_over(outputs.shape, targets.shape) and spread_over(targets.shape, outputs.shape)):
        return None
    shapes = [list(outputs.shape), list(targets.shape)]
    for shape in shapes:
        while shape[0] == 1:  # put in front by broadcasting
            del shape[0]
    return tuple(map(tuple, shapes))


def log_softmax(z):
    z = z.astype(np.float64)
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def affine(losses, ways, near):
    """(factor, offset) if losses = factor * ways + offset with a factor above 0, else None."""
    ways = np.asarray(ways)
    low, high = int(ways.argmin()), int(ways.argmax())
    spread = ways[high] - ways[low]
    if not np.isfinite(ways).all() or not spread > 1e-3 * np.abs(ways).max():
        return None
    factor = (losses[high] - losses[low]) / spread
    offset = losses[low] - factor * ways[low]
    limit = near * np.abs(losses).max()
    return (factor, offset) if factor > 0 and np.abs(factor * ways + offset - losses).max() <= limit else None


def factor_of(factor, offset, losses, kind, outputs, near):
    """One that holds for batches of any size: 1, the half of a squared error, a number below, or the sum of the columns."""
    if abs(offset) > near * np.abs(losses).max():
        return float("nan")
    columns = outputs.shape[-1] if kind != "cross_entropy" and outputs.ndim > 1 else 1
    for one in (1.0, 0.5, columns, columns / 2):
        if abs(factor / one - 1) < near:
            return float(one)
    return float(factor) if factor < 1 else float("nan")


class Flat:
    """A jaxpr as one list of equations. Variables are numbers; what is said of each stands in lists."""

    def __init__(self, closed, is_param, is_inlined):
        self.is_inlined = is_inlined
        self.keys, self.avals, self.consts = [], [], {}
        self.steps, self.made_by = [], {}  #: (equation, inputs, outputs); which of them makes a variable
        given = [self.new(((), var), var.aval) for var in closed.jaxpr.invars]
        self.params = {number for number, yes in zip(given, is_param) if yes}
        self.given = [number for number, yes in zip(given, is_param) if not yes]
        outs = self.read(closed.jaxpr, closed.consts, given, ())
        is_loss = outs and self.avals[outs[0]].shape == () and outs[0] in self.made_by
        self.loss = outs[0] if is_loss else None

    def new(self, key, aval):
        self.keys.append(key)
        self.avals.append(aval)
        return len(self.keys) - 1

    def constant(self, value, aval, key=None):
        number = self.new(key, aval)
        self.consts[number] = value
        return number

    def read(self, jaxpr, consts, given, path):
        numbers = dict(zip(jaxpr.invars, given))
        for var, value in zip(jaxpr.constvars, consts):
            numbers[var] = self.constant(value, var.aval, (path, var))

        def number(var):
            return self.constant(var.val, var.aval) if isinstance(var, jex.Literal) else numbers[var]

        for i, eqn in enumerate(jaxpr.eqns):
            ins = [number(v) for v in eqn.invars]
            if self.is_inlined(eqn):
                inner = eqn.params["jaxpr"]
                inner, own = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
                numbers.update(zip(eqn.outvars, self.read(inner, own, ins, (*path, i))))
                continue
            outs = [self.new((path, var), var.aval) for var in eqn.outvars]
            numbers.update(zip(eqn.outvars, outs))
            self.made_by.update((out, len(self.steps)) for out in outs)
            self.steps.append((eqn, ins, outs))
        return [number(v) for v in jaxpr.outvars]

    def cut(self):
        """Finds what is computed without parameters from here on: self.tail, and what is drawn for it: self.drawn."""
        of_params, of_both, direct = set(self.params), set(), set()
        for eqn, ins, outs in self.steps:
            params = [i for i in ins if i in of_params]
            if params and all(i in of_params or (i in self.consts and self.keys[i] is None) for i in ins):
                of_params.update(outs)
            elif params or any(i in of_both for i in ins):
                of_both.update(outs)
                if any(self.avals[i].shape for i in params):
                    direct.update(outs)  # a layer with parameters
        self.of_params = of_params
        tail, self.cuts, self.others, fixed = set(), [], [], []
        stack, seen = [self.loss], set()
        while stack:
            number = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            if number in self.consts:
                fixed += [number] if self.keys[number] is not None and self.avals[number].shape else []
            elif number in direct:
                self.cuts.append(number)
            elif number in of_params or number not in self.made_by:
                self.others.append(number)
            else:
                tail.add(self.made_by[number])
                stack += self.steps[self.made_by[number]][1]
        self.tail = sorted(tail)
        made = [out for i in self.tail for out in self.steps[i][2]]
        kept = [n for n in [*sorted(self.cuts), *sorted(self.others), *made] if is_kept(self.avals[n])]
        self.of_outputs = [n for n in sorted(kept) if n in of_both and is_floating(self.avals[n]) and self.avals[n].shape]
        self.of_data = [n for n in sorted(kept) if n not in of_both and n not in of_params]
        self.kept = [*self.of_outputs, *self.of_data, self.loss]
        self.fixed = [n for n in fixed if is_kept(self.avals[n])]  # arrays that the loss function closes over
        numbers = sum(self.avals[n].size for n in {*kept, *self.cuts, *self.others} if hasattr(self.avals[n], "size"))
        return bool(self.cuts and (self.of_data or self.fixed)) and len(self.tail) <= MOST_EQUATIONS and numbers <= MOST_NUMBERS

    def draws(self, low):
        """The numbers of each draw, by variable. low: the lowest label."""
        leaves = [*self.cuts, *self.others]
        sizes = [n for cut in self.cuts for n in self.avals[cut].shape[1:] or self.avals[cut].shape if n > 1]
        classes = min(sizes, default=2)
        generator = np.random.default_rng(0)
        rows = []
        for deviation in DRAWS:
            given = [deviation * generator.normal(size=self.avals[n].shape) for n in self.cuts]
            given += [SCALE if n in self.of_params else drawn(generator, self.avals[n], low, classes) for n in self.others]
            given = [x if isinstance(x, jax.Array) else np.asarray(x).astype(self.avals[n].dtype) for x, n in zip(given, leaves)]
            rows.append(dict(zip(self.kept, jax.device_get(self.compute(given)))))
        return rows

    @functools.cached_property
    def compute(self):
        """The tail as a compiled function of its leaves."""
        leaves = [*self.cuts, *self.others]

        def compute(given):
            values = {**self.consts, **dict(zip(leaves, given))}
            for i in self.tail:
                eqn, ins, outs = self.steps[i]
                functions, params = bind_params(eqn)
                result = eqn.primitive.bind(*functions, *[values[n] for n in ins], **params)
                values.update(zip(outs, result if eqn.primitive.multiple_results else [result]))
            return [values[n] for n in self.kept]

        return jax.jit(compute)


def bind_params(eqn):
    given = eqn.primitive.get_bind_params(eqn.params)
    return given if isinstance(given, tuple) else ((), given)


def is_floating(aval):
    return jax.numpy.issubdtype(aval.dtype, np.floating)


def is_kept(aval):
    """Numbers that may be outputs or targets."""
    return hasattr(aval, "dtype") and (is_floating(aval) or aval.dtype.kind in "iub")


def drawn(generator, aval, low, classes):
    """Labels from low on of so many classes, as whole numbers of whatever type; keys of random numbers."""
    if jax.dtypes.issubdtype(aval.dtype, jax.dtypes.prng_key):
        return jax.random.split(jax.random.key(0), max(aval.size, 1))[: aval.size].reshape(aval.shape)
    return generator.integers(0 if aval.dtype.kind in "ub" else low, max(classes, 2), aval.shape)
