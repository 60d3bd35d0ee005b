# SPDX-License-Identifier: Apache-2.0
"""The activations of plumb's network language in numpy: each function beside its derivative, as docs/math has them."""

import math

import numpy as np

from numpy_layers import Layer


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def logistic_slope(z):
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


erfc = np.vectorize(math.erfc, otypes=[float])
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848, 1.0507009873554804935


def gelu(z):
    return z * erfc(-z / math.sqrt(2)) / 2


def gelu_slope(z):
    return erfc(-z / math.sqrt(2)) / 2 + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def gelu_tanh_parts(z):
    return np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)), math.sqrt(2 / math.pi) * (1 + 0.134145 * z * z)


def gelu_tanh(z):
    return z / 2 * (1 + gelu_tanh_parts(z)[0])


def gelu_tanh_slope(z):
    t, inner = gelu_tanh_parts(z)
    return (1 + t) / 2 + z / 2 * (1 - t * t) * inner


def tanh_slope(z):
    return 1 / np.cosh(z) ** 2


def relu(z):
    return np.where(z > 0, z, 0.0)


def step(z):
    return np.where(z > 0, 1.0, 0.0)


def elu(alpha, scale=1.0):
    """The function and its slope."""
    return (lambda z: scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
            lambda z: scale * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))))


def leaky(slope):
    return lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope)


def hardtanh(low, high):
    return lambda z: np.clip(z, low, high), lambda z: np.where((low < z) & (z < high), 1.0, 0.0)


def mish(z):
    return z * np.tanh(np.logaddexp(0, z))


def mish_slope(z):
    t = np.tanh(np.logaddexp(0, z))
    return t + z * (1 - t * t) * logistic(z)


def celu(alpha):
    return (lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha)),
            lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0) / alpha)))


def hardswish(z):
    return z * np.clip(z + 3, 0, 6) / 6


def hardswish_slope(z):
    return np.where(z <= -3, 0.0, np.where(z >= 3, 1.0, (2 * z + 3) / 6))


# The word in the language: the function and its derivative. prelu's slope is a parameter.
ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (logistic, logistic_slope),
    "tanh": (np.tanh, tanh_slope),
    "relu": (relu, step),
    "leaky_relu": leaky(0.01),
    "leaky_relu 0.3": leaky(0.3),
    "prelu": None,
    "elu": elu(1.0),
    "elu 0.7": elu(0.7),
    "selu": elu(SELU_ALPHA, SELU_SCALE),
    "gelu": (gelu, gelu_slope),
    "gelu approximate=tanh": (gelu_tanh, gelu_tanh_slope),
    "silu": (lambda z: z * logistic(z), lambda z: logistic(z) + z * logistic_slope(z)),
    "softplus": (lambda z: np.logaddexp(0, z), logistic),
    "exponential": (np.exp, np.exp),
    "softsign": (lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2),
    "hardtanh": hardtanh(-1, 1),
    "hardtanh -0.5 0.8": hardtanh(-0.5, 0.8),
    "relu6": hardtanh(0, 6),
    "celu": celu(1.0),
    "celu 0.6": celu(0.6),
    "mish": (mish, mish_slope),
    "hardswish": (hardswish, hardswish_slope),
}


class Activation(Layer):
    family = "activation"

    def __init__(self, text):
        self.text, self.kind = text, text.split()[0]

    def start(self, rng, _x):
        return {"weight": rng.uniform(-0.5, 0.5, size=1)} if self.text == "prelu" else {}

    def pieces(self, p):
        return leaky(p["weight"][0]) if self.text == "prelu" else ACTIVATIONS[self.text]

    def forward(self, x, p):
        return self.pieces(p)[0](x)

    def slope(self, x, p):
        return self.pieces(p)[1](x)

    def vjp(self, x, g, p):
        return self.slope(x, p) * g
