# SPDX-License-Identifier: Apache-2.0
"""Random starts of one tensor, each from a generator of its own, so that none depends on the order of the others."""

import math
import zlib

import torch


def generator(seed, name):
    """By seed and the parameter's name."""
    return torch.Generator().manual_seed((int(seed) * 0x9E3779B1 + zlib.crc32(name.encode())) & 0x7FFFFFFFFFFFFFFF)


def normal(shape, std, source):
    return torch.randn(tuple(shape), generator=source, dtype=torch.float64) * std


def log_uniform(count, low, high, source):
    """ln u of u uniform in [low, high]: the biases of chrono initialisation (Tallec and Ollivier 2018)."""
    return (torch.rand(count, generator=source, dtype=torch.float64) * (high - low) + low).log()


def orthogonal(rows, cols, source):
    """Rows orthonormal, or columns; times sqrt(max(1, rows / cols)), so that W x has the mean square of x."""
    tall = torch.randn(max(rows, cols), min(rows, cols), generator=source, dtype=torch.float64)
    q, r = torch.linalg.qr(tall)
    q = q * r.diagonal().sign()
    return (q if rows >= cols else q.t()) * math.sqrt(max(1.0, rows / cols))


def is_delta(shape):
    """Whether a kernel can be orthogonal at its middle alone: as many channels out as in, or more."""
    return math.prod(shape[2:]) > 1 and shape[0] >= shape[1]


def orthogonal_weight(shape, source):
    """Of a layer laid out (out, in, *kernel): delta-orthogonal (Xiao et al. 2018) where that can be, else a matrix
    of all taps together. Times the square root of the fan-in it keeps the mean square."""
    rows, cols, kernel = shape[0], shape[1], shape[2:]
    if not is_delta(shape):
        return orthogonal(rows, cols * math.prod(kernel), source).reshape(shape)
    weight = torch.zeros(shape, dtype=torch.float64)
    weight[(slice(None), slice(None), *(k // 2 for k in kernel))] = orthogonal(rows, cols, source)
    return weight


def put(parameter, value):
    """In place, in the parameter's own type and on its device."""
    with torch.no_grad():
        parameter.copy_(value.to(device=parameter.device, dtype=parameter.dtype))
