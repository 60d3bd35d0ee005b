# SPDX-License-Identifier: Apache-2.0
"""The words of the network language for PyTorch's modules and functions: a table, and what each cannot say."""

import torch.nn as nn
import torch.nn.functional as F

from .families import ACTIVATIONS

#: Functions of one tensor that are a word without arguments.
FUNCTIONS = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "tanh": "tanh", "tanh_": "tanh", "sigmoid": "sigmoid",
    "sigmoid_": "sigmoid", "silu": "silu", "mish": "mish", "selu": "selu", "softsign": "softsign",
    "exp": "exponential",
    "hardswish": "hardswish",
}
#: Functions with arguments: (word, their names and defaults as torch has them).
WITH_ARGUMENTS = {
    "leaky_relu": ("leaky_relu", (("negative_slope", 0.01),)),
    "elu": ("elu", (("alpha", 1.0),)),
    "celu": ("celu", (("alpha", 1.0),)),
    "hardtanh": ("hardtanh", (("min_val", -1.0), ("max_val", 1.0))),
}


class NotExpressible(ValueError):
    """What the network language has no word for; `places` names each."""

    def __init__(self, places):
        self.places = list(places)
        super().__init__("the network language cannot express this model:\n  " + "\n  ".join(self.places))


def number(value):
    return f"{value:.9g}"


def pair(value):
    high, wide = value if isinstance(value, (tuple, list)) else (value, value)
    return str(high) if high == wide else f"{high}x{wide}"


class Words:
    """Makes items, and gathers what cannot be said."""

    def __init__(self):
        self.problems = []

    def problem(self, where, what):
        text = f"{where}: {what}"
        if text not in self.problems:
            self.problems.append(text)

    def of_module(self, where, module):
        """A list of items: (text, {name: tensor})."""
        for kinds, make in self.TABLE:
            if type(module) in kinds:
                found = make(self, where, module)
                return [] if found is None else [(found, self.tensors(module))]
        if type(module) in ACTIVATIONS:
            text = ACTIVATIONS[type(module)](module)
            if text:
                return [(text, {})]
        self.problem(where, "there is no such layer")
        return []

    @staticmethod
    def tensors(module):
        own = {k: v for k, v in module.named_parameters(recurse=False)}
        own.update({k: v for k, v in module.named_buffers(recurse=False) if v is not None and v.is_floating_point()})
        return own

    # Modules.

    def linear(self, where, m):
        return f"dense {m.out_features}" + ("" if m.bias is not None else " bias=false")

    def conv(self, where, m):
        if tuple(m.dilation) != (1, 1):
            self.problem(where, f"dilation={m.dilation}")
        if m.padding_mode != "zeros":
            self.problem(where, f"padding_mode={m.padding_mode}")
        text = f"conv {m.out_channels} {'x'.join(map(str, m.kernel_size))}"
        if tuple(m.stride) != (1, 1):
            text += f" stride={pair(m.stride)}"
        padding = m.padding
        if padding == "valid":
            padding = (0, 0)
        usual = tuple((k - 1) // 2 for k in m.kernel_size)
        if padding == "same":
            if any(k % 2 == 0 for k in m.kernel_size):
                self.problem(where, "padding='same' with a kernel of even size")
            padding = usual
        if tuple(padding) != usual:
            text += f" pad={pair(padding)}"
        if m.groups != 1:
            text += f" groups={m.groups}"
        return text + ("" if m.bias is not None else " bias=false")

    def pool(self, where, m, word):
        if m.ceil_mode:
            self.problem(where, "ceil_mode=True")
        if word == "maxpool" and m.dilation not in (1, (1, 1)):
            self.problem(where, f"dilation={m.dilation}")
        if word == "avgpool" and m.divisor_override is not None:
            self.problem(where, f"divisor_override={m.divisor_override}")
        if word == "avgpool" and not m.count_include_pad and m.padding not in (0, (0, 0)):
            self.problem(where, "count_include_pad=False")
        text = f"{word} {pair(m.kernel_size)}"
        if pair(m.stride) != pair(m.kernel_size):
            text += f" stride={pair(m.stride)}"
        return text + ("" if m.padding in (0, (0, 0)) else f" pad={pair(m.padding)}")

    def max_pool(self, where, m):
        return self.pool(where, m, "maxpool")

    def avg_pool(self, where, m):
        return self.pool(where, m, "avgpool")

    def adaptive(self, where, m):
        if m.output_size not in (1, (1, 1)):
            self.problem(where, f"output_size={m.output_size}, expected 1")
        return "gap"

    def flatten(self, where, m):
        if m.start_dim != 1 or m.end_dim != -1:
            self.problem(where, f"start_dim={m.start_dim}, end_dim={m.end_dim}, expected 1 and -1")
        return "flatten"

    def dropout(self, where, m):
        return f"dropout {number(m.p)}" if m.p > 0 else None

    def identity(self, where, m):
        return None

    def affine(self, text, m, has_weight):
        text += "" if m.eps == 1e-5 else f" eps={number(m.eps)}"
        return text + ("" if has_weight else " affine=false")

    def batch_norm(self, where, m):
        if not m.track_running_stats:
            self.problem(where, "track_running_stats=False")
        if m.momentum is None:
            self.problem(where, "momentum=None, an average over all batches")
            return None
        text = self.affine("bn", m, m.affine)
        return text + ("" if m.momentum == 0.1 else f" momentum={number(m.momentum)}")

    def layer_norm(self, where, m):
        if m.elementwise_affine and m.bias is None:
            self.problem(where, "bias=False")
        return self.affine("ln", m, m.elementwise_affine)

    def rms_norm(self, where, m):
        if m.eps is None:
            self.problem(where, "eps=None, that of the type")
            return None
        return self.affine("rmsnorm", m, m.elementwise_affine)

    def group_norm(self, where, m):
        return self.affine(f"gn {m.num_groups}", m, m.affine)

    def prelu(self, where, m):
        if m.num_parameters != 1:
            self.problem(where, f"num_parameters={m.num_parameters}, expected 1")
        return "prelu"

    def softmax(self, where, m):
        if m.dim not in (1, -1):
            self.problem(where, f"dim={m.dim}, expected that of the features")
        return "softmax"

    TABLE = (
        ((nn.Linear,), linear),
        ((nn.Conv2d,), conv),
        ((nn.MaxPool2d,), max_pool),
        ((nn.AvgPool2d,), avg_pool),
        ((nn.AdaptiveAvgPool2d,), adaptive),
        ((nn.Flatten,), flatten),
        ((nn.Dropout,), dropout),
        ((nn.Identity,), identity),
        ((nn.BatchNorm1d, nn.BatchNorm2d), batch_norm),
        ((nn.LayerNorm,), layer_norm),
        ((getattr(nn, "RMSNorm", None),), rms_norm),
        ((nn.GroupNorm,), group_norm),
        ((nn.PReLU,), prelu),
        ((nn.Softmax,), softmax),
    )

    # Recurrent modules.

    def of_recurrent(self, where, m, indices):
        """indices: those by which the module's outputs are taken apart, the first one first: (0,) is the
        sequence, (1, -1) the last state of an RNN or a GRU, (1, 0, -1) that of an LSTM."""
        for what, bad in (
            (f"proj_size={getattr(m, 'proj_size', 0)}", getattr(m, "proj_size", 0) > 0),
            ("batch_first=False", not m.batch_first),
        ):
            if bad:
                self.problem(where, what)
        items = []
        suffixes = ("", "_reverse") if m.bidirectional else ("",)
        for level in range(m.num_layers):
            text = f"{type(m).__name__.lower()} {m.hidden_size}"
            text += " bidirectional" if m.bidirectional else ""
            text += " act=relu" if getattr(m, "nonlinearity", "tanh") == "relu" else ""
            text += "" if m.bias else " bias=false"
            own = {}
            for name in ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if m.bias else ())):
                for suffix in suffixes:
                    own[f"{name}_l0{suffix}"] = getattr(m, f"{name}_l{level}{suffix}")
            items.append((text, own))
            if m.dropout > 0 and level + 1 < m.num_layers:
                items.append((f"dropout {number(m.dropout)}", {}))
        if indices[0] == 0:
            rest = indices[1:]
            if len(rest) == 1 and isinstance(rest[0], tuple) and rest[0][:2] == (slice(None), -1):
                return [*items, ("last", {})]
            if rest:
                self.problem(where, f"the part {rest} of its output")
            return items
        state = indices[1:] if not isinstance(m, nn.LSTM) else indices[2:] if indices[1:2] == [0] else [None]
        is_last = state in ([-1], [m.num_layers - 1]) and not m.bidirectional
        if not is_last:
            self.problem(where, "of its states only the last one, of the last level, of one direction")
        return [*items, ("last", {})]

    # Functions.

    def of_function(self, node, source):
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        name = "max_pool2d" if node.target is F.max_pool2d else name
        where, arguments = node.name, node.args[1:] if node.args and node.args[0] is source else node.args
        options = {k: v for k, v in node.kwargs.items() if k not in ("inplace", "training")}
        if name in FUNCTIONS:
            return [(FUNCTIONS[name], {})]
        if name in WITH_ARGUMENTS:
            word, known = WITH_ARGUMENTS[name]
            values = [options.get(k, arguments[i] if i < len(arguments) else d) for i, (k, d) in enumerate(known)]
            return [(" ".join([word, *map(number, values)]), {})]
        if name == "gelu":
            tanh = options.get("approximate", arguments[0] if arguments else "none") == "tanh"
            return [("gelu approximate=tanh" if tanh else "gelu", {})]
        if name == "softplus" and not arguments and not options:
            return [("softplus", {})]
        if name == "dropout":
            p = options.get("p", arguments[0] if arguments else 0.5)
            return [(f"dropout {number(p)}", {})] if p > 0 else []
        if name == "softmax":
            if options.get("dim", arguments[0] if arguments else None) in (1, -1):
                return [("softmax", {})]
        if name == "flatten" and (arguments[:1] == (1,) or options.get("start_dim") == 1):
            return [("flatten", {})]
        if name in ("view", "reshape") and arguments[-1] == -1 and len(arguments) == 2:
            return [("flatten", {})]
        if name == "mean" and self._axes(arguments, options) in ((2, 3), (-2, -1), (-1, -2), (3, 2)):
            if not options.get("keepdim", arguments[1] if len(arguments) > 1 else False):
                return [("gap", {})]
        if name == "adaptive_avg_pool2d" and options.get("output_size", arguments[:1]) in ((1,), ((1, 1),), 1, (1, 1)):
            return [("gap", {})]
        if name in ("max_pool2d", "avg_pool2d"):
            kind = nn.MaxPool2d if name == "max_pool2d" else nn.AvgPool2d
            try:
                return self.of_module(where, kind(*arguments, **{k: v for k, v in options.items() if v is not None}))
            except TypeError:
                pass
        self.problem(where, f"{name}{self._call_text(arguments, options)}: there is no such layer")
        return []

    @staticmethod
    def _axes(arguments, options):
        axes = options.get("dim", arguments[0] if arguments else None)
        return tuple(axes) if isinstance(axes, (tuple, list)) else axes

    @staticmethod
    def _call_text(arguments, options):
        return f"({', '.join([*map(str, arguments), *(f'{k}={v}' for k, v in options.items())])})"

    # Shortcuts.

    @staticmethod
    def projection(way, branch):
        """What makes `res` of a way beside the branch: "proj", "proj=bn" or None."""
        texts = [item[0] for item in way if len(item) == 2]
        if len(texts) != len(way) or not 1 <= len(way) <= 2 or (len(way) == 2 and texts[1] != "bn"):
            return None
        words = texts[0].split()
        if "bias=false" not in words:
            return None
        if words[0] == "dense" and len(words) == 3:
            return "proj" if len(way) == 1 else None
        if words[:1] != ["conv"] or words[2] != "1x1" or any(w.startswith(("pad=", "groups=")) for w in words):
            return None
        if Words.strides(way) != Words.strides(branch):
            return None
        return "proj" if len(way) == 1 else "proj=bn"

    @staticmethod
    def strides(items):
        """By how much a chain makes images smaller, down and across."""
        down = across = 1
        for item in items:
            if len(item) == 3:
                continue
            words = item[0].split()
            stride = next((w[7:] for w in words if w.startswith("stride=")), None)
            if stride is None and words[0] in ("maxpool", "avgpool"):
                stride = words[1]
            high, _, wide = (stride or "1").partition("x")
            down, across = down * int(high), across * int(wide or high)
        return down, across


__all__ = ["NotExpressible", "Words", "number"]
