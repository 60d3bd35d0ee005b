# SPDX-License-Identifier: Apache-2.0
"""What a loss compares the outputs with: the targets of a batch, which its node keeps for the backward pass."""

import torch

from . import families

#: More numbers, or columns of them, tell no more of the order of the samples, and cost time in every step.
MOST_VALUES, MOST_COLUMNS = 65536, 64
#: A loss may be a sum of parts, each times a number.
MOST_NODES = 16


def targets_of(root):
    """Of the first node below `root` that has targets; None where there is none."""
    nodes = [root.grad_fn]
    for node in nodes:
        if node is None:
            continue
        if families.node_kind(node) in families.LOSS_NODES and hasattr(node, "_saved_target"):
            return node._saved_target
        if len(nodes) < MOST_NODES:
            nodes += [parent for parent, _ in node.next_functions]
    return None


def tell(core, roots):
    """The targets of one loss on the CPU, one label or row of values a sample; those elsewhere would have to be waited for."""
    if len(roots) != 1 or not torch.is_tensor(roots[0]):
        return
    targets = targets_of(roots[0])
    if targets is None or targets.device.type != "cpu" or targets.numel() > MOST_VALUES:
        return
    if targets.dim() == 1 and targets.dtype == torch.int64 and targets.is_contiguous():
        core.add_labels(targets.data_ptr(), targets.numel())
    elif targets.dim() == 1 and not targets.is_floating_point():
        core.add_labels(targets.tolist())
    elif targets.is_floating_point() and 1 <= targets.dim() <= 2:
        rows = targets.detach().reshape(len(targets), -1)
        if rows.shape[1] <= MOST_COLUMNS:
            core.add_values(rows.reshape(-1).tolist(), rows.shape[1])
