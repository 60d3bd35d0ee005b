# SPDX-License-Identifier: Apache-2.0
"""Computing with a model beside its training, so that nothing of it changes."""

import contextlib

import torch


@contextlib.contextmanager
def untouched(model):
    """Within, the model computes on copies of its buffers (a copy back would count as a change of what
    autograd keeps), and with the generator's numbers, which are put back."""
    generator, originals = torch.get_rng_state(), []
    for module in model.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None:
                originals.append((module, name, buffer))
                module._buffers[name] = buffer.detach().clone()
    try:
        yield
    finally:
        for module, name, buffer in originals:
            module._buffers[name] = buffer
        torch.set_rng_state(generator)
