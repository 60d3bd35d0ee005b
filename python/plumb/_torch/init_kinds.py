# SPDX-License-Identifier: Apache-2.0
"""The starts of what is not one linear layer: recurrent layers, attention, embeddings, normalisation."""

import math

import torch

from . import families
from .init_draw import log_uniform, normal, orthogonal
from .init_scale import filled

_GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3, "RNN": 1, "RNNCell": 1}


def normalisation(start, module):
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    op = start._op_of(module)
    is_end = op is not None and op in start.places.ends and start.residual == "zero"
    if weight is None and is_end:
        start.notes.append(f"{start.places.graph.names[id(module)]} ends a residual branch and has no scale: it is not zeroed")
    if weight is not None:
        start.fill(weight, 0.0 if is_end else 1.0, "the branch ends here: the block is the identity at the start" if is_end else "")
    if bias is not None:
        start.fill(bias, 0.0, "")


def embedding(start, module):
    """Unit rows' entries; 1 / sqrt(width) where the output layer has the same matrix, so that its logits have size 1."""
    weight = module.weight
    if not start.may_change(weight):
        return
    is_tied = any(isinstance(owner, families.LINEAR) for owner, _ in start.owners[id(weight)])
    std = 1 / math.sqrt(weight.shape[1]) if is_tied else 1.0
    value = normal(weight.shape, std, start.source(weight))
    code = f"nn.init.normal_(PARAMETER, std={std:.3g})"
    if module.padding_idx is not None:
        value[module.padding_idx] = 0
        code += f"\nPARAMETER[{module.padding_idx}] = 0"
    why = "shared with a linear layer: 1 / sqrt(width)" if is_tied else "an embedding"
    start.draw(weight, "normal", value, why, code=code)


def attention(start, module):
    """Queries, keys and values of gain 1, each of its own fan-in; the end of a branch as that of any."""
    for own in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
        weight = getattr(module, own, None)
        if weight is None or not start.may_change(weight):
            continue
        std = 1 / math.sqrt(weight.shape[1])
        if start.orthogonal:
            blocks = weight.shape[0] // (3 * module.embed_dim) * 3 or 1
            rows = weight.shape[0] // blocks
            value = torch.cat([orthogonal(rows, weight.shape[1], start.source(weight, str(i))) for i in range(blocks)])
            code = f"for part in PARAMETER.chunk({blocks}): nn.init.orthogonal_(part)"
            start.draw(weight, "orthogonal", value, "queries, keys and values", 1.0, code)
        else:
            value = normal(weight.shape, std, start.source(weight))
            start.draw(weight, "normal", value, "queries, keys and values", 1.0, f"nn.init.normal_(PARAMETER, std={std:.3g})")
    for own in ("in_proj_bias", "bias_k", "bias_v"):
        bias = getattr(module, own, None)
        if bias is not None:
            start.fill(bias, 0.0, "")
    out = module.out_proj
    ops = start.places.by_param.get(start.names.get(id(out.weight)), [])
    linear = next((op for op in ops if op.family == "linear"), None)
    if linear is not None:
        start._linear(linear, out.weight, out.bias, out.in_features, True)
        name = start.name(out.weight)
        change = start.changed.get(name)
        if change is not None:
            start.changed[name] = filled(change, out.weight)


def recurrent(start, module):
    """Input weights of gain 1, recurrent ones orthogonal gate by gate (identity for a relu), biases 0 but for the
    forget gate's, which keeps what the cell has."""
    kind = next(k for k in _GATES if isinstance(module, getattr(torch.nn, k)))
    gates = _GATES[kind]
    is_relu = getattr(module, "nonlinearity", "") == "relu"
    length = _length(start, module, kind)
    for own, parameter in module._parameters.items():
        if parameter is None or not start.may_change(parameter):
            continue
        if own.startswith("weight_ih"):
            std = 1 / math.sqrt(parameter.shape[1])
            code = f"nn.init.normal_(PARAMETER, std={std:.3g})"
            start.draw(parameter, "normal", normal(parameter.shape, std, start.source(parameter)), "input weights", 1.0, code)
        elif own.startswith("weight_hh"):
            _recurrent_weight(start, parameter, gates, is_relu)
        elif own.startswith("weight_hr"):
            std = 1 / math.sqrt(parameter.shape[1])
            start.draw(parameter, "normal", normal(parameter.shape, std, start.source(parameter)), "projection", 1.0,
                       f"nn.init.normal_(PARAMETER, std={std:.3g})")
        elif own.startswith("bias_ih") and gates > 1 and start.forget_bias is not None:
            _gate_bias(start, parameter, gates, length)
        elif own.startswith("bias"):
            start.fill(parameter, 0.0, "")


def _recurrent_weight(start, parameter, gates, is_relu):
    rows, cols = parameter.shape[0] // gates, parameter.shape[1]
    if is_relu and rows == cols:
        value, why = torch.eye(rows, dtype=torch.float64), "identity: a relu keeps what it has (Le et al. 2015)"
        start.draw(parameter, "orthogonal", value, why, 1.0, "nn.init.eye_(PARAMETER)")
        return
    value = torch.cat([orthogonal(rows, cols, start.source(parameter, str(i))) for i in range(gates)])
    code = "nn.init.orthogonal_(PARAMETER)" if gates == 1 else f"for gate in PARAMETER.chunk({gates}): nn.init.orthogonal_(gate)"
    start.draw(parameter, "orthogonal", value, "recurrent weights, gate by gate" if gates > 1 else "recurrent weights", 1.0, code)


def _length(start, module, kind):
    """Steps of the sequence that it was called with; 0 where it is not known."""
    shape = start.places.shapes.get(module, ())
    if kind.endswith("Cell") or len(shape) < 2:
        return 0
    return shape[1 if module.batch_first and len(shape) == 3 else 0]


def _gate_bias(start, parameter, gates, length):
    hidden = parameter.shape[0] // gates
    # PyTorch's order: input, forget, cell, output for LSTM; reset, update, new for GRU.
    gate = slice(hidden, 2 * hidden)
    value = torch.zeros(parameter.shape, dtype=torch.float64)
    what = "forget" if gates == 4 else "update"
    code = f"nn.init.zeros_(PARAMETER); PARAMETER[{hidden}:{2 * hidden}] = "
    if start.forget_bias == "chrono":
        if length < 3:
            start.notes.append(f"{start.name(parameter)}: a sequence of {length} steps has no chrono start; its bias is 1")
            value[gate] = 1.0
            code += "1.0"
        else:
            drawn = log_uniform(hidden, 1.0, length - 1.0, start.source(parameter))
            value[gate] = drawn
            if gates == 4:
                value[:hidden] = -drawn
            code += f"torch.empty({hidden}).uniform_(1, {length - 1}).log()"
            if gates == 4:
                code += f"\nPARAMETER[:{hidden}] = -PARAMETER[{hidden}:{2 * hidden}]"
        why = f"chrono: memories of up to {length} steps"
    else:
        value[gate] = float(start.forget_bias)
        code += f"{float(start.forget_bias):g}"
        why = f"{what} gate's bias {float(start.forget_bias):g}, the others 0"
    before = start.std(parameter)
    if torch.equal(value.to(parameter.dtype), parameter.detach().cpu()):
        start.leave(parameter, f"its {what} gate stands at {start.forget_bias} already")
        return
    start.draw(parameter, "gates", value, why, code=code)
    start.before[start.name(parameter)] = before



