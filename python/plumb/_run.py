# SPDX-License-Identifier: Apache-2.0
"""Runs as Python objects: findings, arrays, data frames, and how a notebook shows them."""

from __future__ import annotations

import array
import html
import json
import os
import shutil
import tempfile
import textwrap
import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    import pandas

ROLES = ("z", "a", "grad_z", "grad_a", "weight", "grad_weight", "update")


@dataclass(frozen=True)
class Remedy:
    """A change that should help: its kind and arguments, and as people read it.

    layer is a place in Run.layers, None where it is for the whole network.
    """

    kind: str
    layer: int | None
    arguments: dict[str, Any]
    text: str
    code: str | None = None  #: a line of the framework, where there is one


@dataclass(frozen=True)
class Finding:
    """One diagnosed problem, as facts, and the sentences made from them: what `plumb diagnose --json` says.

    rule is stable ("vanishing_gradient"), severity is "note", "warning" or "critical". layer is a
    place in Run.layers or None, path and where name it. evidence is a list of dicts with quantity,
    name, value, threshold and threshold_source. cause_kind is stable, cause its sentence, cause_share the part
    of what was lost (or gained) that it takes, where that can be told.
    explained_by is the id of the finding that this one follows from.
    """

    id: int
    rule: str
    severity: str
    layer: int | None
    path: str
    where: str
    first_step: int
    last_step: int
    over: bool
    symptom: str
    evidence: list[dict[str, Any]]
    cause: str
    cause_kind: str
    did_harm: bool | None
    explained_by: int | None
    consequence: str
    remedies: list[Remedy] = field(default_factory=list)
    cause_share: float | None = None

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.rule}", self.symptom]
        if self.cause:
            lines.append(f"Cause: {self.cause}")
        if self.consequence:
            lines.append(f"Consequence: {self.consequence}")
        for one in self.remedies:
            lines.append(f"Try: {one.text}")
            if one.code:
                lines += ["    " + line for line in one.code.split("\n")]
        return "\n".join(lines)


def make_findings(text: str, code: Callable[[Finding], Sequence[str | None]] | None = None) -> list[Finding]:
    """From a JSON array. code gives a line of the framework for each remedy of a finding."""
    found = []
    for one in json.loads(text):
        remedies = [Remedy(**r) for r in one.pop("remedies")]
        finding = Finding(**one, remedies=remedies)
        if code is not None:
            lines = code(finding)
            finding = replace(finding, remedies=[replace(r, code=c) for r, c in zip(remedies, lines)])
        found.append(finding)
    return found


class Diagnosis(list[Finding]):
    """The findings, the worst first. Printed, it is the verdict, the table and what to do."""

    def __init__(self, findings: list[Finding], verdict: str, outcome: str, table: str, loop: Sequence[str] = ()) -> None:
        super().__init__(findings)
        self.verdict, self.outcome, self._table = verdict, outcome, table
        self.loop = list(loop)  #: what the loop around the model does, in words, where that is likely a mistake

    def __str__(self) -> str:
        text = self._table
        if self.loop and not any(f.rule == "training_loop" for f in self):
            told = (textwrap.fill(one, 80, initial_indent="  - ", subsequent_indent="    ") for one in self.loop)
            text = "In the loop:\n" + "\n".join(told) + "\n\n" + text
        codes = [(f, r) for f in self for r in f.remedies if r.code and f.explained_by is None]
        if codes:
            text = text.rstrip("\n") + "\n\nIn code:\n"
            seen = set()
            for finding, remedy in codes:
                if remedy.code in seen:
                    continue
                seen.add(remedy.code)
                text += f"  # {finding.rule}: {remedy.text}\n"
                text += "".join(f"  {line}\n" for line in remedy.code.split("\n"))
        return text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class Diagnosed:
    """What can be asked of a watch and of a loaded run alike."""

    def diagnose(self) -> Diagnosis:
        """What is wrong so far, where and why: a list of Finding that prints as text."""
        findings = make_findings(self._findings(), self._code)
        return Diagnosis(findings, self._verdict(), self._outcome(), self._table(80, True), self._loop_notes())

    def _loop_notes(self) -> Sequence[str]:
        return ()

    @property
    def findings(self) -> list[Finding]:
        """The findings so far, the worst first."""
        return make_findings(self._findings(), self._code)

    def report(self, path: str | os.PathLike[str]) -> str:
        """Writes the report, one HTML page that needs no network. Returns its path.

        Errors: StoreError if it cannot be written, or where the package was built without the page;
        ValueError where path is the run file itself.
        """
        path, run = os.fspath(path), self._run_path()
        if os.path.exists(path) and os.path.samefile(path, run):
            raise ValueError(f"report: {path} is the run itself, expected another file")
        _core.write_report([run], path)
        return path

    def to_pandas(self) -> pandas.DataFrame:
        """One line for each step and site, as a pandas.DataFrame."""
        return self.run().to_pandas()

    #: The lines of code for a finding's remedies, in the framework's words; None where there is no framework.
    _code: Callable[[Finding], Sequence[str | None]] | None = None

    def _repr_html_(self) -> str:
        return _show(self)


def _array(data):
    try:
        import numpy
    except ImportError:
        found = array.array("d")
        found.frombytes(data)
        return found
    return numpy.frombuffer(data, dtype=numpy.float64)


class Run(Diagnosed):
    """A run file in memory.

    steps, sketches, activations, joins and ledger are dicts of columns, each a numpy array of
    float64 (an array.array without numpy). layers and params are lists of dicts, in the order of
    their ids, which sketches["id"] and the like refer to; sketches["role"] is a place in ROLES.
    Magnitudes are log2: log2_rms is that of the true value.
    """

    path: str
    steps: dict[str, Any]
    sketches: dict[str, Any]
    activations: dict[str, Any]
    joins: dict[str, Any]
    ledger: dict[str, Any]
    histograms: list[Any]
    layers: list[dict[str, Any]]
    params: list[dict[str, Any]]
    info: dict[str, Any]
    verdict: str

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        data = _core.load(self.path)
        for table in ("steps", "sketches", "activations", "joins", "ledger"):
            setattr(self, table, {name: _array(column) for name, column in data.pop(table).items()})
        self.histograms = [_array(one) for one in data.pop("histograms")]
        self._findings_json = data.pop("findings")
        self.verdict, self._outcome_name = data.pop("verdict"), data.pop("outcome")
        self.layers, self.params = data.pop("layers"), data.pop("params")
        self.ledger["cause"] = data.pop("ledger_causes")
        self.info = data

    def _findings(self):
        return self._findings_json

    def _verdict(self):
        return self.verdict

    def _outcome(self):
        return self._outcome_name

    def _table(self, width, unicode):
        return _core.table(self.path, width, unicode)

    def _run_path(self):
        return self.path

    def _loop_notes(self):
        return [line for line in self.info.get("settings", {}).get("loop", "").split("\n") if line]

    def run(self) -> Run:
        return self

    def name_of(self, row: int) -> str:
        """The path of the layer or the parameter of a row of sketches."""
        number, role = int(self.sketches["id"][row]), int(self.sketches["role"][row])
        return (self.params if role >= 4 else self.layers)[number]["path"]

    def find(self, path: str, role: str, step: int | None = None) -> list[dict[str, Any]]:
        """The rows of sketches of a layer or a parameter by its path, as a list of dicts."""
        if role not in ROLES:
            raise ValueError(f"find: role is {role!r}, expected one of {', '.join(ROLES)}")
        wanted = ROLES.index(role)
        table = self.params if wanted >= 4 else self.layers
        found = []
        for row in range(len(self.sketches.get("step", ()))):
            if int(self.sketches["role"][row]) != wanted:
                continue
            if table[int(self.sketches["id"][row])]["path"] != path:
                continue
            if step is None or int(self.sketches["step"][row]) == step:
                found.append({name: column[row] for name, column in self.sketches.items()})
        return found

    def to_pandas(self) -> pandas.DataFrame:
        import pandas

        frame = pandas.DataFrame(dict(self.sketches))
        frame["path"] = [self.name_of(row) for row in range(len(frame))]
        frame["role"] = [ROLES[int(role)] for role in self.sketches.get("role", ())]
        return frame.drop(columns=["id"], errors="ignore")


def temporary_path(owner):
    """Of a run file that goes with its owner, or with the interpreter."""
    folder = tempfile.mkdtemp(prefix="plumb")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return os.path.join(folder, "run.plumb")


def load(path: str | os.PathLike[str]) -> Run:
    """Reads a run file, whoever wrote it; also one that is still being written.

    Errors: StoreError (an OSError) for a file that is none, damaged or of a newer version.
    """
    return Run(path)


def merge(ranks: Sequence[str | os.PathLike[str]], to: str | os.PathLike[str]) -> Run:
    """One run of those of the ranks of a data-parallel training, as `plumb merge` makes it: counts add up,
    and sizes are those of the whole batch. What a reader should know of it is warned of.

    ranks       the run files of all ranks, two or more, in their order
    to          path of the merged run, replaced if it is a run

    Errors: StoreError for what is no run, and for runs of different models; ValueError for fewer than two,
    and where `to` is one of them.
    """
    paths = [os.fspath(path) for path in ranks]
    if len(paths) < 2:
        raise ValueError(f"merge: {len(paths)} runs, expected those of two ranks or more")
    if os.path.exists(to) and any(os.path.exists(p) and os.path.samefile(p, to) for p in paths):
        raise ValueError(f"merge: {os.fspath(to)} is one of the ranks, expected another file")
    for note in _core.merge(paths, os.fspath(to)):
        warnings.warn(f"plumb.merge: {note}", RuntimeWarning, stacklevel=2)
    return load(to)


def _show(diagnosed):
    """The verdict and the flow over depth, for a notebook."""
    try:
        run = diagnosed.run()
    except OSError as error:
        return f"<pre>{html.escape(str(error))}</pre>"
    title = html.escape(str(run.info.get("network", "")))
    return f"<div><b>{title}</b><p>{html.escape(run.verdict)}</p>{_chart(run)}</div>"


def _chart(run):
    """log10 of the gradient at every linear layer, of the last measured step, as SVG."""
    steps = run.sketches.get("step", ())
    if not len(steps):
        return ""
    last = max(int(s) for s in steps)
    points = {}
    for row in range(len(steps)):
        if int(steps[row]) == last and int(run.sketches["role"][row]) == ROLES.index("grad_z"):
            value = float(run.sketches["log2_rms"][row])
            if value == value and abs(value) != float("inf"):
                layer = int(run.sketches["id"][row])
                points[layer] = (run.layers[layer]["depth"], value * 0.30103)
    if len(points) < 2:
        return ""
    ordered = sorted(points.values())
    low, high = min(y for _, y in ordered), max(y for _, y in ordered)
    low, high = min(low, high - 1), high
    width, height, left, top = 560, 180, 56, 10
    deepest = max(x for x, _ in ordered)

    def at(x, y):
        across = left + (width - left - 10) * (x - 1) / max(deepest - 1, 1)
        return f"{across:.1f},{top + (height - 40) * (high - y) / (high - low):.1f}"

    line = " ".join(at(x, y) for x, y in ordered)
    marks = "".join(
        f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="2.5" fill="#2563eb"/>' for p in line.split(" ")
    )
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="gradient over depth" '
        f'style="font:11px sans-serif"><polyline points="{line}" fill="none" stroke="#2563eb"/>{marks}'
        f'<text x="4" y="{top + 8}">1e{high:.1f}</text><text x="4" y="{height - 28}">1e{low:.1f}</text>'
        f'<text x="{left}" y="{height - 6}">linear layer 1 .. {deepest}: rms of dLoss/dz, step {last}</text></svg>'
    )
