# SPDX-License-Identifier: Apache-2.0
"""Finds out the graph of layers while the first measured step computes.

Modules of torch.nn are layers as they are called. What stands between them (a sum, a functional
relu, an attention written out) is read from autograd's graph, node by node: each becomes an Op, and
an Op becomes a layer where a layer reads it. Nothing is guessed: an Op without a name of its own is
of the family "other".
"""

import torch

from .. import _core
from . import families, recurrent, shapes
from .families import node_kind
from .names import path_of
from .nodes import Nodes
from .op import Layout, Op, tensors_in, unique
from .ways import find_ways

#: A module that is called more often in one pass shares the last of these layers.
MOST_CALLS = 64


def is_lazy(param):
    return isinstance(param, torch.nn.parameter.UninitializedParameter)


class Graph:
    """The layers of one model, told to a Watcher as they are found out."""

    def __init__(self, core, model):
        self.core = core
        self.names = {}  # of modules, by identity
        for name, module in model.named_modules():
            self.names.setdefault(id(module), name or type(model).__name__)
        self.kinds = {name: type(m).__name__ for name, m in model.named_modules()}
        param_names, self.shapes, self.lazy = {}, {}, {}
        for name, module in model.named_modules():
            for own, param in module._parameters.items():
                if param is None:
                    continue
                path = param_names.setdefault(id(param), f"{name}.{own}" if name else own)
                if is_lazy(param):
                    self.lazy[path] = own, param
                else:
                    self.shapes[path] = shapes.as_torch_has_it(own, tuple(param.shape))
        self.param_names, self.nodes = param_names, Nodes(param_names)
        # By name, as some wrappers put others in their place while the model computes.
        self.params_by_module = {id(m): [param_names[id(p)] for p in m.parameters() if id(p) in param_names] for m in model.modules()}
        self.by_path = {}  # every layer: Op
        self.blocks = {}
        self.users = {}  # of parameters, by name: layer ids
        self.reached = set()  # parameters that a gradient came to
        self.loss = ""
        self.outputs = []
        self.time_first = shapes.is_time_first(model)
        self.image_layout = getattr(model, "image_layout", Layout.channels_first)
        self.passed_on = set()  # calls of the learned pass that gave what they read
        self.is_stale = False  # a call was seen that the learned pass did not have
        self.holds_nodes = True
        self.begin()

    def begin(self):
        """A pass is learned from its beginning. Nothing of autograd's is held beyond it."""
        for op in self.by_path.values():
            op.node = None
        self.nodes.begin()
        self.first_levels = {}  # of an Op whose module is several layers: the one that reads what the module reads
        self.calls = []  # (Op, nodes of its outputs, nodes of its inputs)
        self.recorded = set()
        self.taken = {}
        self.holds_nodes = True

    def begin_pass(self):
        """A further pass of the same step gives its layers the same names."""
        self.taken, self.recorded = {}, set()
        self.holds_nodes = True

    def forget(self):
        if self.holds_nodes:
            self.begin()
            self.holds_nodes = False

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
        self.core.set_inputs(op.id, [(x.id, way, main) for x, way, main in op.edges()])

    def inputs(self, arguments):
        """The tensors that the model is called with. Returns [(Op, tensor)]."""
        found = []
        for i, tensor in enumerate(tensors_in(arguments)):
            path = "input" if i == 0 else f"input_{i}"
            op = self.by_path.get(path)
            if op is None:
                layout = self.image_layout if tensor.dim() >= 4 else Layout.rows
                if self.time_first and tensor.dim() == 3:
                    layout = Layout.time_first
                op = Op("input", "input", layout=layout)
                samples = tensor.shape[1 if self.time_first and tensor.dim() >= 2 else 0] if tensor.dim() else 1
                self.add(op, path, units=tensor.numel() // max(samples, 1))
                self.nodes.input_ops.append(op)
            found.append((op, tensor))
            self.nodes.remember(tensor, op)
            if tensor.grad_fn is not None:
                self.nodes.of_node[tensor.grad_fn] = op
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
        is_cell = isinstance(module, families.CELLS)
        if is_cell and name in self.by_path and (index > 0 or not self.core.learning):
            self.call_again(hook, index, module, self.by_path[name], reads, list(tensors_in(output)))
            return
        if not self.core.learning:
            if path in self.passed_on and out.grad_fn in [t.grad_fn for t in reads]:
                return
            self.is_stale = True
            if path in self.by_path:  # the graph is found out again in the next measured step
                _core.set_call(hook, index, self.by_path[path].id, self.by_path[path].layout)
            else:
                op = Op(family, type(module).__name__, function=function)
                op.is_module = True
                op.layout = shapes.layout_of(module, out, [], self.time_first)
                op.params = self.params_of(module)
                sizes = shapes.sizes_of(module, family, reads[0] if reads else None, out, op.layout)
                self.add(op, path, text=families.text_of(module), **sizes)
                _core.set_call(hook, index, op.id, op.layout)
            return
        if index >= MOST_CALLS:
            op = self.by_path[f"{name}#{MOST_CALLS}"]
            _core.set_call(hook, index, op.id, op.layout)
            return
        nodes = [t.grad_fn for t in reads]
        if out.grad_fn is not None and out.grad_fn in nodes and not getattr(module, "inplace", False):
            self.passed_on.add(path)
            return  # gives what it read: a dropout that is off
        if out.grad_fn is not None:  # in place: what it read has become what it gives
            nodes = [
                next((n for n, _ in out.grad_fn.next_functions if n is not None), None)
                if node is out.grad_fn
                else node
                for node in nodes
            ]
        sources = unique(self.nodes.source(t, n) for t, n in zip(reads, nodes))
        if not sources and reads and nodes[0] is None and reads[0].is_floating_point():
            sources = self.nodes.data_source()  # rows of the data, say, that were chosen
        layout = shapes.layout_of(module, out, sources, self.time_first)
        op = Op(family, type(module).__name__, sources, out.grad_fn, function, layout)
        op.is_module = True
        op.params = self.params_of(module)
        sizes = shapes.sizes_of(module, family, reads[0] if reads else None, out, layout)
        for source in sources:
            self.materialise(source)
        if family == "recurrent" and not is_cell:
            self.add_levels(op, recurrent.levels_below(module, arguments), module, path, sizes["units"])
        self.add(op, path, text=families.text_of(module), **sizes)
        if op.inputs:
            self.set_inputs(op)
        if getattr(module, "running_mean", None) is not None and module.momentum is not None:
            self.core.set_running_momentum(op.id, float(module.momentum))
        if family == "recurrent":
            kind = getattr(module, "nonlinearity", "")
            self.core.set_cell(op.id, kind)
        _core.set_call(hook, index, op.id, layout)
        _core.set_reads(hook, index, -1, None)
        self.tell_source(hook, index, reads, nodes, out)
        given = list(tensors_in(output))
        outs = [t.grad_fn for t in given if t.grad_fn is not None]
        for tensor in given:
            self.nodes.remember(tensor, op)
        outs = [n for n in outs if n not in nodes]
        for node in outs:
            self.nodes.of_node[node] = op
        self.calls.append((op, outs, [n for n in nodes if n is not None]))

    def call_again(self, hook, index, module, op, reads, given):
        """A further call of a cell, at the next time step: the same layer, which may read more than before."""
        _core.set_call(hook, index, op.id, op.layout)
        _core.set_reads(hook, index, -1, None)
        if not self.core.learning:
            return
        nodes = [t.grad_fn for t in reads]
        sources = unique(self.nodes.source(t, n) for t, n in zip(reads, nodes))
        new = [s for s in sources if s not in op.inputs and op not in self.nodes.ancestors(s)]
        for source in new:
            self.materialise(source)
        if new:
            op.inputs += new
            self.set_inputs(op)
        for tensor in given:
            self.nodes.remember(tensor, op)
        outs = [t.grad_fn for t in given if t.grad_fn is not None and t.grad_fn not in nodes]
        for node in outs:
            self.nodes.of_node[node] = op
        self.calls.append((op, outs, [n for n in nodes if n is not None]))

    def add_levels(self, op, count, module, path, units):
        """Layers for the levels of a recurrent module below its last one, which is the Op."""
        names = op.params
        for level in range(count):
            low = Op(op.family, op.kind, op.inputs, op.node, layout=op.layout)
            low.is_module, low.params = True, recurrent.of_level(names, level, count + 1)
            self.add(low, recurrent.level_path(path, level), text=f"{op.kind}, level {level + 1} of {count + 1}", units=units)
            if low.inputs:
                self.set_inputs(low)
            self.core.set_cell(low.id, getattr(module, "nonlinearity", ""))
            self.first_levels.setdefault(op, low)
            op.inputs = [low]
        op.params = recurrent.of_level(names, count, count + 1)

    def params_of(self, module):
        known = self.params_by_module.get(id(module))
        return known or [self.param_names[id(p)] for p in module.parameters() if id(p) in self.param_names]

    def tell_source(self, hook, index, reads, nodes, out):
        """The output of what is no module is measured where a module reads it."""
        if not reads or nodes[0] is None or reads[0].data_ptr() == out.data_ptr():
            return
        source = self.nodes.source(reads[0], nodes[0])
        if source is None or source.is_module or source.family == "input" or source.id in self.recorded:
            return
        self.recorded.add(source.id)
        _core.set_reads(hook, index, source.id, reads[0].grad_fn)

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
        """A path of its own, which no module has."""
        path, sizes = path_of(op), {}
        if op.family != "linear" or not op.params:
            sizes = {"units": shapes.units_of_op(op)}
        else:
            found = (
                shapes.sizes_of_weight(self.shapes[name], op.weight_is_plain and not shapes.is_kernel(name)) for name in op.params
            )
            sizes = next(filter(None, found), {})
        if path in self.taken or (op.family == "linear" and path in self.by_path and self.by_path[path].is_module):
            self.taken[path] = self.taken.get(path, 1) + 1
            path = f"{path}_{self.taken[path]}"
        else:
            self.taken[path] = 1
        self.add(op, path, **sizes)
        if op.inputs:
            self.set_inputs(op)

    # The end of the pass.

    def read_lazy(self):
        """The shapes of parameters that the first pass made."""
        for path, (own, param) in list(self.lazy.items()):
            if not is_lazy(param):
                self.shapes[path] = shapes.as_torch_has_it(own, tuple(param.shape))
                del self.lazy[path]

    def compares_answers(self):
        """Whether the loss compares what the last layer gives with targets, and does nothing else with it."""
        kinds = {node_kind(op.node) for op in self.loss_ops if op.node is not None}
        return (
            len(self.outputs) == 1
            and self.outputs[0].family in ("linear", "activation")
            and any(kind in families.LOSS_NODES for kind in kinds)
            and all(kind in families.LOSS_NODES or kind in families.PLUMBING for kind in kinds)
        )

    def finish(self, roots, model_outputs):
        """The pass is over: what the loss reads. roots: its nodes, None where they are not known."""
        self.read_lazy()
        ends = {self.nodes.resolve(n) for n in model_outputs}
        if roots is None:
            roots = model_outputs
        else:
            ends -= {self.nodes.resolve(n) for n in roots}
        outputs, seen = [], set()
        stack = [self.nodes.resolve(n) for n in roots]
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
        if self.loss == "cross_entropy" and any(op.kind == "log" for op in self.loss_ops):
            self.loss = "negative_log_likelihood"  # of probabilities, which a softmax before it makes rightly
        outputs.sort(key=lambda op: op.depth)
        for op in outputs:
            self.materialise(op)
        self.outputs = outputs
        self.core.set_outputs([op.id for op in outputs])

    def note_reached(self, order):
        """The parameters among autograd's nodes are those that a gradient comes to."""
        for node in order:
            if hasattr(node, "variable"):
                self.reached.add(self.param_names.get(id(node.variable)))

    def plan(self, watcher, order):
        """Which autograd nodes are hooked in every measured step like this one."""
        plan = _core.NodePlan(watcher)
        plan.set_graph(order)
        place = {node: i for i, node in enumerate(order)}
        self.note_reached(order)
        for op in self.nodes.made:
            if op.id < 0 or op.node not in place or self.nodes.of_node.get(op.node) is not op:
                continue
            plan.add_gradient(place[op.node], op.id, op.layout)
            if op.family == "activation" and op.function and op.saved and op.saved[0]:
                plan.add_slope(place[op.node], op.saved[0], op.saved[1], op.id, op.layout, op.function)
        for node, k, op, reader, i in find_ways(self, order):
            plan.add_way(place[node], k, op.id, reader.id, i)
        return plan
