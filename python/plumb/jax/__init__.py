# SPDX-License-Identifier: Apache-2.0
"""plumb for JAX: a loss function is watched, whatever library its model is written with.

    import plumb.jax
    w = plumb.jax.watch(loss_fn, run="exp1.plumb")      # loss_fn(params, ...) -> loss

    @w.jit                                              # in the place of jax.jit
    def step(params, state, x, y):
        loss, grads = jax.value_and_grad(w)(params, x, y)
        ...
    for x, y in loader:
        params, state, loss = step(params, state, x, y)
    print(w.diagnose()); w.report("exp1.html")
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ._watch import Watch

__all__ = ["Watch", "watch"]


def watch(
    loss_fn: Callable[..., Any],
    run: str | os.PathLike[str] | None = None,
    record: str = "log",
    *,
    argnum: int = 0,
    has_aux: bool = False,
    start: int = 0,
    steps: int = 0,
    baseline: float | dict[str, float] | None = None,
    optimizer: str = "",
    learning_rate: float | None = None,
) -> Watch:
    """Watches a loss function. What is returned takes its place under grad, value_and_grad and jit.

    loss_fn     pure; (params, ...) -> scalar, or (scalar, aux) with has_aux. Parameters are a pytree:
                flax's dict or State, an equinox module
    argnum      which argument the parameters are
    run, record, start, steps, baseline    as of plumb.watch
    optimizer, learning_rate    what the training uses ("sgd", "adam" ...), where the findings should weigh it

    Every use under grad is a step. Steps that are not measured cost nothing where the training step
    is compiled by Watch.jit, which keeps two versions of it; under jax.jit the taps stay in.
    Errors: ImportError without jax; StoreError where the file cannot be created. What fails later
    warns once and ends the measuring, never the training.
    """
    return Watch(
        loss_fn, run, record, argnum=argnum, has_aux=has_aux, start=start, steps=steps, baseline=baseline,
        optimizer=optimizer, learning_rate=learning_rate,
    )
