# SPDX-License-Identifier: Apache-2.0
"""Finds out the graph of layers while the first measured step computes.

Modules of torch.nn are layers as they are called. What stands between them (a sum, a functional
relu, an attention written out) is read from autograd's graph, node by node: each becomes an Op, and
an Op becomes a layer where a layer reads it. Nothing is guessed: an Op without a name of its own is
of the family "other".
"""

import weakref

import torch

from .. import _core
from . import families
from .families import node_kind

Layout = _core.Layout

#: A module that is called more often in one pass shares the last of these layers.
MOST_CALLS = 64

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
    )

    def __init__(self, family, kind, inputs=(), node=None, function="", layout=None, params=()):
        self.family, self.kind, self.function = family, kind, function
        self.inputs = list(inputs)
        self.node, self.params = node, list(params)
        self.layout = layout or (self.inputs[0].layout if self.inputs else Layout.rows)
        self.depth = max((x.depth for x in self.inputs), default=0) + (family == "linear")
        self.id, self.path, self.is_module, self.saved, self.units = -1, "", False, None, 0


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


class Graph:
    def __init__(self, core, model):
        self.core = core
        self.names = {}  # of modules, by identity
        for name, module in model.named_modules():
            self.names.setdefault(id(module), name or type(model).__name__)
        self.kinds = {name: type(m).__name__ for name, m in model.named_modules()}
        self.param_names, self.shapes = {}, {}
        for name, module in model.named_modules():
            for own, param in module._parameters.items():
                if param is not None:
                    path = self.param_names.setdefault(id(param), f"{name}.{own}" if name else own)
                    self.shapes[path] = tuple(param.shape)
        self.by_path = {}  # every layer: Op
        self.blocks = {}
        self.users = {}  # of parameters, by name: layer ids
        self.reached = set()  # parameters that a gradient came to
        self.loss = ""
        self.outputs = []
        self.seq_first = any(
            getattr(m, "batch_first", None) is False
            and isinstance(m, (torch.nn.MultiheadAttention, torch.nn.Transformer, *families.RECURRENT))
            for m in model.modules()
        )
        self.input_ops = []
        self.is_stale = False  # a call was seen that the learned pass did not have
        self.begin()

    def begin(self):
        """A pass is learned from its beginning. Nothing of autograd's is held beyond it."""
        for op in self.by_path.values():
            op.node = None
        self.of_node = {}  # Op or Params, by autograd node (which keeps it alive)
        self.of_tensor = {}  # by identity, while it lives
        self.calls = []  # (Op, nodes of its outputs, nodes of its inputs)
        self.told = set()
        self.made = []  # functional Ops of this pass, in order
        self.taken = {}

    def begin_pass(self):
        """A further pass of the same step gives its layers the same names."""
        self.taken, self.told = {}, set()

    forget = begin

    # Layers.

    def block_of(self, path):
        parent = path.rpartition(".")[0]
        while parent and parent not in self.kinds:
            parent = parent.rpartition(".")[0]
        if not parent:
            return -1
        if parent not in self.blocks:
            self.blocks[parent] = self.core.add_block(parent, self.kinds[parent], self.block_of(parent))
        return self.blocks[parent]

    def add(self, op, path, text="", fan_in=0, fan_out=0, units=0):
        """Gives the Op the layer of that path, a new one unless an earlier pass had it."""
        known = self.by_path.get(path)
        if known is not None and known.family == op.family and known.kind == op.kind:
            op.id = known.id
        else:
            while path in self.by_path:
                path += "'"
            op.id = self.core.add_layer(
                path,
                op.kind,
                op.family,
                text=text or op.kind,
                units=units or op.units,
                fan_in=fan_in,
                fan_out=fan_out,
                block=self.block_of(path),
                function=op.function,
            )
        op.path, op.units = path, units or op.units
        self.by_path[path] = op
        self.core.set_depth(op.id, op.depth)
        for name in op.params:
            users = self.users.setdefault(name, [])
            if op.id not in users:
                users.append(op.id)

    def set_inputs(self, op):
        self.core.set_inputs(op.id, [(x.id, way, main) for x, way, main in self.edges(op)])

    def edges(self, op):
        if op.family != "residual":
            return [(x, "", False) for x in op.inputs]
        branch, shortcut = op.inputs
        return [(branch, "branch", False), (shortcut, "shortcut", True)]

    def inputs(self, arguments):
        """The tensors that the model is called with. Returns [(Op, tensor)]."""
        found = []
        for i, tensor in enumerate(tensors_in(arguments)):
            path = "input" if i == 0 else f"input_{i}"
            op = self.by_path.get(path)
            if op is None:
                layout = Layout.channels_first if tensor.dim() >= 4 else Layout.rows
                if self.seq_first and tensor.dim() == 3:
                    layout = Layout.time_first
                op = Op("input", "input", layout=layout)
                samples = tensor.shape[1 if self.seq_first and tensor.dim() >= 2 else 0] if tensor.dim() else 1
                self.add(op, path, units=tensor.numel() // max(samples, 1))
                self.input_ops.append(op)
            found.append((op, tensor))
            self.of_tensor[id(tensor)] = (weakref.ref(tensor), op)
            if tensor.grad_fn is not None:
                self.of_node[tensor.grad_fn] = op
        return found

    # Module calls.

    def on_call(self, hook, index, module, arguments, output):
        name = self.names[id(module)]
        family, function = families.family_of(module)
        out = next((t for t in tensors_in(output)), None)
        if out is None:
            return
        reads = list(tensors_in(arguments))
        path = name if index == 0 else f"{name}#{index + 1}"
        if not self.core.learning:
            self.is_stale = True
            if path in self.by_path:  # the graph is found out again in the next measured step
                _core.set_call(hook, index, self.by_path[path].id, self.by_path[path].layout)
            else:
                op = Op(family, type(module).__name__, function=function)
                op.is_module = True
                op.layout = self.layout_of(module, family, out, [])
                op.params = self.params_of(module)
                sizes = self.sizes(module, family, reads[0] if reads else None, out, op.layout)
                self.add(op, path, text=repr(module).split("\n")[0], **sizes)
                _core.set_call(hook, index, op.id, op.layout)
            return
        if index >= MOST_CALLS:
            op = self.by_path[f"{name}#{MOST_CALLS}"]
            _core.set_call(hook, index, op.id, op.layout)
            return
        nodes = [t.grad_fn for t in reads]
        if out.grad_fn is not None and out.grad_fn in nodes and not getattr(module, "inplace", False):
            return  # gives what it read: a dropout that is off
        if out.grad_fn is not None:  # in place: what it read has become what it gives
            nodes = [
                next((n for n, _ in out.grad_fn.next_functions if n is not None), None)
                if node is out.grad_fn
                else node
                for node in nodes
            ]
        sources = unique(self.source(t, n) for t, n in zip(reads, nodes))
        if not sources and reads and nodes[0] is None and reads[0].is_floating_point():
            sources = self.data_source()  # rows of the data, say, that were chosen
        layout = self.layout_of(module, family, out, sources)
        op = Op(family, type(module).__name__, sources, out.grad_fn, function, layout)
        op.is_module = True
        op.params = self.params_of(module)
        sizes = self.sizes(module, family, reads[0] if reads else None, out, layout)
        for source in sources:
            self.materialise(source)
        self.add(op, path, text=repr(module).split("\n")[0], **sizes)
        if sources:
            self.set_inputs(op)
        if family == "recurrent":
            kind = getattr(module, "nonlinearity", "")
            self.core.set_cell(op.id, kind)
        _core.set_call(hook, index, op.id, layout)
        _core.set_reads(hook, index, -1, None)
        self.tell_source(hook, index, reads, nodes, out)
        given = list(tensors_in(output))
        outs = [t.grad_fn for t in given if t.grad_fn is not None]
        for tensor in given:
            self.of_tensor[id(tensor)] = (weakref.ref(tensor), op)
        outs = [n for n in outs if n not in nodes]
        for node in outs:
            self.of_node[node] = op
        self.calls.append((op, outs, [n for n in nodes if n is not None]))

    def params_of(self, module):
        return [self.param_names[id(p)] for p in module.parameters() if id(p) in self.param_names]

    def tell_source(self, hook, index, reads, nodes, out):
        """The output of what is no module is measured where a module reads it."""
        if not reads or nodes[0] is None or reads[0].data_ptr() == out.data_ptr():
            return
        source = self.source(reads[0], nodes[0])
        if source is None or source.is_module or source.family == "input" or source.id in self.told:
            return
        self.told.add(source.id)
        _core.set_reads(hook, index, source.id, reads[0].grad_fn)

    def source(self, tensor, node):
        if node is not None:
            found = self.resolve(node)
            return found if isinstance(found, Op) else None
        known = self.of_tensor.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return known[1]
        # A view of what the model is called with, which needs no gradient.
        for op_ref, op in self.of_tensor.values():
            base = op_ref()
            if base is not None and op.family == "input" and tensor.dtype == base.dtype:
                if tensor.data_ptr() == base.data_ptr() and tensor.numel() == base.numel():
                    return op
        return None

    def layout_of(self, module, family, out, sources):
        if isinstance(module, families.RECURRENT):
            return Layout.time_rows if module.batch_first else Layout.time_first
        if isinstance(module, (*families.CONVOLUTIONS, torch.nn.modules.batchnorm._BatchNorm)):
            return Layout.channels_first
        if isinstance(module, torch.nn.Flatten):
            return Layout.rows
        if isinstance(module, (torch.nn.Linear, torch.nn.Embedding, torch.nn.LayerNorm)):
            if sources and sources[0].layout in (Layout.time_rows, Layout.time_first):
                return sources[0].layout
            return Layout.place_first if self.seq_first and out.dim() == 3 else Layout.rows
        if out.dim() >= 4:
            return Layout.channels_first
        return sources[0].layout if sources else Layout.rows

    def sizes(self, module, family, read, out, layout):
        outer = layout in (Layout.time_first, Layout.place_first) and out.dim() >= 3
        samples = max(out.shape[1 if outer else 0] if out.dim() else 1, 1)
        sizes = {"units": out.numel() // samples}
        weight = getattr(module, "weight", None)
        if family != "linear" or not torch.is_tensor(weight) or read is None:
            return sizes
        if isinstance(module, families.TRANSPOSED):
            sizes["fan_out"] = weight[0].numel()
            sizes["fan_in"] = max(1, round(sizes["fan_out"] * read.numel() / max(1, out.numel())))
        else:
            sizes["fan_in"] = weight[0].numel()
            sizes["fan_out"] = max(1, round(sizes["fan_in"] * out.numel() / max(1, read.numel())))
        return sizes

    # Autograd's nodes.

    def resolve(self, node):
        """The Op whose output the node's tensor is, or Params; None for what needs no gradient."""
        stack = [node]
        while stack:
            top = stack[-1]
            if top in self.of_node:
                stack.pop()
                continue
            waiting = [n for n, _ in top.next_functions if n is not None and n not in self.of_node]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            self.of_node[top] = self.understand(top)
        return self.of_node[node]

    def understand(self, node):
        if hasattr(node, "variable"):
            return self.leaf(node.variable)
        kind = node_kind(node)
        children = [self.of_node[n] for n, _ in node.next_functions if n is not None]
        params = [name for c in children if isinstance(c, Params) for name in c.names]
        data = unique(c for c in children if isinstance(c, Op))
        if kind in families.EMBEDDING_NODES:
            return self.op("embedding", "embedding", data or self.data_source(), node, params)
        if not data:
            reads_data = kind in families.LINEAR_NODES and params and len(node.next_functions) > len(children)
            if not reads_data:
                return Params(params) if params else None
            return self.op("linear", kind.lower(), self.data_source(), node, params)
        if kind in families.PLUMBING and len(data) == 1:
            return data[0]
        if len(data) == 1:
            return self.understand_one(node, kind, data[0], params, children)
        return self.understand_several(node, kind, data)

    def leaf(self, variable):
        if id(variable) in self.param_names:
            return Params([self.param_names[id(variable)]])
        known = self.of_tensor.get(id(variable))
        return known[1] if known is not None and known[0]() is variable else None

    def data_source(self):
        """What needs no gradient is the model's input, where it has only one."""
        return self.input_ops[:1] if len(self.input_ops) == 1 else []

    def op(self, family, kind, inputs, node, params=(), function=""):
        op = Op(family, kind, inputs, node, function, params=params)
        self.made.append(op)
        return op

    def understand_one(self, node, kind, read, params, children):
        if kind in families.ACTIVATION_NODES:
            name, saved, is_output = families.ACTIVATION_NODES[kind]
            function = self.function_of(node, name)
            op = self.op("activation", name, [read], node, function=function)
            if kind == "Elu" and getattr(node, "_saved_is_result", False):
                saved = ""
            op.saved = (saved, is_output)
            return op
        if kind in families.LINEAR_NODES:
            if params:
                return self.op("linear", kind.lower(), [read], node, params)
            return self.op("other", kind.lower(), [read], node)
        if kind in ("Add", "Sub"):
            # A bias, or a constant: the gradient passes whole.
            if read.family == "linear" and not read.is_module:
                read.params += [p for p in params if p not in read.params]
                return read
            return self.op("other", "add", [read], node, params) if params else read
        for family, nodes in (
            ("normalisation", families.NORMALISATION_NODES),
            ("pooling", families.POOLING_NODES),
            ("dropout", families.DROPOUT_NODES),
        ):
            if kind in nodes:
                return self.op(family, kind.lower(), [read], node, params)
        return self.op("other", kind.lower(), [read], node, params)

    @staticmethod
    def function_of(node, name):
        def saved(key, otherwise):
            value = getattr(node, "_saved_" + key, otherwise)
            return value if isinstance(value, (int, float, str)) else otherwise

        if name == "leaky_relu":
            return f"leaky_relu {saved('negative_slope', 0.01):g}"
        if name == "elu":
            return f"elu {saved('alpha', 1.0):g}"
        if name == "hardtanh":
            return f"hardtanh {saved('min_val', -1.0):g} {saved('max_val', 1.0):g}"
        if name == "gelu" and saved("approximate", "none") == "tanh":
            return "gelu approximate=tanh"
        if name == "softplus" and saved("beta", 1) != 1:
            return ""
        return name

    def understand_several(self, node, kind, data):
        if kind in families.ATTENTION_NODES:
            return self.op("attention", "scaled_dot_product_attention", data, node)
        if kind in ("Bmm", "Matmul", "Mm"):
            attention = self.attention(node, data)
            if attention is not None:
                return attention
        if kind in ("Add", "Sub") and len(data) == 2:
            ways = self.residual_ways(*data)
            if ways is not None:
                return self.op("residual", "add", ways, node)
        return self.op("join", kind.lower(), data, node)

    def attention(self, node, data):
        """softmax(q k^T) v written out, with or without a mask, a scale and dropout between."""
        for weights in data:
            inner, top = [], weights
            while len(top.inputs) == 1 and not top.is_module and top.kind in ("mul", "div", "nativedropout", "where", "maskedfill"):
                inner.append(top)
                top = top.inputs[0]
            if top.kind != "softmax" or top.is_module:
                continue
            scores = top.inputs[0]
            inner.append(top)
            while len(scores.inputs) == 1 and not scores.is_module and scores.kind in ("mul", "div", "maskedfill", "where"):
                inner.append(scores)
                scores = scores.inputs[0]
            if scores.kind not in ("bmm", "baddbmm", "matmul", "mm") or scores.is_module:
                continue
            queries = []
            for read in scores.inputs:  # scaled before they meet
                while read.kind in ("mul", "div") and not read.is_module and len(read.inputs) == 1:
                    inner.append(read)
                    read = read.inputs[0]
                queries.append(read)
            values = [x for x in data if x is not weights]
            op = self.op("attention", "scaled_dot_product_attention", unique(queries + values), node)
            op.layout = values[0].layout if values else op.layout
            for part in [*inner, scores]:
                for one, known in self.of_node.items():
                    if known is part:
                        self.of_node[one] = op
            return op
        return None

    @staticmethod
    def ancestors(op):
        seen, stack = {op}, [op]
        while stack:
            for read in stack.pop().inputs:
                if read not in seen:
                    seen.add(read)
                    stack.append(read)
        return seen

    def residual_ways(self, a, b):
        """(branch, shortcut) if one of two addends goes around what the other goes through."""
        above_a, above_b = self.ancestors(a), self.ancestors(b)
        if a in above_b:
            return [b, a]
        if b in above_a:
            return [a, b]
        if above_a & above_b and a.depth != b.depth:
            return [a, b] if a.depth > b.depth else [b, a]
        return None

    # Ops become layers.

    def materialise(self, op):
        stack = [op]
        while stack:
            top = stack[-1]
            if top.id >= 0:
                stack.pop()
                continue
            waiting = [x for x in top.inputs if x.id < 0]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            self.name(top)

    def name(self, op):
        """A path of its own: the module that all it reads stands in, and what it is."""
        sizes = {}
        if op.family == "linear" and op.params:
            parts = op.params[0].rpartition(".")
            for name in op.params:
                if name.endswith("weight"):
                    parts = name.rpartition(".")
            # "attn.in_proj_weight" is the linear layer attn.in_proj
            path = parts[0]
            own = parts[2]
            if own not in ("weight", "bias"):
                stem = own.removesuffix("_weight").removesuffix("_bias") or own
                path = f"{path}.{stem}" if path else stem
            sizes = self.functional_sizes(op)
        else:
            # A sum belongs where its branch ends.
            reads = op.inputs[:1] if op.family == "residual" else op.inputs
            owners = [x.path.split("#")[0].rpartition(".")[0] if x.family != "input" else None for x in reads]
            owners = [o.split(".") for o in owners if o is not None]
            common = []
            for words in zip(*owners):
                if len(set(words)) > 1:
                    break
                common.append(words[0])
            base = ".".join(w for w in common if w)
            path = f"{base}.{op.kind}" if base else op.kind
            sizes = {"units": self.functional_units(op)}
        if path in self.taken or (op.family == "linear" and path in self.by_path and self.by_path[path].is_module):
            self.taken[path] = self.taken.get(path, 1) + 1
            path = f"{path}_{self.taken[path]}"
        else:
            self.taken[path] = 1
        self.add(op, path, **sizes)
        if op.inputs:
            self.set_inputs(op)

    @staticmethod
    def functional_units(op):
        units = [x.units for x in op.inputs]
        if op.kind == "cat":
            return sum(units) if all(units) else 0
        keeps = op.family in ("activation", "residual", "dropout", "normalisation")
        return units[0] if units and (keeps or op.kind in ("mul", "add", "sub", "div")) else 0

    def functional_sizes(self, op):
        for name in op.params:
            shape = self.shapes[name]
            if len(shape) >= 2:
                taps = 1
                for extent in shape[2:]:
                    taps *= extent
                return {"fan_in": shape[1] * taps, "fan_out": shape[0] * taps}
        return {}

    # The end of the pass.

    def finish(self, roots, model_outputs):
        """The loss is known: what it reads, and where the ways of the gradient meet."""
        ends = {self.resolve(n) for n in model_outputs} - {self.resolve(n) for n in roots}
        outputs, seen = [], set()
        stack = [self.resolve(n) for n in roots]
        while stack:
            op = stack.pop(0)
            if not isinstance(op, Op) or op in seen:
                continue
            seen.add(op)
            is_loss = node_kind(op.node) in families.LOSS_NODES if op.node is not None else False
            if is_loss:
                self.loss = self.loss or families.LOSS_NODES[node_kind(op.node)]
            if op.is_module or op.family == "input" or (op in ends and not is_loss):
                outputs.append(op)
            else:
                stack += op.inputs
        self.loss_ops = seen - set(outputs)
        outputs.sort(key=lambda op: op.depth)
        for op in outputs:
            self.materialise(op)
        self.outputs = outputs
        self.core.set_outputs([op.id for op in outputs])

    def plan(self, watcher, order):
        """Which autograd nodes are hooked in every measured step like this one."""
        plan = _core.NodePlan(watcher)
        plan.set_graph(order)
        place = {node: i for i, node in enumerate(order)}
        for node in order:
            if hasattr(node, "variable"):
                self.reached.add(self.param_names.get(id(node.variable)))
        for op in self.made:
            if op.id < 0 or op.node not in place or self.of_node.get(op.node) is not op:
                continue
            plan.add_gradient(place[op.node], op.id, op.layout)
            if op.family == "activation" and op.function and op.saved and op.saved[0]:
                plan.add_slope(place[op.node], op.saved[0], op.saved[1], op.id, op.layout, op.function)
        self.plan_ways(plan, order, place)
        return plan

    def plan_ways(self, plan, order, place):
        layers = [op for op in self.by_path.values() if op.id >= 0]
        readers = {}
        for op in layers:
            for i, (read, _, _) in enumerate(self.edges(op)):
                readers.setdefault(read, []).append((op, i))
        joined = {op for op, reads in readers.items() if len(reads) > 1 and op.family != "input"}
        if not joined:
            return
        owner = self.owners()
        above = {}  # by node: [(node that hands it a gradient, as which of its inputs)]
        for q in order:
            for k, (to, _) in enumerate(q.next_functions):
                if to is not None:
                    above.setdefault(to, []).append((q, k))
        base = {op: op.node for op in self.made}
        base.update({op: outs[0] for op, outs, _ in self.calls if outs})
        for op in joined:
            edges = above.get(base.get(op), ())
            if len(edges) < 2:
                continue
            expected, found = list(readers[op]), []
            for q, k in edges:
                by = self.readers_through(q, op, owner, above)
                match = next((e for e in expected if e[0] in by), None)
                if len(by) != 1 or match is None:
                    found = []
                    break
                expected.remove(match)
                found.append((q, k, match))
            for q, k, (reader, i) in found:
                plan.add_way(place[q], k, op.id, reader.id, i)

    def readers_through(self, node, op, owner, above):
        """The layers that read the Op's tensor through this node, which may be a view of it."""
        found, stack, seen = set(), [node], {node}
        while stack:
            top = stack.pop()
            by = owner.get(top)
            if by is not op and not (by is None and self.of_node.get(top) is op):
                found.add(by)
                continue
            for q, _ in above.get(top, ()):
                if q not in seen:
                    seen.add(q)
                    stack.append(q)
        return found

    def owners(self):
        """Which layer each node belongs to, those inside modules too."""
        owner = {node: op for node, op in self.of_node.items() if isinstance(op, Op) and not op.is_module}
        for op, outs, ins in self.calls:
            stack, stop = list(outs), set(ins)
            while stack:
                node = stack.pop()
                if node in stop or (node in owner and owner[node] is not op and node not in outs):
                    continue
                if owner.get(node) is op and node not in outs:
                    continue
                owner[node] = op
                stack += [n for n, _ in node.next_functions if n is not None and n not in stop and owner.get(n) is not op]
        return owner
