# SPDX-License-Identifier: Apache-2.0
"""What a model is given, by column, in the first batch that is measured: mean, deviation and range."""

import torch

from .op import Layout

#: Fewer values of a column say little of it; of more columns than that none is told.
FEWEST_VALUES, MOST_COLUMNS = 8, 4096


def columns_of(tensor, layout):
    """[[mean, deviation, smallest, largest]] of each channel of images, of each feature of rows and of
    sequences (of all their time steps). Empty for what is no table of finite numbers."""
    if not tensor.is_floating_point() or tensor.dim() < 2 or tensor.layout != torch.strided:
        return []
    axis = 1 if layout == Layout.channels_first else tensor.dim() - 1
    width = tensor.shape[axis]
    if not 0 < width <= MOST_COLUMNS or tensor.numel() < FEWEST_VALUES * width:
        return []
    rows = tensor.detach().movedim(axis, -1).reshape(-1, width).double()
    facts = torch.stack([rows.mean(0), rows.std(0, unbiased=False), rows.amin(0), rows.amax(0)], 1)
    return facts.tolist() if torch.isfinite(facts).all() else []
