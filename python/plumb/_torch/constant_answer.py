# SPDX-License-Identifier: Apache-2.0
"""What the best constant answer reaches, from the targets that autograd keeps for the loss.

Of a loss that is one cross_entropy or one mse_loss for each update, with the mean as its reduction, on the CPU. Of any other
one nothing is said: a sum of losses, weights of classes, a factor on the loss. None of torch's operations is called.
"""

import math

try:
    import numpy
except ImportError:
    numpy = None  # then nothing is known

import torch

from .. import _core
from .families import node_kind

CLASSES = ("NllLoss", "NllLoss2D")
PAIRED = ("MseLoss", "SmoothL1Loss", "HuberLoss")
PLUMBING = ("View", "ReshapeAlias", "UnsafeView", "Transpose", "Permute", "Squeeze", "Unsqueeze", "ToCopy", "Clone")
KNOWN = (torch.int64, torch.float32, torch.float64, torch.float16)
MEAN = 1  #: of torch's reductions
#: Of a sample; how many targets of each class, and how many updates, there have to be; in how many losses shapes are looked at.
MOST_COLUMNS, EACH_CLASS, SOME_UPDATES, LOOKED = 100_000, 20, 8, 8


def _reads_log_probabilities(node):
    node = node.next_functions[0][0]
    while node is not None and node_kind(node) in PLUMBING:
        node = node.next_functions[0][0]
    return node is not None and node_kind(node) in ("LogSoftmax", "Log")


def broadcast(node):
    """(shape of the outputs, shape of the targets) where a loss pairs each of some with each of others: both were expanded."""
    ours, theirs = node._saved_self, node._saved_target

    def spread(tensor):
        return {i for i, (size, stride) in enumerate(zip(tensor.shape, tensor.stride())) if size > 1 and stride == 0}

    if not (spread(ours) - spread(theirs) and spread(theirs) - spread(ours)):
        return None
    shapes = []
    for tensor in (ours, theirs):
        shape = [1 if i in spread(tensor) else n for i, n in enumerate(tensor.shape)]
        while shape[0] == 1:  # put in front by broadcasting
            del shape[0]
        shapes.append(tuple(shape))
    return tuple(shapes)


class ConstantAnswer:
    """What was seen of the targets so far."""

    def __init__(self):
        self.is_told = False  # the baseline is
        self.is_other = numpy is None  # a loss of which nothing can be said
        self.counts, self.has_classes = _core.LabelCounts(), False
        self.updates, self.rows, self.sum, self.squares = 0, 0, None, None
        self.pairs, self.looked = None, 0  # of broadcast()

    def see(self, root, is_first):
        """root: a tensor that backward() is called on; is_first: it is the first one of its update."""
        node = root.grad_fn
        kind = "" if node is None else node_kind(node)
        if kind in PAIRED and self.looked < LOOKED:
            self.looked += 1
            self.pairs = self.pairs or broadcast(node)
        if self.is_told or self.is_other:
            return
        if not is_first or kind not in (*CLASSES, "MseLoss") or node._saved_reduction != MEAN:
            self.is_other = True
            return
        target = node._saved_target
        if target.device.type != "cpu" or target.requires_grad or target.dtype not in KNOWN:
            self.is_other = True
        elif kind in CLASSES:
            self.see_classes(node, target)
        else:
            self.see_values(target.numpy())
        self.updates += 1

    def see_classes(self, node, target):
        is_known = node._saved_weight is None and target.dtype == torch.int64 and self.sum is None
        if not is_known or not _reads_log_probabilities(node):
            self.is_other = True
            return
        ignored = node._saved_ignore_index
        if not target.is_contiguous():
            target = target.numpy().copy()
        at, count = (target.ctypes.data, target.size) if isinstance(target, numpy.ndarray) else (target.data_ptr(), target.numel())
        # Of an index below 0, torch 1.13 gives it without a sign.
        self.counts.add(at, count, ignored - 2**64 if ignored >= 2**63 else ignored)
        self.has_classes = True

    def see_values(self, target):
        rows = target.reshape(len(target), -1).astype("float64") if target.ndim and target.size else None
        if rows is None or self.has_classes or rows.shape[1] > MOST_COLUMNS:
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
        if self.is_told or self.is_other or self.updates < SOME_UPDATES:
            return None
        if self.has_classes:
            counts = [count for count in self.counts.counts if count > 0]
            enough = len(counts) >= 2 and sum(counts) >= EACH_CLASS * len(counts)
            return of_classes(counts) if enough else None
        mean = self.sum / self.rows
        variance = float((self.squares / self.rows - mean * mean).clip(min=0).mean())
        size = float(((mean + self.shift) ** 2).mean())
        return (variance, float("nan"), float("nan")) if variance > max(1e-9 * size, 0) else None


def of_classes(counts):
    """(entropy, deviation of the loss from sample to sample, frequency of the most frequent one). counts: a list."""
    whole = sum(counts)
    parts = [n / whole for n in counts if n > 0]
    entropy = -sum(p * math.log(p) for p in parts)
    squares = sum(p * math.log(p) ** 2 for p in parts)
    return entropy, math.sqrt(max(squares - entropy**2, 0)), max(parts)
