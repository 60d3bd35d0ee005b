# SPDX-License-Identifier: Apache-2.0
"""What plumb.cure is asked for, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cure_changes import GROUPS


@dataclass(frozen=True)
class Options:
    """As the arguments of plumb.cure; batch as a call: (arguments, keywords)."""

    batch: Any
    budget: float
    screen_seeds: int
    proof_seeds: int
    screened: int
    keep: tuple[str, ...]
    only: tuple[str, ...]
    dry_run: bool
    seed: int
    progress: bool | Callable[[str, int, int], None]


def checked_options(batch, budget, screen_seeds, proof_seeds, screened, keep, only, dry_run, seed, progress) -> Options:
    """Errors: ValueError for groups that there are not, and for seeds and budgets that cannot end in a proof."""
    for group in (*keep, *only):
        if group not in GROUPS:
            raise ValueError(f"cure: group {group!r}, expected some of {', '.join(GROUPS)}")
    if screen_seeds < 1 or proof_seeds < 2:
        raise ValueError(f"cure: {screen_seeds} and {proof_seeds} seeds, expected at least 1 for the screen and 2 for the proof")
    needed = screen_seeds + (screen_seeds + 1) + 4 * proof_seeds
    if budget < needed and not dry_run:
        raise ValueError(f"cure: a budget of {budget} trainings, expected at least {needed} for {proof_seeds} seeds of proof; "
                         "fewer with proof_seeds=4")
    captured = None
    if batch is not None:
        captured = ((), batch) if isinstance(batch, dict) else (batch if isinstance(batch, tuple) else (batch,), {})
    return Options(captured, budget, screen_seeds, proof_seeds, screened, tuple(keep), tuple(only), dry_run, seed, progress)
