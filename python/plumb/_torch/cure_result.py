# SPDX-License-Identifier: Apache-2.0
"""What came of a cure, as facts, and the sentences made of them."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any

from .cure_changes import Change, Patient

_ENDINGS = {
    "cured": "cured",
    "better": "better, not cured",
    "any_rate": "any change of rate does as well",
    "not_proven": "not proven: better in the mean, but its seeds are too few for the spread",
    "not_found": "no cure found within the budget",
    "not_sick": "it was not sick",
    "inconclusive": "inconclusive: it fails with some seeds and not with others",
    "predicted": "a dry run: nothing was proven",
    "interrupted": "interrupted",
}


@dataclass(frozen=True)
class PairedDifference:
    """Of two arms that share their seeds: the mean of the differences, the 95 % interval of Student's t, and p of
    the exact sign-flip test. See plumb/proof/paired.h."""

    pairs: int
    mean: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        if not math.isfinite(self.mean):
            return "no pairs"
        if not math.isfinite(self.low):
            return f"{self.mean:+.3f} ({self.pairs} pair)"
        return f"{self.mean:+.3f} (95 % interval {self.low:+.3f} to {self.high:+.3f}, p = {self.p:.3g}, {self.pairs} pairs)"


@dataclass
class CureArm:
    """The same training with several seeds.

    values   what train returned, seed by seed
    scores   the same on the common scale: 0 the constant answer, 1 the best that can be had
    changes  ids of what was changed; of the random arm, one a seed
    """

    name: str
    seeds: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    has_sick: int = 0

    def add(self, trial: Any, score: float) -> None:
        self.seeds.append(trial.seed)
        self.values.append(trial.value)
        self.scores.append(score)
        self.has_sick += trial.is_sick
        if trial.error:
            self.errors.append(trial.error)

    @property
    def mean_score(self) -> float:
        return sum(self.scores) / len(self.scores) if self.scores else math.nan

    @property
    def mean_value(self) -> float:
        return sum(self.values) / len(self.values) if self.values else math.nan


@dataclass
class CureCandidate:
    """A change, or two, and what was predicted and measured of it.

    predicted   the training loss after the first steps of a short training; None where none was made
    screen      full trainings, one or all seeds of the screen
    """

    changes: list[Change]
    predicted: float | None = None
    screen: CureArm = field(default_factory=lambda: CureArm(""))

    @property
    def id(self) -> str:
        return " + ".join(c.id for c in self.changes)

    @property
    def size(self) -> int:
        return sum(c.size for c in self.changes)

    @property
    def text(self) -> str:
        return ", and ".join(c.text for c in self.changes)


@dataclass
class Cure:
    """What plumb.cure gives; prints as a page.

    ending        "cured", "better", "any_rate", "not_proven", "not_found", "not_sick", "inconclusive", "predicted",
                  "interrupted"
    winner        the candidate that was proven, or None
    candidates    all that were tried, the most promising first
    untreated     the trainings that reproduced the failure
    proof         arms on fresh seeds by name: "untreated", "cured", "random change", "rate alone"
    over_untreated, over_random, over_rate   differences to the cured arm, None where there was no such arm
    constant, best   ends of the scale, in the unit of what train returns; constant is nan before it is known
    trainings     how many were made, short ones by their share
    """

    ending: str = "not_found"
    winner: CureCandidate | None = None
    candidates: list[CureCandidate] = field(default_factory=list)
    untreated: CureArm = field(default_factory=lambda: CureArm("untreated"))
    proof: dict[str, CureArm] = field(default_factory=dict)
    over_untreated: PairedDifference | None = None
    over_random: PairedDifference | None = None
    over_rate: PairedDifference | None = None
    constant: float = math.nan
    best: float = math.nan
    trainings: float = 0
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _patient: Patient = field(default_factory=Patient, repr=False)
    _report: Any = field(default=None, repr=False)

    @property
    def is_cured(self) -> bool:
        return self.ending == "cured"

    @property
    def code(self) -> str:
        """The winning change as PyTorch code; "" where there is none."""
        if self.winner is None:
            return ""
        lines: list[str] = []
        for change in self.winner.changes:
            if lines:
                lines.append("")
            lines += [f"# {change.id}: {change.text}", *change.code(self._patient, self._report)]
        return "\n".join(lines)

    def apply(self, model: Any, seed: int = 0) -> Any:
        """Makes the winning change on a fresh model, in place: start, activations, scale of inputs. What is for the
        optimiser (rate, warm-up, clipping) stands in `code`. Returns the model.

        Errors: ValueError where there is no winner."""
        if self.winner is None:
            raise ValueError(f"cure.apply: {_ENDINGS[self.ending]}, there is no change to apply")
        for change in self.winner.changes:
            change.apply(model, self._patient, seed)
        return model

    # In words.

    def _head(self) -> str:
        text = _ENDINGS[self.ending]
        if self.winner is not None and self.ending in ("cured", "better", "any_rate", "not_proven", "not_found", "interrupted"):
            tried = "the best that was tried" if self.ending in ("not_proven", "not_found", "interrupted") else "the change"
            text += f"; {tried}: {self.winner.text}"
        return text

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = [(arm.name, f"{arm.mean_score:.3f}", f"{arm.mean_value:.4g}") for arm in self.proof.values() if arm.scores]
        return rows or ([(f"untreated ({len(self.untreated.scores)} seeds)", f"{self.untreated.mean_score:.3f}",
                          f"{self.untreated.mean_value:.4g}")] if self.untreated.scores else [])

    def _differences(self) -> list[str]:
        named = (("untreated", self.over_untreated), ("a random change", self.over_random), ("the rate alone", self.over_rate))
        return [f"over {name}: {d}" for name, d in named if d is not None]

    def __str__(self) -> str:
        lines = [self._head(), ""]
        if math.isfinite(self.constant):
            lines.append(f"score: 0 is the constant answer ({self.constant:.4g}), 1 the best that can be had ({self.best:.4g})")
        rows = self._rows()
        if rows:
            wide = max(len(r[0]) for r in rows)
            lines.append(f"{'':{wide}}  score   what train returned, mean")
            lines += [f"{name:{wide}}  {score:>6}  {value}" for name, score, value in rows]
        lines += self._differences()
        if self.candidates:
            lines += ["", "tried, with one seed or all of the screen:"]
            for one in self.candidates:
                measured = f"{one.screen.mean_score:.3f} ({len(one.screen.scores)})" if one.screen.scores else "not trained in full"
                lines.append(f"  {one.id:32} {measured}" + (f"   {one.screen.errors[0]}" if one.screen.errors else ""))
        lines += [f"note: {note}" for note in self.notes]
        lines.append(f"{self.trainings:.1f} trainings")
        if self.code and self.ending in ("cured", "better", "any_rate"):
            lines += ["", self.code]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in self._rows())
        parts = [f"<p><b>{html.escape(self._head())}</b></p>"]
        if cells:
            parts.append(f"<table><tr><th></th><th>score</th><th>mean</th></tr>{cells}</table>")
        parts += [f"<p>{html.escape(line)}</p>" for line in self._differences() + self.notes]
        if self.code and self.ending in ("cured", "better", "any_rate"):
            parts.append(f"<pre>{html.escape(self.code)}</pre>")
        return "".join(parts)
