# SPDX-License-Identifier: Apache-2.0
"""Reads a jaxpr equation by equation, computes it as it is written, and taps what its layers give."""

from dataclasses import dataclass

import jax
import numpy as np
from jax.extend import core as jex

from . import _tables, _taps
from ._graph import PLACE, SAMPLE, UNIT, Op, default_axes, unique

INLINED = {"pjit", "jit", "closed_call", "core_call", "remat", "remat2", "checkpoint"}


@dataclass
class Known:
    """Of a variable: what computes it, or the parameters that it is made of."""

    op: Op | None = None
    params: tuple = ()
    axes: tuple | None = None
    waits: bool = False  # a product whose bias may still come
    is_loss: bool = False  # a part of the loss, behind the outputs that it is of


NOTHING = Known()


def is_float(x):
    return jax.numpy.issubdtype(x.dtype, jax.numpy.floating)


class Rewriter:
    def __init__(self, run, graph, add_site, token, shares, loss=None):
        """loss: a FoundLoss, where it is known."""
        self.run, self.graph, self.add_site, self.token, self.shares = run, graph, add_site, token, shares
        self.loss = loss

    # Values.

    def evaluate(self, jaxpr, consts, args, known_args, path=()):
        """The values of the jaxpr's results, and what is known of them. path: the equations that called it."""
        values, known = {}, {}
        for var, value, one in (*zip(jaxpr.constvars, consts, [NOTHING] * len(consts)), *zip(jaxpr.invars, args, known_args)):
            values[var], known[var] = self.at_loss(path, var, value, one)

        def value_of(var):
            return var.val if isinstance(var, jex.Literal) else values[var]

        def known_of(var):
            return NOTHING if isinstance(var, jex.Literal) else known.get(var, NOTHING)

        for place, eqn in enumerate(jaxpr.eqns):
            about = [known_of(v) for v in eqn.invars]
            if any(k.waits for k in about) and not self.keeps_waiting(eqn, about):
                for var, one in zip(eqn.invars, about):
                    if one.waits:
                        values[var] = self.site(values[var], one.op)
                        known[var] = Known(one.op, (), one.axes)
                about = [known_of(v) for v in eqn.invars]
            if eqn.primitive.name in _tables.LINEAR and any(k.params for k in about):
                for var, one in zip(eqn.invars, about):
                    if one.op is not None and not one.op.is_site:
                        values[var], known[var] = self.settle(values[var], one)
                about = [known_of(v) for v in eqn.invars]
            ins = [value_of(v) for v in eqn.invars]
            outs, about_outs = self.equation(eqn, ins, about, (*path, place))
            for var, value, one in zip(eqn.outvars, outs, about_outs):
                values[var], known[var] = self.at_loss(path, var, value, one)
        for var in jaxpr.outvars:
            one = known_of(var)
            if one.waits:
                values[var], known[var] = self.site(values[var], one.op), Known(one.op, (), one.axes)
        return [value_of(v) for v in jaxpr.outvars], [known_of(v) for v in jaxpr.outvars]

    def at_loss(self, path, var, x, one):
        """A variable that is computed, and what is known of it: the last layer is what the loss is of."""
        if self.loss is None or one.is_loss:
            return x, one
        if (path, var) in (self.loss.targets, self.loss.weights):
            return _taps.targets(self.run, int((path, var) == self.loss.weights), x, self.token), one
        if (path, var) != self.loss.outputs or one.op is None:
            return x, one
        if one.waits:
            x = self.site(x, one.op)
        else:
            read = self.graph.read(one.op)
            if read is not None and not read.is_site and len(read.inputs) == 1:  # several are of the loss: similarities
                if self.loss.are_probabilities and read.family == "other":
                    read.kind = read.function = "softmax"
                x, one = self.settle(x, one)
        return x, Known(one.op, (), one.axes, is_loss=True)

    def settle(self, x, one):
        """What is no layer by itself is measured where a linear layer reads it."""
        read = self.graph.read(one.op)
        if read is None or read.is_site:
            return x, Known(read, (), one.axes)
        read.axes = one.axes
        return self.site(x, read), Known(read, (), one.axes)

    @staticmethod
    def keeps_waiting(eqn, about):
        name = eqn.primitive.name
        data = [k for k in about if k.op is not None]
        if len(data) != 1 or name in INLINED:
            return name in INLINED and len(data) == 1 and activation_of(eqn) is None
        return name in _tables.PLUMBING or (name in _tables.ADD and any(k.params for k in about))

    def equation(self, eqn, ins, about, path):
        if any(k.is_loss for k in about):
            ops = unique(k.op for k in about)
            read = ops[0] if len(ops) == 1 else Op("join", "loss", ops)
            return bind(eqn, ins), [Known(read, is_loss=True)] * len(eqn.outvars)
        name = eqn.primitive.name
        if is_inlined(eqn):
            return self.inline(eqn, ins, about, path)
        outs = bind(eqn, ins)
        data = unique(k.op for k in about)
        params = tuple(dict.fromkeys(p for k in about for p in k.params))
        if not outs or not is_float(outs[0]):
            return outs, [Known(data[0] if len(data) == 1 else None, params)] * len(outs)
        if name in _tables.LINEAR and params and len(data) <= 1:
            return outs, [self.linear(eqn, ins, about, outs[0], data, params)]
        if name in _tables.GATHER and params and not data:
            op = Op("embedding", "embedding", [], params, axes=default_axes(outs[0].ndim))
            return [self.site(outs[0], op)], [Known(op, (), op.axes)]
        if not data:
            return outs, [Known(None, params)] * len(outs)
        if outs[0].ndim == 0:  # of a loss, or a scale: no layer
            return outs, [Known(Op("other", name, data, params))] * len(outs)
        if len(data) == 1:
            return self.one(eqn, ins, about, outs, data[0], params)
        return self.several(eqn, about, outs, data, params)

    def inline(self, eqn, ins, about, path):
        closed = eqn.params.get("jaxpr")
        inner, consts = (closed.jaxpr, closed.consts) if hasattr(closed, "consts") else (closed, ())
        found = []

        def compute(*args):
            outs, about_outs = self.evaluate(inner, consts, args, about, path)
            found[:] = about_outs
            return outs

        if "remat" in eqn.primitive.name or "checkpoint" in eqn.primitive.name:
            compute = jax.checkpoint(compute, prevent_cse=eqn.params["prevent_cse"], policy=eqn.params["policy"])
        return compute(*ins), found

    # Layers.

    def linear(self, eqn, ins, about, out, data, params):
        op = Op("linear", eqn.primitive.name, data, params)
        op.axes, op.sizes = shape_of_linear(eqn, ins, about, out)
        return Known(op, (), op.axes, waits=True)

    def one(self, eqn, ins, about, outs, read, params):
        name = eqn.primitive.name
        place = next(i for i, k in enumerate(about) if k.op is not None)
        axes = about[place].axes
        if name in _tables.PLUMBING:
            if name == "transpose" and axes is not None:
                axes = tuple(axes[i] for i in eqn.params["permutation"])
            elif outs[0].shape != ins[place].shape:
                axes = None
            op = read if read.is_site or about[place].waits else Op(read.family, name, [read], axes=axes)
            if about[place].waits:
                op.axes = axes
            return outs, [Known(op, (), axes, about[place].waits)] * len(outs)
        if name in _tables.ADD and params and about[place].waits:
            read.params += [p for p in params if p not in read.params]
            return [self.site(outs[0], read)], [Known(read, (), axes)]
        function = activation_of(eqn)
        if function is None and name == "max" and is_zero(eqn, place):
            function = "relu"
        if name in (*_tables.ACTIVATION_PRIMITIVES, "max") and not read.is_site:
            function = None  # a part of something else: a gelu, a clipped variance
        if function is not None and outs[0].shape == ins[place].shape:
            op = Op("activation", function.split(" ")[0], [read], function=function, axes=axes)
            return [self.site(outs[0], op, ins[place])], [Known(op, (), axes)]
        same = outs[0].shape == ins[place].shape
        op = Op("other", name, [read], params, axes=axes if same else None)
        return outs, [Known(op, (), op.axes)] * len(outs)

    def several(self, eqn, about, outs, data, params):
        axes = next((k.axes for k in about if k.op is not None), None)
        if axes is not None and len(axes) != outs[0].ndim:
            axes = None
        name = eqn.primitive.name
        compares = self.loss is None and name == "sub" and any(op.family == "input" for op in data)
        if name in _tables.ADD and len(data) == 2 and not compares:
            ways = self.graph.residual_ways(*data)
            if ways is not None:
                op = Op("residual", "add", ways, axes=axes)
                return [self.site(outs[0], op)], [Known(op, (), axes)]
        op = Op("join", name, data, params, axes=axes)
        return outs, [Known(op, (), axes)] * len(outs)

    def site(self, x, op, z=None):
        """Makes the Op a layer, if it is none yet, and taps its output."""
        reads = [self.graph.read(r) for r in op.inputs]
        for read in reads:
            if read is not None and not read.is_site:
                self.make_layer(read, None)
        op.inputs = unique(reads)
        self.make_layer(op, x)
        axes = op.axes if op.axes is not None and len(op.axes) == x.ndim else default_axes(x.ndim)
        if x.ndim == 0 or x.ndim > 8:
            return x
        forward = self.add_site(op.id, axes, False, op.function if z is not None else "")
        backward = self.add_site(op.id, axes, True, "")
        along = axes.index(SAMPLE) if SAMPLE in axes else 0
        return _taps.tap(self.run, forward, backward, x, self.token, self.shares, along, z)

    def make_layer(self, op, x):
        if x is not None:
            axes = op.axes if op.axes is not None and len(op.axes) == x.ndim else default_axes(x.ndim)
            op.units = int(np.prod([n for n, a in zip(x.shape, axes) if a != SAMPLE], dtype=np.int64))
        op.is_site = True
        self.graph.add(op)


def is_inlined(eqn):
    return eqn.primitive.name in INLINED and activation_of(eqn) is None


def bind(eqn, ins):
    given = eqn.primitive.get_bind_params(eqn.params)
    functions, params = given if isinstance(given, tuple) else ((), given)
    outs = eqn.primitive.bind(*functions, *ins, **params)
    return list(outs) if eqn.primitive.multiple_results else [outs]


def name_of(eqn):
    """Of the function that the equation calls, "" where it has none."""
    name = eqn.params.get("name") or ""
    inner = eqn.params.get("call_jaxpr")
    if not name and inner is not None:
        info = getattr(getattr(inner, "jaxpr", inner), "debug_info", None)
        name = getattr(info, "func_name", "") or ""
    return str(name).lstrip("_")


def activation_of(eqn):
    """The text of the function, or None."""
    primitive = eqn.primitive.name
    if primitive in _tables.ACTIVATION_PRIMITIVES:
        return _tables.ACTIVATION_PRIMITIVES[primitive]
    if primitive not in INLINED and not primitive.startswith("custom_jvp_call"):
        return None
    name = name_of(eqn)
    if name == "gelu":
        return "gelu approximate=tanh" if "tanh" in str(eqn.params.get("jaxpr", "")) else "gelu"
    return _tables.ACTIVATION_FUNCTIONS.get(name)


def is_zero(eqn, place):
    others = [v for i, v in enumerate(eqn.invars) if i != place]
    return len(others) == 1 and isinstance(others[0], jex.Literal) and np.all(np.asarray(others[0].val) == 0)


def shape_of_linear(eqn, ins, about, out):
    """(axes of the output, fan_in and fan_out). The free axes of the parameters count units."""
    if eqn.primitive.name == "conv_general_dilated":
        spec = eqn.params["dimension_numbers"].out_spec
        axes = [PLACE] * out.ndim
        axes[spec[0]], axes[spec[1]] = SAMPLE, UNIT
        fan_in = ins[1].size // out.shape[spec[1]]
        places_out = int(np.prod([n for n, a in zip(out.shape, axes) if a == PLACE], dtype=np.int64))
        in_spec = eqn.params["dimension_numbers"].lhs_spec
        places_in = max(1, int(np.prod([ins[0].shape[i] for i in in_spec[2:]], dtype=np.int64)))
        taps = fan_in // max(1, ins[0].shape[in_spec[1]])
        fan_out = max(1, round(taps * out.shape[spec[1]] * places_out / places_in))
        return tuple(axes), {"fan_in": fan_in, "fan_out": fan_out}
    if eqn.primitive.name != "dot_general":
        return default_axes(out.ndim), {}
    (left, right), (batch, _) = eqn.params["dimension_numbers"]
    axes = [PLACE] * len(batch)
    sizes = {"fan_in": int(np.prod([ins[0].shape[i] for i in left], dtype=np.int64))}
    for operand, (x, contracted) in enumerate(zip(ins[:2], (left, right))):
        shared = eqn.params["dimension_numbers"][1][operand]
        free = [i for i in range(x.ndim) if i not in contracted and i not in shared]
        if about[operand].params:
            axes += [UNIT] * len(free)
            sizes["fan_out"] = int(np.prod([x.shape[i] for i in free], dtype=np.int64))
        else:
            own = about[operand].axes or default_axes(x.ndim)
            kept = [own[i] if own[i] != UNIT else PLACE for i in free]
            if kept and SAMPLE not in kept:
                kept[0] = SAMPLE
            axes += kept
    return tuple(axes), sizes
