# SPDX-License-Identifier: Apache-2.0
"""What is well started already, so that a start has nothing to give it."""

from __future__ import annotations

import math

import torch

from . import families

#: How far its size may be from PyTorch's own, as a factor (He's is at 2.45), and how much of a random matrix's stable rank it
#: has to have, at least. Our choice: uniform, normal and orthogonal draws have 0.9 to 4 of it; equal rows have a
#: stable rank of 1.
_FACTOR, _SPREAD, _LEAST = 3.0, 0.5, 1.2


def is_well_started(weight, fan_in):
    """Whether a weight in front of a normalisation is as good as any draw: finite, of PyTorch's own size, which
    says how fast the layer turns, and in all directions alike,

      (|W|_F / |W|_2)^2  at least 1.2, and half of  rows cols / (sqrt(rows) + sqrt(cols))^2

    which is what a matrix of independent entries has (Geman 1980: |W|_2 comes to sigma (sqrt(rows) + sqrt(cols)))."""
    matrix = weight.detach().float().reshape(weight.shape[0], -1)
    norm = float(matrix.norm())
    std = norm / math.sqrt(max(1, matrix.numel()))
    usual = 1 / math.sqrt(3 * fan_in)
    if not math.isfinite(norm) or not usual / _FACTOR <= std <= usual * _FACTOR:
        return False
    rows, cols = matrix.shape
    random_rank = rows * cols / (math.sqrt(rows) + math.sqrt(cols)) ** 2
    least = max(_LEAST if min(rows, cols) > 1 else 0.0, _SPREAD * random_rank)
    return (norm / _largest_singular_value(matrix)) ** 2 >= least


def is_fresh(module):
    """Whether a normalisation stands where PyTorch begins: scale 1, shift 0, no statistics of batches. One of a layer
    that was trained does not, and what has no state of its own does not tell."""
    if not isinstance(module, families.NORMALISATION):
        return False
    weight, bias, mean = (getattr(module, own, None) for own in ("weight", "bias", "running_mean"))
    if weight is None and mean is None:
        return False
    return (
        (weight is None or bool((weight == 1).all()))
        and (bias is None or bool((bias == 0).all()))
        and (mean is None or bool((mean == 0).all()))
    )


def _largest_singular_value(matrix, rounds=30):
    """By power iteration from a fixed vector; from below, within some percent of a random matrix's."""
    vector = torch.randn(matrix.shape[1], generator=torch.Generator().manual_seed(0)).to(matrix.device)
    for _ in range(rounds):
        image = matrix @ vector
        vector = matrix.t() @ image
        size = float(vector.norm())
        if size == 0:
            return math.inf
        vector = vector / size
    return float((matrix @ vector).norm())
