# SPDX-License-Identifier: Apache-2.0
"""The graph of layers of a loss function, told to a Watcher while its jaxpr is read."""

from .._torch.names import path_of
from . import _tables

SAMPLE, UNIT, PLACE = 0, 1, 2


class Op:
    """What computes a tensor. A site has a layer and a tap; what stands between sites is joined to one
    layer where a site reads it."""

    def __init__(self, family, kind, inputs=(), params=(), function="", axes=None):
        self.family, self.kind, self.function = family, kind, function
        self.inputs, self.params, self.axes = list(inputs), list(params), axes
        self.depth = max((x.depth for x in self.inputs), default=0) + (family == "linear")
        self.is_site = family == "input"
        self.is_module, self.layout, self.units = False, None, 0
        self.id, self.path, self.sizes = -1, "", {}
        self.joined = None  # the layer that stands for it and what is above it up to the sites

    def ancestors(self):
        seen, stack = {self}, [self]
        while stack:
            for read in stack.pop().inputs:
                if read not in seen:
                    seen.add(read)
                    stack.append(read)
        return seen


def unique(ops):
    return list(dict.fromkeys(op for op in ops if op is not None))


def default_axes(rank):
    """As most of JAX lays tensors out: the batch first, features last."""
    if rank == 0:
        return ()
    return (SAMPLE,) if rank == 1 else (SAMPLE, *[PLACE] * (rank - 2), UNIT)


class Graph:
    def __init__(self, core):
        self.core = core
        self.by_path, self.users = {}, {}
        self.begin()

    def begin(self):
        """A trace begins; layers of an earlier one keep their numbers."""
        self.taken, self.now = {}, {}

    @staticmethod
    def path_of(op):
        """"Dense_0.kernel" makes the layer Dense_0."""
        if op.params and op.family in ("linear", "embedding", "normalisation"):
            return op.params[0].rpartition(".")[0] or op.params[0]
        return path_of(op)

    def add(self, op):
        path = self.path_of(op)
        self.taken[path] = count = self.taken.get(path, 0) + 1
        if count > 1:
            path = f"{path}#{count}" if op.family == "linear" else f"{path}_{count}"
        known = self.by_path.get(path)
        if known is not None and (known.family, known.kind) == (op.family, op.kind):
            op.id = known.id
        else:
            while path in self.by_path:
                path += "'"
            sizes = {"units": op.units, **op.sizes}
            op.id = self.core.add_layer(path, op.kind, op.family, text=op.kind, function=op.function, **sizes)
        op.path = path
        self.by_path[path] = self.now[path] = op
        self.core.set_depth(op.id, op.depth)
        for name in op.params:
            users = self.users.setdefault(name, [])
            if op.id not in users:
                users.append(op.id)
        if op.inputs:
            ways = ("branch", "shortcut") if op.family == "residual" else [""] * len(op.inputs)
            self.core.set_inputs(op.id, [(x.id, way, way == "shortcut") for x, way in zip(op.inputs, ways)])

    def read(self, op):
        """The layer that a site reads: the Op if it is one, else one layer for all between it and the sites above."""
        if op is None or op.is_site:
            return op
        if op.joined is None:
            op.joined = self.join(op)
        return op.joined

    def join(self, op):
        sources, region, stack = [], set(), [op]
        while stack:
            top = stack.pop()
            if top in region:
                continue
            region.add(top)
            for read in reversed(top.inputs):
                if read.is_site:
                    sources.append(read)
                else:
                    stack.append(read)
        sources = unique(sources)
        kinds = {one.kind for one in region}
        if not sources:
            return None
        if kinds <= _tables.PLUMBING and len(sources) == 1:
            return sources[0]
        family, kind, function = self.family_of(kinds, sources)
        joined = Op(family, kind or op.kind, sources, unique_names(region), function, op.axes)
        joined.units = op.units
        joined.depth = max(x.depth for x in sources)
        return joined

    @staticmethod
    def family_of(kinds, sources):
        """(family, kind, function) of what stands between sites, from the primitives that it is made of."""
        if "dot_general" in kinds and "exp" in kinds:
            return "attention", "dot_product_attention", ""
        if len(sources) > 1:
            return "join", "", ""
        if "rsqrt" in kinds or ("sqrt" in kinds and "div" in kinds):
            return "normalisation", "normalisation", ""
        if kinds & _tables.REDUCTIONS and kinds <= _tables.PLUMBING | _tables.REDUCTIONS | {"div", "mul"}:
            return "pooling", "pooling", ""
        if kinds <= _tables.PLUMBING | {"mul", "select_n"} and "select_n" in kinds:
            return "dropout", "dropout", ""
        for function, needed, allowed in _tables.WRITTEN_OUT:
            if needed <= kinds <= needed | allowed:
                return "activation", function.split(" ")[0], function
        return "other", "", ""

    @staticmethod
    def residual_ways(a, b):
        """[branch, shortcut] if one of two addends goes around layers with weights that the other goes through."""
        above_a, above_b = a.ancestors(), b.ancestors()
        if not above_a & above_b or a.depth == b.depth:
            return None
        return [a, b] if a.depth > b.depth else [b, a]

    def finish(self, loss):
        """What the loss reads."""
        outputs, seen, stack = [], set(), [loss] if loss is not None else []
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.is_site:
                outputs.append(op)
            else:
                stack += op.inputs
        outputs = [op for op in outputs if op.family != "input"] or outputs
        outputs.sort(key=lambda op: op.depth)
        self.core.set_outputs([op.id for op in outputs])


def unique_names(region):
    return list(dict.fromkeys(name for op in region for name in op.params))
