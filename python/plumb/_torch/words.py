# SPDX-License-Identifier: Apache-2.0
"""A remedy as a line or two of PyTorch: made from a finding's facts, never from its sentences."""

import torch
import torch.nn as nn

from . import families
from .shapes import held

ACTIVATIONS = {
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU()",
    "elu": "nn.ELU()",
    "selu": "nn.SELU()",
    "gelu": "nn.GELU()",
    "silu": "nn.SiLU()",
    "tanh": "nn.Tanh()",
    "softsign": "nn.Softsign()",
}
EVERY_LINEAR = "for m in model.modules():\n    if isinstance(m, (nn.Linear, nn.Conv2d)):\n        "


#: With weights in float: GradScaler takes no gradients of weights in float16.
SCALER = "torch.amp" if hasattr(torch.amp, "GradScaler") else "torch.cuda.amp"
SCALED = f"""scaler = {SCALER}.GradScaler()  # with float weights, and torch.autocast around the forward pass
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()"""


PRE_NORM = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
#: By the kinds of plumb/diagnose/loop_faults.h.
LOOP = {
    "not_reset": "optimizer.zero_grad()  # before each loss.backward(), or once behind each optimizer.step()",
    "left_out": 'optimizer.add_param_group({"params": [...]})  # or requires_grad_(False), where they are to stay',
    "untrained": "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)  # of the model that is trained",
    "broadcast": "loss = criterion(output, target.view_as(output))",
    "evaluation": "model.train()",
}


def expression(path):
    """"layer1.0.conv1" as "model.layer1[0].conv1"."""
    text = "model"
    for part in path.split("#")[0].split("."):
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text


def module_at(model, path):
    path = path.split("#")[0]
    return dict(model.named_modules()).get(path)


def initialiser(weight, arguments):
    gain = arguments.get("gain")
    scheme = arguments.get("scheme", "")
    if scheme.startswith("he_") or (gain is not None and abs(gain - 2**0.5) < 0.02):
        how = "uniform" if scheme.endswith("uniform") else "normal"
        return f'nn.init.kaiming_{how}_({weight}, nonlinearity="relu")'
    with_gain = f", gain={gain:.4g}" if gain is not None and abs(gain - 1) > 1e-6 else ""
    if scheme.startswith("glorot_") or scheme.startswith("xavier_"):
        return f"nn.init.xavier_{scheme.partition('_')[2]}_({weight}{with_gain})"
    if scheme == "orthogonal":
        return f"nn.init.orthogonal_({weight}{with_gain})"
    if gain is not None:
        return f"nn.init.normal_({weight}, std={gain:.4g} / {weight}[0].numel() ** 0.5)"
    return f'nn.init.kaiming_normal_({weight}, nonlinearity="relu")'


def on_weights(path, model, make):
    """For the layer's weight where it has one, else for every linear layer."""
    module = module_at(model, path) if path else None
    if isinstance(module, families.LINEAR):
        return make(expression(path) + "." + stored(module, "weight"))
    return EVERY_LINEAR + make("m.weight")


def stored(module, name):
    """The name of the parameter behind module.name, which is not asked for: what is parametrized would be computed."""
    lists = getattr(module, "parametrizations", {})
    if name not in lists:
        return name
    return f"parametrizations.{name}.{list(lists[name]._parameters)[-1]}"


def has(module, name):
    return module is not None and (held(module, name) is not None or stored(module, name) != name)


def recurrent_at(model, path):
    """(path of the module, its level) of a layer that is a recurrent module, or one of its levels; (path, 0) of others."""
    whole, _, level = path.split("#")[0].rpartition(".l")
    module = module_at(model, whole) if level.isdigit() else None
    if isinstance(module, families.RECURRENT) and int(level) < module.num_layers:
        return whole, int(level)
    module = module_at(model, path)
    return path, module.num_layers - 1 if isinstance(module, families.RECURRENT) else 0


def suffix_of(module, level):
    """Of the names of a recurrent module's parameters."""
    return "" if isinstance(module, families.CELLS) else f"_l{level}"


def open_gate(module, where, level, arguments):
    if not isinstance(module, (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell)):
        return None
    units = module.hidden_size
    first = slice(units, 2 * units)
    bias = f"{where}.bias_ih{suffix_of(module, level)}[{first.start}:{first.stop}]"
    if "chrono" in arguments:
        steps = arguments["chrono"]
        return f"with torch.no_grad():\n    {bias}.uniform_(1, {max(steps - 1, 2):.0f}).log_()"
    return f"with torch.no_grad():\n    {bias}.fill_({arguments.get('forget_bias', 1.0):.3g})"


def code_of(kind, arguments, path, model):
    """None where PyTorch has no line for it. path: of the layer, "" for the network."""
    path, level = recurrent_at(model, path) if path else ("", 0)
    where = expression(path) if path else "model"
    module = module_at(model, path) if path else None
    if kind in ("initialise", "random_weights", "orthogonal_start", "smaller_weights", "like_others"):
        if kind == "orthogonal_start":
            arguments = {"scheme": "orthogonal"}
        if kind in ("random_weights", "smaller_weights"):
            arguments = {"scheme": "glorot_normal", **arguments}
        return on_weights(path, model, lambda w: initialiser(w, arguments))
    if kind == "set_bias" and module is not None:
        value = arguments.get("value", 0.0)
        if isinstance(module, (*families.RECURRENT, *families.CELLS)):
            names = [f"bias_{of}{suffix_of(module, level)}" for of in ("ih", "hh")]
            return "\n".join(f"nn.init.constant_({where}.{name}, {value:.3g})" for name in names) if module.bias else None
        return f"nn.init.constant_({where}.{stored(module, 'bias')}, {value:.3g})" if has(module, "bias") else None
    if kind == "zero_branch_end":
        return f"nn.init.zeros_({where}.{stored(module, 'weight')})" if has(module, "weight") else None
    if kind == "replace_activation":
        by = ACTIVATIONS.get(str(arguments.get("activation", "")).split(" ")[0])
        if by is None:
            return None
        return f"{where} = {by}" if module is not None else f"# {by} in the place of {path or 'the activations'}"
    if kind == "add_normalisation" and arguments.get("at") == "branch":
        encoder = next((p for p, m in model.named_modules() if isinstance(m, PRE_NORM) and not m.norm_first), None)
        return "x = x + block(norm(x))" if encoder is None else f"{type(module_at(model, encoder)).__name__}(..., norm_first=True)"
    if kind == "add_normalisation":
        return "nn.Sequential(nn.LayerNorm(features), nn.Linear(features, ...))"
    if kind == "add_residual":
        return "x = x + block(x)"
    if kind == "scale_branch":
        return f"x = x + {arguments.get('scale', 0.1):.3g} * block(x)"
    if kind == "scale_inputs":
        return "x = (x - x_train.mean(0)) / (x_train.std(0) + 1e-8)"
    if kind == "lower_rate":
        if arguments.get("because") == "it_is_summed":
            return f"loss = loss / {arguments['samples']:.0f}  # the mean over the batch: reduction=\"mean\""
        if "rate" in arguments:
            return f'for group in optimizer.param_groups:\n    group["lr"] = {arguments["rate"]:.2g}'
        return 'for group in optimizer.param_groups:\n    group["lr"] /= 3'
    if kind == "raise_rate":
        return 'for group in optimizer.param_groups:\n    group["lr"] *= 3'
    if kind == "warm_up":
        return "scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=500)"
    if kind == "clip_norm":
        return f"nn.utils.clip_grad_norm_(model.parameters(), max_norm={arguments.get('at', 1.0):.2g})"
    if kind == "lower_weight_decay":
        return 'for group in optimizer.param_groups:\n    group["weight_decay"] /= 10'
    if kind == "scale_targets":
        return "y = (y - y_train.mean(0)) / (y_train.std(0) + 1e-8)"
    if kind == "drop_activation" and module is not None:
        return f"{where} = nn.Identity()"
    if kind == "lower_dropout" and hasattr(module, "p"):
        return f"{where}.p /= 2"
    if kind == "set_momentum" and hasattr(module, "running_mean"):
        # PyTorch's momentum is the part of the new value
        return f"{where}.momentum = {arguments['value']:.3g}" if "value" in arguments else None
    if kind == "set_scale" and has(module, "weight"):
        return f"nn.init.constant_({where}.weight, {arguments['value']:.3g})" if "value" in arguments else None
    if kind == "lower_eps":
        return 'for group in optimizer.param_groups:\n    group["eps"] = 1e-8'
    if kind == "adaptive_optimiser":
        return "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)"
    if kind == "raise_eps":
        return 'for group in optimizer.param_groups:\n    group["eps"] = 1e-6'
    if kind == "loss_from_logits":
        return "loss = nn.functional.cross_entropy(logits, labels)  # of logits, without a softmax before"
    if kind == "look_closer" and arguments.get("at") == "training_loop":
        return LOOP.get(arguments.get("fault"))
    if kind == "look_closer" and arguments.get("at") == "zero_derivative":
        return "y = x + (operation(x) - x).detach()  # forwards the operation, backwards the identity"
    if kind == "shuffle":
        return "loader = DataLoader(dataset, batch_size=loader.batch_size, shuffle=True)"
    if kind == "clean_data":
        return "x = torch.nan_to_num(x)"
    if kind == "scale_loss":
        return SCALED
    if kind == "wider_format":
        return "with torch.autocast(device.type, dtype=torch.bfloat16):\n    loss = criterion(model(x), y)"
    if kind == "open_gate":
        return open_gate(module, where, level, arguments)
    if kind == "gated_cell" and isinstance(module, families.CELLS):
        return f"{where} = nn.LSTMCell({module.input_size}, {module.hidden_size})"
    if kind == "gated_cell" and module is not None:
        return f"{where} = nn.LSTM({module.input_size}, {module.hidden_size}, {module.num_layers}, batch_first={module.batch_first})"
    if kind == "orthogonal_recurrence":
        return f"nn.init.orthogonal_({where}.weight_hh{suffix_of(module, level)})"
    if kind == "identity_recurrence":
        return f"nn.init.eye_({where}.weight_hh{suffix_of(module, level)})"
    return None


def code_for(finding, paths, model):
    """For each remedy of a finding. paths: of the layers, by id."""
    return [
        code_of(r.kind, r.arguments, "" if r.layer is None else paths.get(r.layer, ""), model) for r in finding.remedies
    ]
