# SPDX-License-Identifier: Apache-2.0
"""What stands around a model: torch.compile and the data-parallel wrappers."""

from .shards import is_shard


def inner(model):
    """The module that they stand around."""
    while True:
        if type(model).__name__ == "OptimizedModule":
            model = model._orig_mod
        elif type(model).__name__.endswith("DataParallel"):
            model = model.module
        else:
            return model


def is_compiled(model):
    return any(
        type(m).__name__ == "OptimizedModule" or getattr(m, "_compiled_call_impl", None) is not None for m in model.modules()
    )


def ranks(model):
    """How many processes average their gradients."""
    for param in model.parameters():
        if is_shard(param):
            return param.device_mesh.size()
    while type(model).__name__ == "OptimizedModule":
        model = model._orig_mod
    group = getattr(model, "process_group", None) if type(model).__name__ == "DistributedDataParallel" else None
    return group.size() if group is not None else 1
