# SPDX-License-Identifier: Apache-2.0
"""What the best constant answer reaches, from the targets that autograd keeps for the loss.

Of a loss that is one cross_entropy or one mse_loss for each update, with the mean as its reduction, on the CPU. Of any other
one nothing is said: a sum of losses, weights of classes, a factor on the loss. None of torch's operations is called.
"""

import torch

from .._seen_targets import SeenTargets
from .families import node_kind

CLASSES = ("NllLoss", "NllLoss2D")
PAIRED = ("MseLoss", "SmoothL1Loss", "HuberLoss")
PLUMBING = ("View", "ReshapeAlias", "UnsafeView", "Transpose", "Permute", "Squeeze", "Unsqueeze", "ToCopy", "Clone")
KNOWN = (torch.int64, torch.float32, torch.float64, torch.float16)
MEAN = 1  #: of torch's reductions
LOOKED = 8  #: in how many losses shapes are looked at


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
        self.seen = SeenTargets()
        self.pairs, self.looked = None, 0  # of broadcast()

    def see(self, root, is_first):
        """root: a tensor that backward() is called on; is_first: it is the first one of its update."""
        node = root.grad_fn
        kind = "" if node is None else node_kind(node)
        if kind in PAIRED and self.looked < LOOKED:
            self.looked += 1
            self.pairs = self.pairs or broadcast(node)
        if self.is_told or self.seen.is_other:
            return
        if not is_first or kind not in (*CLASSES, "MseLoss") or node._saved_reduction != MEAN:
            self.seen.is_other = True
            return
        target = node._saved_target
        if target.device.type != "cpu" or target.requires_grad or target.dtype not in KNOWN:
            self.seen.is_other = True
        elif kind in CLASSES:
            self.see_classes(node, target)
        else:
            self.see_values(target.numpy())
        self.seen.updates += 1

    def see_classes(self, node, target):
        if node._saved_weight is not None or target.dtype != torch.int64 or not _reads_log_probabilities(node):
            self.seen.is_other = True
            return
        ignored = node._saved_ignore_index
        if ignored >= 2**63:  # torch 1.13 gives an index below 0 without a sign
            ignored -= 2**64
        if target.is_contiguous():
            self.seen.see_classes(target.data_ptr(), target.numel(), ignored)
        else:
            copy = target.numpy().copy()
            self.seen.see_classes(copy.ctypes.data, copy.size, ignored)

    def see_values(self, target):
        if target.ndim and target.size:
            self.seen.see_values(target.reshape(len(target), -1).astype("float64"))
        else:
            self.seen.is_other = True

    def baseline(self):
        """(loss, its deviation from sample to sample, accuracy) of the best constant answer; None where it is not known."""
        return None if self.is_told else self.seen.baseline()
