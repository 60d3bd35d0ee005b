# SPDX-License-Identifier: Apache-2.0
"""Sketches of tensors on a device: each is counted there, into a row of about a kilobyte, and the rows of a step
are fetched at once.

A row is what plumb/stats/counted_sketch.h says, as python/src/device_watch.h lays it out. A Triton kernel fills it
(sketch_kernel), or without Triton operations of torch (sketch_ops); both on the stream that is current.
"""

from dataclasses import dataclass, field

import torch

from .. import _core

WORDS = _core.device_row_words  #: of 64 bits in a row
ROWS = 256  #: of a table
#: Values that go into one row: its counts are of 32 bits.
MOST = 1 << 30
MOST_AXES = 4
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


@dataclass
class Counted:
    """Where the counts of a tensor are: (table, row, number of values) of each of its parts."""

    parts: list = field(default_factory=list)
    times: int = 1
    log2_scale: float = 0.0


def in_any_order(x):
    """The elements of x without their order: (tensor of few axes, how often each of its elements is there).

    What is dense in memory has one axis of stride 1; an axis that repeats is not read.
    """
    x = x.detach()
    if x.is_neg():
        x = x.resolve_neg()
    times, axes = 1, []
    for size, stride in zip(x.shape, x.stride()):
        if size == 0:
            return x.reshape(-1), 1
        if stride == 0:
            times *= size
        elif size > 1:
            axes.append((stride, size))
    merged = []
    for stride, size in sorted(axes):
        if merged and stride == merged[-1][0] * merged[-1][1]:
            merged[-1] = (merged[-1][0], merged[-1][1] * size)
        else:
            merged.append((stride, size))
    merged = merged[::-1] or [(1, 1)]
    if len(merged) > MOST_AXES:
        return x.reshape(-1), 1
    return x.as_strided([size for _, size in merged], [stride for stride, _ in merged]), times


class SketchRows:
    """Of one device. `count(x, row, limits)` adds a tensor's counts to a row, which is of zeros before."""

    def __init__(self, device, count):
        self.device, self.count = device, count
        self.tables, self.used, self.limits = [], 0, {}

    def add(self, x, log2_scale=0.0):
        """Counts the values of x, of one of DTYPES. Nothing waits for the device."""
        view, times = in_any_order(x)
        counted = Counted(times=times, log2_scale=log2_scale)
        if view.numel() > MOST:
            view = view.reshape(-1)
        parts = view.split(MOST) if view.numel() > MOST else [view]
        for part in parts:
            table, row = self._take()
            if part.numel() > 0:
                self.count(part, self.tables[table][row], self._limits(x.dtype == torch.float64, log2_scale))
            counted.parts.append((table, row, part.numel()))
        return counted

    def _take(self):
        table, row = divmod(self.used, ROWS)
        if table == len(self.tables):
            self.tables.append(torch.zeros(ROWS, WORDS, dtype=torch.int64, device=self.device))
        self.used += 1
        return table, row

    def _limits(self, is_double, log2_scale):
        key = is_double, log2_scale
        if key not in self.limits:
            if len(self.limits) > 64:  # a loss scale that goes on growing
                self.limits.clear()
            bits = _core.sketch_limit_bits(log2_scale, is_double)
            dtype = torch.int64 if is_double else torch.int32
            self.limits[key] = torch.tensor(bits, dtype=torch.int64).to(dtype).to(self.device)
        return self.limits[key]

    def fetch(self):
        """The tables in our memory, and empty ones on the device."""
        tables = []
        for i in range(-(-self.used // ROWS)):
            rows = min(ROWS, self.used - i * ROWS)
            tables.append(self.tables[i][:rows].cpu() if self.device.type != "cpu" else self.tables[i][:rows].clone())
            self.tables[i][:rows].zero_()
        self.used = 0
        return tables

    def clear(self):
        for table in self.tables:
            table.zero_()
        self.used = 0


def rows_of(counted, tables):
    """[(address, number of values)] for plumb._core, while the fetched tables live."""
    return [(tables[table].data_ptr() + row * WORDS * 8, count) for table, row, count in counted.parts]
