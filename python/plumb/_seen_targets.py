# SPDX-License-Identifier: Apache-2.0
"""What the best constant answer reaches, from the targets that were seen; of no framework. Numpy counts."""

import math

try:
    import numpy
except ImportError:
    numpy = None  # then nothing is known

from . import _core

#: Of a sample; how many targets of each class, and how many updates, there have to be.
MOST_COLUMNS, EACH_CLASS, SOME_UPDATES = 100_000, 20, 8


class SeenTargets:
    """Batch after batch of one kind is shown: classes, values, or columns of 0 and 1. Of a mixture nothing is said."""

    def __init__(self):
        self.is_other = numpy is None  # nothing can be said
        self.kind = None
        self.counts = _core.LabelCounts()
        self.updates, self.rows, self.sum, self.squares = 0, 0, None, None

    def is_of(self, kind):
        self.is_other = self.is_other or self.kind not in (None, kind)
        self.kind = kind
        return not self.is_other

    def see_classes(self, address, count, ignored=-1):
        """Where so many whole numbers of 64 bits stand without gaps; but for `ignored` they are from 0 on."""
        if self.is_of("classes"):
            self.counts.add(address, count, ignored)

    def see_values(self, rows):
        """rows: [samples, columns], of which the squared error is taken."""
        if self.is_of("values"):
            self.add(rows)

    def see_binary(self, rows):
        """rows: [samples, columns] of 0 and 1, of which the binary cross-entropy is taken."""
        if self.is_of("binary"):
            self.is_other = not ((rows == 0) | (rows == 1)).all()
            self.add(rows)

    def add(self, rows):
        if self.is_other or not rows.size or rows.shape[1] > MOST_COLUMNS:
            self.is_other = True
            return
        if self.sum is None:
            self.shift = rows.mean(0)  # so that a large mean takes nothing of the deviation
            self.sum, self.squares = numpy.zeros_like(self.shift), numpy.zeros_like(self.shift)
        if rows.shape[1] != len(self.shift):
            self.is_other = True
            return
        rows = rows - self.shift
        self.rows += len(rows)
        self.sum += rows.sum(0)
        self.squares += (rows * rows).sum(0)

    def baseline(self):
        """(loss, its deviation from sample to sample, accuracy) of the best constant answer; None where it is not known."""
        if self.is_other or self.kind is None or self.updates < SOME_UPDATES:
            return None
        if self.kind == "classes":
            counts = [count for count in self.counts.counts if count > 0]
            enough = len(counts) >= 2 and sum(counts) >= EACH_CLASS * len(counts)
            return of_classes(counts) if enough else None
        mean = self.sum / self.rows
        if self.kind == "binary":
            return self.of_binary((mean + self.shift).clip(0, 1).tolist())
        variance = float((self.squares / self.rows - mean * mean).clip(min=0).mean())
        size = float(((mean + self.shift) ** 2).mean())
        return (variance, math.nan, math.nan) if variance > max(1e-9 * size, 0) else None

    def of_binary(self, ones):
        """ones: the frequency of 1 in each column."""
        if self.rows < 2 * EACH_CLASS:
            return None
        each = [of_classes([1 - p, p]) for p in ones]
        loss = sum(one[0] for one in each) / len(each)
        if not loss > 0:
            return None
        return each[0] if len(each) == 1 else (loss, math.nan, sum(one[2] for one in each) / len(each))


def of_classes(counts):
    """(entropy, deviation of the loss from sample to sample, frequency of the most frequent one). counts: a list."""
    whole = sum(counts)
    parts = [n / whole for n in counts if n > 0]
    entropy = -sum(p * math.log(p) for p in parts)
    squares = sum(p * math.log(p) ** 2 for p in parts)
    return entropy, math.sqrt(max(squares - entropy**2, 0)), max(parts)


def text_of_pairs(pairs, cure):
    """pairs: shapes of outputs and targets that a loss spreads over each other, or None; cure: as code. One sentence or none."""
    if pairs is None:
        return []
    return [
        f"the loss compares every output with every target: outputs {pairs[0]} and targets {pairs[1]} are broadcast; give both "
        f"one shape, as {cure}"
    ]
