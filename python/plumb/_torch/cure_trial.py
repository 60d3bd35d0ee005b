# SPDX-License-Identifier: Apache-2.0
"""One training of the user's functions under a list of changes, from a seed, on the common scale of scores."""

from __future__ import annotations

import inspect
import math
import random
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .cure_changes import Change, Patient
from .cure_tap import Enough, Handed, Tap


@dataclass
class Trial:
    """What one training came to. value is what train returned, score the same on the common scale."""

    seed: int
    value: float = math.nan
    score: float = math.nan
    steps: int = 0
    late_loss: float = math.inf
    outcome: str = ""
    severities: list[str] = field(default_factory=list)
    error: str = ""
    report: Any = field(default=None, repr=False)
    tap: Any = field(default=None, repr=False)

    @property
    def is_suspect(self) -> bool:
        """As ArmTraining of plumb/cure/arm.h."""
        if not self.outcome or self.outcome in ("healthy", "converged", "not_measured", "not_recorded"):
            return False
        return self.outcome != "too_early" or any(s != "note" for s in self.severities)

    @property
    def is_sick(self) -> bool:
        return "critical" in self.severities


class Yardstick:
    """The common scale: 0 is the constant answer, 1 the best that can be had, -1 the least.

    constant, best   in the unit of what train returns
    """

    def __init__(self, higher_is_better: bool, constant: float | None, best: float | None) -> None:
        self.higher, self.constant, self.is_given = higher_is_better, constant, constant is not None
        self.best = best if best is not None else (1.0 if higher_is_better else 0.0)

    def note_constant(self, values: Sequence[float]) -> None:
        """The best of trainings that saw no input by its own target."""
        finite = [v for v in values if math.isfinite(v)]
        if self.is_given or not finite:
            return
        found = max(finite) if self.higher else min(finite)
        if self.constant is None or (found > self.constant) == self.higher:
            self.constant = found

    def check(self) -> None:
        if self.constant is None:
            return
        if (self.best - self.constant) * (1 if self.higher else -1) <= 0:
            what = "score" if self.higher else "loss"
            raise ValueError(
                f"cure: the constant answer has the {what} {self.constant:.4g}, no worse than the best, {self.best:.4g}; "
                f"say best=, the best {what} that can be had"
                + ("" if self.higher else ", or higher_is_better=True if train returns a score")
            )

    def score(self, value: float) -> float:
        if not math.isfinite(value) or self.constant is None:
            return -1.0
        return max(-1.0, (value - self.constant) / (self.best - self.constant))


def _takes(function: Callable[..., Any]) -> bool:
    """Whether it has a parameter at all."""
    try:
        return bool(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return True


class Trainings:
    """Makes trainings: the user's functions, the seeds and what is said of them."""

    def __init__(self, make_model: Callable[..., Any], train: Callable[..., Any]) -> None:
        self.make_model, self.train = make_model, train

    def fresh(self, seed: int) -> torch.nn.Module:
        _seed_all(seed)
        model = self.make_model(seed) if _takes(self.make_model) else self.make_model()
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"cure: make_model returned a {type(model).__name__}, expected a torch.nn.Module")
        return model

    def read_model(self, seed: int, read: Callable[[torch.nn.Module], None]) -> None:
        """A fresh model, read; the generators are as before afterwards."""
        states = _states()
        try:
            read(self.fresh(seed))
        finally:
            _restore(states)

    def run(
        self,
        seed: int,
        changes: Sequence[Change] = (),
        patient: Patient | None = None,
        *,
        stop_at: int | None = None,
        is_blind: bool = False,
        is_watched: bool = False,
        must_run: bool = False,
    ) -> Trial:
        """One training. What raises under a change is a failed trial; must_run: it is raised, but of a training that
        diverged, whose error says just that."""
        trial, handed = Trial(seed), Handed()
        states = _states()
        try:
            model = self.fresh(seed)
            for change in changes:
                handed = handed.and_then(change.handed)
                trial.report = change.apply(model, patient, seed) or trial.report
            _seed_all(seed)
            value = self._train(trial, model, handed, stop_at, is_blind, is_watched)
            if trial.tap.stopped:
                trial.late_loss = trial.tap.late_loss()
            elif value is not None:
                trial.value = _number(value)
        except Exception as error:
            if isinstance(error, TypeError) and "cure: train returned" in str(error):
                raise
            if must_run and not (trial.tap is not None and trial.tap.has_diverged):
                raise
            trial.error = f"{type(error).__name__}: {error}".split("\n")[0]
        finally:
            _restore(states)
        tap = trial.tap
        if tap is not None:
            trial.steps = tap.steps
            if not tap.stopped and tap.losses:
                trial.late_loss = tap.late_loss()
            if tap.diagnosis is not None:
                trial.outcome = tap.diagnosis.outcome
                trial.severities = [f.severity for f in tap.diagnosis if not f.over]
        return trial

    def _train(self, trial, model, handed, stop_at, is_blind, is_watched):
        with warnings.catch_warnings(), Tap(model, handed, stop_at, is_blind, is_watched) as trial.tap:
            warnings.filterwarnings("ignore", message="plumb", category=RuntimeWarning)  # what a watch says aloud
            try:
                value = self.train(model)
            except Enough:
                return None
        if value is None and not trial.tap.stopped:
            raise TypeError("cure: train returned None, expected its loss or score, a number")
        return value


def _number(value: Any) -> float:
    if torch.is_tensor(value) and value.numel() == 1:
        return float(value.detach())
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"cure: train returned a {type(value).__name__}, expected its loss or score, a number") from None


def _seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)


def _states() -> Any:
    numpy = sys.modules.get("numpy")
    return torch.get_rng_state(), random.getstate(), numpy.random.get_state() if numpy is not None else None


def _restore(states: Any) -> None:
    torch.set_rng_state(states[0])
    random.setstate(states[1])
    if states[2] is not None:
        sys.modules["numpy"].random.set_state(states[2])
