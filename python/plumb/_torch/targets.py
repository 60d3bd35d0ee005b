# SPDX-License-Identifier: Apache-2.0
"""What a loss compares the outputs with: the targets of a batch, which its node keeps for the backward pass."""

import torch

from . import families

#: More numbers tell no more of the order of the samples, and cost time in every step.
MOST_VALUES = 65536
#: Of more columns (images) the values are looked at in the first steps, and then in ever fewer.
MANY_COLUMNS, FIRST_STEPS = 64, 8
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


def tell(core, roots, is_answer, step):
    """The targets of one loss on the CPU, one label or row of values a sample; those elsewhere would have to be waited for.
    is_answer: the model's outputs are compared with them, and nothing else is."""
    if len(roots) != 1 or not torch.is_tensor(roots[0]):
        return
    targets = targets_of(roots[0])
    if targets is None or targets.device.type != "cpu" or targets.numel() > MOST_VALUES or targets.requires_grad:
        return
    if any(stride == 0 and size > 1 for size, stride in zip(targets.shape, targets.stride())):
        return  # spread over outputs of another shape
    if targets.dim() == 1 and targets.dtype == torch.int64 and targets.is_contiguous():
        core.add_labels(targets.data_ptr(), targets.numel(), is_answer)
    elif targets.dim() == 1 and not targets.is_floating_point():
        core.add_labels(targets.tolist(), is_answer)
    elif targets.is_floating_point() and targets.dim() >= 1 and len(targets):
        columns = targets.numel() // len(targets)
        if columns > MANY_COLUMNS and (not is_answer or (step > FIRST_STEPS and step & (step - 1))):
            return
        core.add_values(targets.detach().reshape(-1).tolist(), columns, is_answer)
