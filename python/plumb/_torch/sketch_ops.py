# SPDX-License-Identifier: Apache-2.0
"""What sketch_kernel does, in operations of torch: where there is no Triton."""

import torch

COUNTS, NUMBERS = 256 + 12 + 4, 136


def count(x, row, limits):
    """Adds the counts of x to a row of SketchRows."""
    x = x.reshape(-1)
    if x.dtype == torch.float64:
        magnitude = x.view(torch.int64) & 0x7FFF_FFFF_FFFF_FFFF
        exponent = (magnitude >> 52) - (1023 - 127)
        octave = exponent.clamp(0, 254)
        octave = torch.where(exponent == 2047 - (1023 - 127), torch.full_like(octave, 255), octave)
    else:
        x = x.float()
        magnitude = x.view(torch.int32) & 0x7FFF_FFFF
        octave = (magnitude >> 23).long()
    is_finite = octave < 255
    counts = row[: COUNTS // 2].view(torch.int32)
    counts[:256].scatter_add_(0, octave, torch.ones_like(octave, dtype=torch.int32))
    beyond = [((magnitude >= limit) & is_finite).sum() for limit in limits.unbind()]
    counts[256:269] += torch.stack([*beyond, (magnitude == 0).sum()]).to(torch.int32)
    finite = torch.where(is_finite, x, torch.zeros_like(x)).double()
    numbers = row[NUMBERS:].view(torch.float64)
    numbers[0] = torch.maximum(numbers[0], finite.abs().max())
    numbers[1] += finite.sum()
    numbers[2] += (finite * finite).sum()
