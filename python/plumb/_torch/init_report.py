# SPDX-License-Identifier: Apache-2.0
"""What init_ did: every parameter, with what it was given or why it was left."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class InitChange:
    """One parameter that was given a start.

    name        of the parameter, as named_parameters() has it
    kind        "normal", "orthogonal", "zeros", "ones", "gates", "centred"
    std         of its values afterwards
    std_before  of its values before
    gain        of theory: weights have the variance gain^2 / fan_in; None where there is none
    factor      by which the measured batch corrected the weights; None where it was not measured
    why         in words
    """

    name: str
    kind: str
    std: float
    std_before: float
    gain: float | None
    factor: float | None
    why: str
    code: str = field(repr=False, default="")


@dataclass(frozen=True)
class InitLeft:
    """One parameter that was left alone, and why."""

    name: str
    why: str


def path_code(name: str) -> str:
    """layers.0.weight as a Python expression behind `model`."""
    text = "model"
    for part in name.split("."):
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text


#: Biases that take the mean of one batch away, layer by layer.
_CENTRE = """

def take_away_mean(module, inputs, output):
    channel = output.dim() - 1 - len(getattr(module, "kernel_size", ()))
    mean = output.mean([d for d in range(output.dim()) if d != channel])
    module.bias -= mean
    return output - mean.reshape([-1 if d == channel else 1 for d in range(output.dim())])


with torch.no_grad():
    handles = [layer.register_forward_hook(take_away_mean) for layer in (
    )]
    model(*inputs)
    [handle.remove() for handle in handles]"""


def _number(value: float | None) -> str:
    return "" if value is None else "nan" if math.isnan(value) else f"{value:.3g}"


class InitReport:
    """What plumb.init_ changed and what it left alone; prints as a table.

    changed, left   lists of InitChange and InitLeft; together every parameter once
    notes           what could not be done, in words
    """

    def __init__(self, changed: list[InitChange], left: list[InitLeft], notes: list[str]) -> None:
        self.changed, self.left, self.notes = changed, left, notes

    def code(self) -> str:
        """The same start as plain PyTorch, without plumb: scales are those that the batch gave. The draws
        are others, for the generator is."""
        merged: dict[str, list[str]] = {}
        for one in self.changed:
            if one.code:
                merged.setdefault(one.code, []).append(one.name)
        centred = [one.name.rpartition(".")[0] for one in self.changed if one.kind == "centred"]
        if not merged and not centred:
            return "# nothing to change"
        lines = ["import torch", "from torch import nn", "", "with torch.no_grad():"]
        for code, names in merged.items():
            is_one = len(names) == 1
            if not is_one:
                lines += ["    for p in (", *(f"        {path_code(name)}," for name in names), "    ):"]
            indent, place = ("    ", path_code(names[0])) if is_one else ("        ", "p")
            lines += [indent + line for line in code.replace("PARAMETER", place).split("\n")]
        if centred:
            lines += _CENTRE.split("\n")
            lines[-3:-3] = [f"        {path_code(name) if name else 'model'}," for name in centred]
        return "\n".join(lines)

    def rows(self) -> list[tuple[str, str, str, str, str, str, str]]:
        """(name, start, std before, std, gain, factor, why) of each that was changed, as text."""
        return [
            (c.name, c.kind, _number(c.std_before), _number(c.std), _number(c.gain), _number(c.factor), c.why)
            for c in self.changed
        ]

    def __str__(self) -> str:
        lines = []
        if self.changed:
            head = ("parameter", "start", "std before", "std", "gain", "batch", "why")
            table = [head, *self.rows()]
            widths = [max(len(row[i]) for row in table) for i in range(len(head))]
            lines += ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in table]
        else:
            lines.append("nothing was changed")
        if self.left:
            lines += ["", "left alone:"] + [f"  {one.name}: {one.why}" for one in self.left]
        if self.notes:
            lines += [""] + self.notes
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"plumb.InitReport({len(self.changed)} changed, {len(self.left)} left alone)"

    def _repr_html_(self) -> str:
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in self.rows())
        head = "".join(f"<th>{h}</th>" for h in ("parameter", "start", "std before", "std", "gain", "batch", "why"))
        left = "".join(f"<li>{html.escape(f'{one.name}: {one.why}')}</li>" for one in self.left)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<table><tr>{head}</tr>{cells}</table>" + (f"<p>left alone:</p><ul>{left}</ul>" if left else "") + notes
