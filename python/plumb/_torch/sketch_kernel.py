# SPDX-License-Identifier: Apache-2.0
"""The kernel that counts a tensor on a device, in Triton.

Halves are read as their bits and become floats, exactly: so does Triton's interpreter, in which bfloat16 is no
type. A program takes every programs-th block and adds what it counted to the row once, in atomic operations:
counts do not depend on their order, and of the sums the last bits of a double do.
"""

import os

import torch
import triton
import triton.language as tl

from .sketch_ops import COUNTS, NUMBERS

F32, F64, F16, BF16 = 0, 1, 2, 3
KINDS = {torch.float32: F32, torch.float64: F64, torch.float16: F16, torch.bfloat16: BF16}
BLOCK = 1024
PROGRAMS_OF_A_PROCESSOR = 8
IS_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


@triton.jit
def _count(
    x, counts, numbers, bits_of_largest, limits, n, n1, n2, n3, s0, s1, s2, s3, KIND: tl.constexpr, BLOCK: tl.constexpr
):
    program = tl.program_id(0)
    step = tl.num_programs(0) * BLOCK
    octaves = tl.zeros([256], tl.int32)
    lanes = tl.arange(0, 16)
    beyond = tl.zeros([16], tl.int32)  # of the limits; lane 12: zeros
    padding = tl.zeros([], tl.int32)
    total = tl.zeros([], tl.float64)
    squares = tl.zeros([], tl.float64)
    largest = tl.zeros([], tl.float64)
    for begin in range(program * BLOCK, n, step):
        i = begin + tl.arange(0, BLOCK)
        inside = i < n
        # The index along each axis, the last one fastest; axes that are not there have one index.
        i3 = i % n3
        rest = i // n3
        i2 = rest % n2
        rest = rest // n2
        i1 = rest % n1
        i0 = rest // n1
        place = i0.to(tl.int64) * s0 + i1.to(tl.int64) * s1 + i2.to(tl.int64) * s2 + i3.to(tl.int64) * s3
        read = tl.load(x + place, mask=inside, other=0)
        if KIND == 1:
            value = read
            magnitude = read.to(tl.int64, bitcast=True) & 0x7FFFFFFFFFFFFFFF
            exponent = (magnitude >> 52) - 896
            octave = tl.minimum(tl.maximum(exponent, 0), 254)
            octave = tl.where(exponent == 1151, 255, octave).to(tl.int32)
        else:
            if KIND == 0:
                value = read
            elif KIND == 2:
                value = read.to(tl.float16, bitcast=True).to(tl.float32)
            else:
                value = (read.to(tl.int32) << 16).to(tl.float32, bitcast=True)
            magnitude = value.to(tl.int32, bitcast=True) & 0x7FFFFFFF
            octave = magnitude >> 23
        octaves += tl.histogram(octave, 256)
        padding += tl.sum((i >= n).to(tl.int32))
        is_finite = octave < 255
        for k in tl.static_range(12):
            limit = tl.load(limits + k)
            found = tl.sum(((magnitude >= limit) & is_finite).to(tl.int32))
            beyond += tl.where(lanes == k, found, 0)
        zeros = tl.sum(((magnitude == 0) & inside).to(tl.int32))
        beyond += tl.where(lanes == 12, zeros, 0)
        finite = tl.where(is_finite, value, 0).to(tl.float64)
        total += tl.sum(finite)
        squares += tl.sum(finite * finite)
        largest = tl.maximum(largest, tl.max(tl.abs(finite)))
    bins = tl.arange(0, 256)
    octaves -= tl.where(bins == 0, padding, 0)
    tl.atomic_add(counts + bins, octaves, sem="relaxed")
    tl.atomic_add(counts + 256 + lanes, beyond, mask=lanes < 13, sem="relaxed")
    tl.atomic_max(bits_of_largest, largest.to(tl.int64, bitcast=True), sem="relaxed")
    tl.atomic_add(numbers + 1, total, sem="relaxed")
    tl.atomic_add(numbers + 2, squares, sem="relaxed")


def count(x, row, limits):
    """Adds the counts of x, of at most four axes, to a row of SketchRows."""
    kind = KINDS[x.dtype]
    if kind in (F16, BF16):
        x = x.view(torch.int16)
    sizes, strides = list(x.shape), list(x.stride())
    if len(sizes) > 4:
        x = x.reshape(-1)
        sizes, strides = list(x.shape), [1]
    sizes, strides = [1] * (4 - len(sizes)) + sizes, [0] * (4 - len(strides)) + strides
    blocks = triton.cdiv(x.numel(), BLOCK)
    if x.device.type == "cuda":
        most = PROGRAMS_OF_A_PROCESSOR * torch.cuda.get_device_properties(x.device).multi_processor_count
        with torch.cuda.device(x.device):
            _launch(x, row, limits, sizes, strides, kind, min(blocks, most))
    else:
        _launch(x, row, limits, sizes, strides, kind, min(blocks, 3))


def _launch(x, row, limits, sizes, strides, kind, programs):
    numbers = row[NUMBERS:]
    _count[(programs,)](
        x, row[: COUNTS // 2].view(torch.int32), numbers.view(torch.float64), numbers, limits,
        x.numel(), *sizes[1:], *strides, KIND=kind, BLOCK=BLOCK,
    )
