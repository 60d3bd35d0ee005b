# SPDX-License-Identifier: Apache-2.0
"""Derivatives of activations in operations of torch, for tensors on a device: the formulas of plumb/kernels/ref."""

import math

import torch

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_LINEAR, GELU_CUBIC = math.sqrt(8 / math.pi), math.sqrt(8 / math.pi) * 0.044715


def _logistic_slope(x):
    e = torch.exp(-x.abs())
    return e / ((1 + e) * (1 + e))


def _times(x, slope):
    """x slope, of which inf * 0 has the limit 0."""
    return torch.where(slope == 0, slope, x * slope)


def _sigmoid(x, y):
    y = torch.sigmoid(x) if y is None else y
    return _logistic_slope(x) if x is not None and x.dtype == torch.float64 else (1 - y) * y


def _tanh(x, y):
    if x is not None and x.dtype == torch.float64:
        return 4 * _logistic_slope(2 * x)
    y = torch.tanh(x) if y is None else y
    return 1 - y * y


def _gelu(x, y):
    density = torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return 0.5 * torch.erfc(x * -math.sqrt(0.5)) + _times(x, density)


def _gelu_tanh(x, y):
    u = x * (GELU_LINEAR + GELU_CUBIC * x * x)
    return torch.sigmoid(u) + _times(x * (GELU_LINEAR + 3 * GELU_CUBIC * x * x), _logistic_slope(u))


def _mish(x, y):
    t = torch.exp(-x.abs())
    divisor = torch.where(x < 0, 2 + t * (2 + t), 1 + 2 * t * (1 + t))
    slope = 4 * torch.where(x < 0, t, t * t) * (1 + t) / (divisor * divisor)
    return torch.where(x < 0, t * (2 + t), 1 + 2 * t) / divisor + _times(x, slope)


def _where_positive(x, otherwise, scale=1.0):
    return torch.where(x > 0, torch.full_like(x, scale), otherwise)


def _hardswish(x, y):
    inner = torch.where(x >= 3, torch.ones_like(x), x / 3 + 0.5)
    return torch.where(x <= -3, torch.zeros_like(x), inner)


#: By name: (x, y, numbers) -> f', where the one that is not known is None.
SLOPES = {
    "identity": lambda x, y: torch.ones_like(x),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": lambda x, y: torch.where(x <= 0, torch.zeros_like(x), torch.ones_like(x)),
    "relu6": lambda x, y: torch.where((x <= 0) | (x >= 6), torch.zeros_like(x), torch.ones_like(x)),
    "hardtanh": lambda x, y, low=-1.0, high=1.0: torch.where(
        (x <= low) | (x >= high), torch.zeros_like(x), torch.ones_like(x)
    ),
    "leaky_relu": lambda x, y, slope=0.01: _where_positive(x, torch.full_like(x, slope)),
    "prelu": lambda x, y, slope=0.25: _where_positive(x, torch.full_like(x, slope)),
    "elu": lambda x, y, alpha=1.0: _where_positive(x, alpha * torch.exp(x)),
    "celu": lambda x, y, alpha=1.0: _where_positive(x, torch.exp(x / alpha)),
    "selu": lambda x, y: _where_positive(x, SELU_SCALE * SELU_ALPHA * torch.exp(x), SELU_SCALE),
    "gelu": _gelu,
    "gelu approximate=tanh": _gelu_tanh,
    "silu": lambda x, y: torch.sigmoid(x) + _times(x, _logistic_slope(x)),
    "mish": _mish,
    "hardswish": _hardswish,
    "softplus": lambda x, y: torch.sigmoid(x),
    "softsign": lambda x, y: 1 / (1 + x.abs()) ** 2,
    "exponential": lambda x, y: torch.exp(x) if y is None else y,
}


def slopes(function, x=None, y=None):
    """f' in float, or in double for doubles; None for a function that is not known. x: what it read; y: what it
    gave, which stands for x where its sign and limits say all."""
    numbers = []
    name = function
    if function not in SLOPES:
        name, *words = function.split(" ")
        numbers = [float(word) for word in words]
    if name not in SLOPES:
        return None
    x, y = (t if t is None or t.dtype == torch.float64 else t.float() for t in (x, y))
    if x is None and name not in ("sigmoid", "tanh"):
        x = y
    return SLOPES[name](x, y, *numbers)
