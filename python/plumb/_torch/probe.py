# SPDX-License-Identifier: Apache-2.0
"""plumb.probe for PyTorch: one batch, before any training."""

import torch

from .untouched import untouched
from .watch import Watch


def probe(model, loss, batch, run=None):
    """One forward and backward pass, measured, before any training; see plumb.probe."""
    inputs, targets = batch if isinstance(batch, (tuple, list)) and len(batch) == 2 else (batch, None)
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    gradients = {p: p.grad for p in model.parameters()}
    was_training = {m: m.training for m in model.modules()}
    model.train()
    for p in gradients:
        p.grad = None
    watch = Watch(model, None, run, "every=1", kind="probe")
    try:
        with torch.enable_grad(), untouched(model):
            output = model(*inputs)
            value = loss(output) if targets is None else loss(output, targets)
            value.backward()
        watch._steps.close_step()
    finally:
        watch.close()
        for module, training in was_training.items():
            module.training = training
        for p, gradient in gradients.items():
            p.grad = gradient
    return watch
