#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes layers.json beside itself with PyTorch, in double: each activation and its derivative at
points that include its kinks, one dense layer with all its gradients, and softmax.

An activation of the table that is not here fails the test."""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

ACTIVATIONS = {
    "identity": lambda x: x * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "leaky_relu 0.3": lambda x: F.leaky_relu(x, 0.3),
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25])),
    "prelu 0.5": lambda x: F.prelu(x, torch.tensor([0.5])),
    "elu": F.elu,
    "elu 1.7": lambda x: F.elu(x, 1.7),
    # PyTorch takes the slopes of celu in float: alpha is a power of 2, so that they are exact.
    "celu": F.celu,
    "celu 0.5": lambda x: F.celu(x, 0.5),
    "celu 4": lambda x: F.celu(x, 4.0),
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu approximate=tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    # As it is defined: at its kinks PyTorch's own has one derivative in its vector code and another in its plain code.
    "hardswish": lambda x: x * F.relu6(x + 3) / 6,
    "mish": F.mish,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "exponential": torch.exp,
    "hardtanh": F.hardtanh,
    "hardtanh -0.5 2": lambda x: F.hardtanh(x, -0.5, 2.0),
}

POINTS = [0.0, 1.0, -1.0, -0.5, 2.0, 1e-8, -1e-8, 1e-3, -1e-3, 0.1, -0.1, 0.25, -0.25, 0.75, -0.75]
POINTS += [sign * x for x in (1.25, 1.5, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0, 10.0, 12.0, 15.0, 19.0)
           for sign in (1, -1)]
POINTS += [0.3 * k + 0.017 for k in range(-6, 7)]


def activation(text, function):
    x = torch.tensor(POINTS, requires_grad=True)
    y = function(x)
    (derivative,) = torch.autograd.grad(y.sum(), x)
    return {"layer": text, "y": y.tolist(), "derivative": derivative.tolist()}


def dense():
    torch.manual_seed(1)
    layer = torch.nn.Linear(5, 4)
    x = torch.randn(3, 5, requires_grad=True)
    grad_y = torch.randn(3, 4)
    y = layer(x)
    y.backward(grad_y)
    tensors = {"x": x, "weight": layer.weight, "bias": layer.bias, "grad_y": grad_y, "y": y,
               "grad_x": x.grad, "grad_weight": layer.weight.grad, "grad_bias": layer.bias.grad}
    return {name: tensor.flatten().tolist() for name, tensor in tensors.items()}


def softmax():
    torch.manual_seed(2)
    x = (4 * torch.randn(3, 5)).requires_grad_(True)
    grad_y = torch.randn(3, 5)
    y = F.softmax(x, dim=-1)
    y.backward(grad_y)
    tensors = {"x": x, "grad_y": grad_y, "y": y, "grad_x": x.grad}
    return {name: tensor.flatten().tolist() for name, tensor in tensors.items()}


golden = {
    "torch": torch.__version__,
    "x": POINTS,
    "activations": [activation(text, function) for text, function in ACTIVATIONS.items()],
    "dense": dense(),
    "softmax": softmax(),
}
path = pathlib.Path(__file__).with_name("layers.json")
path.write_text(json.dumps(golden, indent=0, separators=(",", ":")) + "\n")
