# SPDX-License-Identifier: Apache-2.0
"""Reads autograd's graph node by node: what computes a tensor, down to what is known already."""

import weakref

from . import families
from .families import node_kind
from .op import Op, Params, unique

CELLS = [kind.__name__ for kind in families.CELLS]


class Nodes:
    """What is known of autograd's nodes and of tensors in one pass.

    param_names: {id(parameter): name}
    """

    def __init__(self, param_names):
        self.param_names = param_names
        self.of_node = {}  # Op or Params, by autograd node (which keeps it alive)
        self.of_tensor = {}  # by identity, while it lives
        self.made = []  # functional Ops of this pass, in order
        self.input_ops = []

    def begin(self):
        self.of_node, self.of_tensor, self.made = {}, {}, []

    def remember(self, tensor, op):
        self.of_tensor[id(tensor)] = (weakref.ref(tensor), op)

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
            return self.product(kind, self.data_source(), node, params)
        if kind in families.ATTENTION_NODES:  # of one tensor, where one layer gives query, key and value
            return self.op("attention", "scaled_dot_product_attention", data, node)
        if len(data) == 1 and (kind in families.PLUMBING or (kind in ("Stack", "Cat") and data[0].kind in CELLS)):
            return data[0]  # the time steps of a cell, put together
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

    def product(self, kind, inputs, node, params):
        op = self.op("linear", kind.lower(), inputs, node, params)
        leaves = [n.variable for n, _ in node.next_functions if hasattr(n, "variable")]
        op.weight_is_plain = kind in ("Addmm", "Mm") and any(leaf.dim() == 2 for leaf in leaves)
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
                return self.product(kind, [read], node, params)
            return self.op("other", kind.lower(), [read], node)
        if kind == "Exp":
            return self.exponential(node, read, params)
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
        return self.op("other", kind.lower(), [read], node, params, "softmax" if kind in families.SOFTMAX_NODES else "")

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
        if kind in ("Bmm", "Matmul", "Mm"):
            attention = self.attention(node, data)
            if attention is not None:
                return attention
        if kind == "Div" and len(data) == 2:
            softmax = self.softmax_by_hand(node, *data)
            if softmax is not None:
                return softmax
        if kind in ("Add", "Sub") and len(data) == 2:
            ways = self.residual_ways(*data)
            if ways is not None:
                return self.op("residual", "add", ways, node)
        return self.op("join", kind.lower(), data, node)

    def exponential(self, node, read, params):
        """exp(x): a softmax where x is a log_softmax; an activation of what a layer gives; else an operation among others."""
        whole = self.less_log_of_sum(read)
        if whole is not None:
            return self.softmax(node, whole, read)
        if read.family not in ("linear", "normalisation"):
            return self.op("other", "exp", [read], node, params)
        op = self.op("activation", "exponential", [read], node, function="exponential")
        op.saved = ("_saved_result", True)
        return op

    def softmax(self, node, read, *parts):
        """What was written out as several operations, by its name."""
        op = self.op("other", "softmax", [read], node, function="softmax")
        for part in parts:
            for one, known in self.of_node.items():
                if known is part:
                    self.of_node[one] = op
        return op

    def softmax_by_hand(self, node, up, down):
        """exp(x) / exp(x).sum(), where the largest of x may have been taken from it."""
        exps = ("exp", "exponential")
        if up.kind not in exps or down.kind != "sum" or len(down.inputs) != 1:
            return None
        summed = down.inputs[0]
        if summed.kind not in exps or summed.inputs != up.inputs:
            return None
        read = up.inputs[0]
        shifted = self.less_something_of_itself(read, ("amax", "max"))
        return self.softmax(node, read if shifted is None else shifted, up, summed, down, *([] if shifted is None else [read]))

    def less_log_of_sum(self, op):
        """x, where op is log_softmax(x) or x - logsumexp(x)."""
        if op.kind.lower() == "logsoftmax" and len(op.inputs) == 1:
            return op.inputs[0]
        return self.less_something_of_itself(op, ("logsumexp",))

    @staticmethod
    def less_something_of_itself(op, kinds):
        """x, where op brings x and one of those kinds together, which reads x alone."""
        if op.is_module or len(op.inputs) != 2:
            return None
        for a, b in (op.inputs, op.inputs[::-1]):
            if b.kind in kinds and b.inputs == [a]:
                return a
        return None

    def attention(self, node, data):
        """softmax(q k^T) v written out, with or without a mask, a scale and dropout between."""
        for weights in data:
            inner, top = [], weights
            while len(top.inputs) == 1 and not top.is_module and top.kind in ("mul", "div", "nativedropout", "where", "maskedfill"):
                inner.append(top)
                top = top.inputs[0]
            if top.kind not in ("softmax", "safesoftmax") or top.is_module:
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
