# SPDX-License-Identifier: Apache-2.0
"""How the axes of a module's output are meant, and how many inputs and outputs each of its units has."""

import math

import torch

from . import families
from .op import Layout


def is_time_first(model):
    """Whether the model's sequences are [time, sample, unit]."""
    layers = (torch.nn.MultiheadAttention, torch.nn.Transformer, *families.RECURRENT)
    return any(getattr(m, "batch_first", None) is False and isinstance(m, layers) for m in model.modules())


def layout_of(module, out, sources, time_first):
    known = families.further and families.further.layout_of(module)
    if known:
        return known
    if isinstance(module, families.RECURRENT):
        return Layout.time_rows if module.batch_first else Layout.time_first
    if isinstance(module, (*families.CONVOLUTIONS, torch.nn.modules.batchnorm._BatchNorm)):
        return Layout.channels_first
    if isinstance(module, torch.nn.Flatten):
        return Layout.rows
    if isinstance(module, (torch.nn.Linear, torch.nn.Embedding, torch.nn.LayerNorm)):
        if sources and sources[0].layout in (Layout.time_rows, Layout.time_first):
            return sources[0].layout
        return Layout.place_first if time_first and out.dim() == 3 else Layout.rows
    if out.dim() >= 4:
        return Layout.channels_first
    return sources[0].layout if sources else Layout.rows


def sizes_of(module, family, read, out, layout):
    """units of one sample; of linear layers fan_in and fan_out: connections of an output and of an input."""
    outer = layout in (Layout.time_first, Layout.place_first) and out.dim() >= 3
    samples = max(out.shape[1 if outer else 0] if out.dim() else 1, 1)
    sizes = {"units": out.numel() // samples}
    own = families.further and families.further.weight_shape(module)
    if own and read is not None:
        return {**sizes, **sizes_of_weight(own)}
    if family != "linear" or read is None:
        return sizes
    of_one = math.prod(weight_shape(module)[1:])
    if isinstance(module, families.TRANSPOSED):
        sizes["fan_out"] = of_one
        sizes["fan_in"] = max(1, round(sizes["fan_out"] * read.numel() / max(1, out.numel())))
    else:
        sizes["fan_in"] = of_one
        sizes["fan_out"] = max(1, round(sizes["fan_in"] * out.numel() / max(1, read.numel())))
    return sizes


def weight_shape(module):
    """Of one of families.LINEAR. A parametrized weight is not asked for: it would be computed once more, and may draw
    numbers or change buffers by that."""
    weight = held(module, "weight")
    if torch.is_tensor(weight):
        return tuple(weight.shape)
    if isinstance(module, torch.nn.Linear):
        return module.out_features, module.in_features
    units = (module.out_channels, module.in_channels)
    rows, columns = units[::-1] if isinstance(module, families.TRANSPOSED) else units
    return rows, columns // module.groups, *module.kernel_size


def held(module, name):
    """What a module has by that name without computing it; None for what is parametrized, or is not there."""
    found = module._parameters.get(name)
    return found if found is not None else vars(module).get(name)


def units_of_op(op):
    """Of what is no module; 0 where it is not known."""
    units = [x.units for x in op.inputs]
    if op.kind == "cat":
        return sum(units) if all(units) else 0
    keeps = op.family in ("activation", "residual", "dropout", "normalisation")
    return units[0] if units and (keeps or op.kind in ("mul", "add", "sub", "div")) else 0


def is_kernel(name):
    """Keras': places, inputs, outputs."""
    return name.rpartition(".")[2] == "kernel"


def as_torch_has_it(own, shape):
    return (shape[-1], shape[-2], *shape[:-2]) if is_kernel(own) and len(shape) >= 2 else shape


def sizes_of_weight(shape, is_plain=False):
    """fan_in, fan_out and units of a weight used by a function, as torch lays it out (outputs, inputs), or is_plain: inputs
    times outputs; {} for a vector."""
    if len(shape) < 2:
        return {}
    if len(shape) == 2:
        outputs, inputs = shape[::-1] if is_plain else shape
        return {"fan_in": inputs, "fan_out": outputs, "units": outputs}
    taps = 1
    for extent in shape[2:]:
        taps *= extent
    return {"fan_in": shape[1] * taps, "fan_out": shape[0] * taps}
