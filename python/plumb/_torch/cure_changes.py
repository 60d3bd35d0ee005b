# SPDX-License-Identifier: Apache-2.0
"""What a cure may change of a PyTorch training: one table, each row with its group, size and code.

A change knows nothing of trainings: it is asked whether it applies to what is known of the patient, changes a
fresh model in place, and says what an optimiser is handed.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn as nn

from .. import _core
from .cure_surgery import (
    Standardise,
    forget_biases,
    hidden_activations,
    replace_modules,
    sequence_length,
)
from .cure_tap import FARTHEST, Handed
from .init_apply import Start
from .init_places import call_captured
from .init_report import path_code
from .wrappers import inner

GROUPS = ("init", "gates", "activation", "data", "rate", "clipping")
_RELU_LIKE = ("relu", "leaky_relu", "relu6")
#: A tailored activation is for chains of as many activations, or more (as in plumb/cure/rewrites/tailored.h).
_FEWEST_TAILORED = 8
_CORRELATION = 0.9


@dataclass
class Patient:
    """What the untreated trainings showed.

    captured    (arguments, keywords) of the first call of the model in training
    steps       of one training
    norms       of the gradient, step by step
    statistics  of the inputs
    optimiser   its class by name, and its first rate
    """

    captured: Any = None
    steps: int = 0
    norms: list[float] = field(default_factory=list)
    statistics: Any = None
    optimiser: str = ""
    rate: float | None = None
    activations: dict[str, str] = field(default_factory=dict)
    functional: list[str] = field(default_factory=list)
    places: Any = None
    recurrent: bool = False
    length: int = 0
    problem: str = ""

    def learn(self, model):
        """What a fresh model shows."""
        model = inner(model)
        self.recurrent = bool(forget_biases(model))
        if self.captured is None:
            self.problem = "no call of the model was seen, so that there is no batch to measure"
            return
        try:
            self.activations, self.functional, self.places = hidden_activations(model, self.captured)
            self.length = sequence_length(model, self.places)
        except Exception as error:  # noqa: BLE001
            self.problem = f"the model cannot be measured on a batch alone: {type(error).__name__}: {error}"


@dataclass(frozen=True)
class Change:
    """One row: apply changes a fresh model in place and returns a report or None."""

    id: str
    group: str
    size: int
    text: str
    handed: Handed = Handed()
    arguments: tuple = ()

    def apply(self, model: Any, patient: Patient, seed: int) -> Any:
        action = _ACTIONS.get(self.id)
        return action(self, inner(model), patient, seed) if action is not None else None

    def code(self, patient: Patient, report: Any) -> list[str]:
        return _CODES[self.id](self, patient, report)


# What they do.


def _start(model, patient, seed, orthogonal=False, forget_bias=1.0):
    return Start(model, patient.captured, orthogonal, "auto", forget_bias, seed, call_captured).run()


def _initialise(change, model, patient, seed):
    return _start(model, patient, seed)


def _orthogonal(change, model, patient, seed):
    return _start(model, patient, seed, orthogonal=True)


def _open_gate(change, model, patient, seed):
    with torch.no_grad():
        for bias, gate, is_first in forget_biases(model):
            bias[gate] = 1.0 if is_first else 0.0


def _chrono(change, model, patient, seed):
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for bias, gate, is_first in forget_biases(model):
            hidden = gate.stop - gate.start
            drawn = (torch.rand(hidden, generator=source) * (patient.length - 2) + 1).log()
            bias[gate] = drawn if is_first else 0.0
            if bias.shape[0] == 4 * hidden:
                bias[:hidden] = -drawn if is_first else 0.0


def _replace(change, model, patient, seed):
    replace_modules(model, patient.activations, lambda old: nn.ReLU())
    return _start(model, patient, seed)


def _tailor(change, model, patient, seed):
    slope = change.arguments[0]
    replace_modules(model, patient.activations, lambda old: nn.LeakyReLU(slope))
    return _start(model, patient, seed, orthogonal=True)


def _scale(change, model, patient, seed):
    model.register_forward_pre_hook(Standardise(*patient.statistics.known(), patient.statistics.channel))


_ACTIONS = {
    "initialise": _initialise,
    "orthogonal_start": _orthogonal,
    "open_gate": _open_gate,
    "chrono": _chrono,
    "replace_activation": _replace,
    "tailored_activation": _tailor,
    "scale_inputs": _scale,
}

# As code.


def _code_start(change, patient, report):
    option = ", orthogonal=True" if change.id in ("orthogonal_start", "tailored_activation") else ""
    lines = [f"plumb.init_(model, batch{option})          # or the same in plain PyTorch:"]
    return lines + report.code().split("\n") if report is not None else lines


def _code_activation(change, patient, report):
    new = f"nn.LeakyReLU({change.arguments[0]:.5g})" if change.id == "tailored_activation" else "nn.ReLU()"
    lines = []
    for path in patient.activations:
        lines.append(f"{path_code(path)} = {new}")
    return lines + _code_start(change, patient, report)


def _code_gate(change, patient, report):
    value = "1.0" if change.id == "open_gate" else f"torch.empty(hidden).uniform_(1, {patient.length - 1}).log()"
    lines = [
        "for module in model.modules():",
        "    if isinstance(module, (nn.LSTM, nn.GRU)):",
        "        for name, bias in module.named_parameters():",
        '            if name.startswith("bias"):',
        "                hidden = bias.shape[0] // (4 if isinstance(module, nn.LSTM) else 3)",
        "                with torch.no_grad():",
        f'                    bias[hidden:2 * hidden] = {value} if name.startswith("bias_ih") else 0.0',
    ]
    if change.id == "chrono":
        lines += [
            '                    if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):',
            "                        bias[:hidden] = -bias[hidden:2 * hidden]",
        ]
    return lines


def _code_scale(change, patient, report):
    channel = patient.statistics.channel
    return [
        "# x: training inputs, all of them",
        f"values = x.movedim({channel}, -1).flatten(0, -2)",
        "mean, farthest = values.mean(0), (values - values.mean(0)).abs().amax(0)",
        f"deviation = torch.maximum(values.std(0), farthest / {FARTHEST:g}).clamp(min=1e-12)   # for columns that are nearly constant",
        f"x = ((x.movedim({channel}, -1) - mean) / deviation).movedim(-1, {channel})",
    ]


def _code_rate(change, patient, report):
    rate = f"{patient.rate * change.handed.rate_factor:.3g}" if patient.rate else f"lr * {change.handed.rate_factor:.3g}"
    was = f"   # was {patient.rate:.3g}" if patient.rate else ""
    return [f"optimizer = torch.optim.{patient.optimiser}(model.parameters(), lr={rate}){was}"]


def _code_warm_up(change, patient, report):
    steps = change.handed.warm_up
    return [
        f"warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / {steps}))",
        "# and warm_up.step() after each optimizer.step()",
    ]


def _code_clip(change, patient, report):
    return [f"torch.nn.utils.clip_grad_norm_(model.parameters(), {change.handed.clip_norm:.3g})   # before optimizer.step()"]


_CODES = {
    "initialise": _code_start,
    "orthogonal_start": _code_start,
    "open_gate": _code_gate,
    "chrono": _code_gate,
    "replace_activation": _code_activation,
    "tailored_activation": _code_activation,
    "scale_inputs": _code_scale,
    "set_rate": _code_rate,
    "warm_up": _code_warm_up,
    "clip_norm": _code_clip,
}


# Which there are.


def set_rate(factor: float) -> Change:
    return Change("set_rate", "rate", 1, f"learning rate times {factor:.3g}", Handed(rate_factor=factor))


def usual_norm(norms: list[float]) -> float | None:
    """The median of the gradient's norm over a training, to two digits."""
    finite = [n for n in norms if math.isfinite(n) and n > 0]
    return float(f"{statistics.median(finite):.2g}") if finite else None


def possible_changes(patient: Patient) -> tuple[list[Change], list[str]]:
    """(what applies but for rates, smallest first; why the others do not)"""
    found, notes = [], []
    if patient.problem:
        notes.append(f"no change of the start or the activation: {patient.problem}")
    else:
        found.append(Change("initialise", "init", 1, "the start that theory and one batch ask for (plumb.init_)"))
        found.append(Change("orthogonal_start", "init", 1, "that start with orthogonal matrices (plumb.init_, orthogonal=True)"))
    if patient.recurrent:
        found.append(Change("open_gate", "gates", 1, "gates that keep start open: forget bias 1"))
        if patient.length >= 3:
            found.append(Change("chrono", "gates", 1, f"biases of gates for memories of up to {patient.length} steps"))
    known = patient.statistics.known() if patient.statistics is not None else None
    if known is None:
        notes.append("inputs are no floating-point numbers (or none were seen): they are not scaled")
    elif bool((known[0].abs() < 0.5 * known[1]).all()) and bool(((known[1] > 0.5) & (known[1] < 2)).all()):
        notes.append("inputs are on one scale already")
    else:
        found.append(Change("scale_inputs", "data", 1, "inputs less their mean, over their deviation"))
    if patient.optimiser:
        found.append(Change("warm_up", "rate", 1, "warm-up over a tenth of the steps", Handed(warm_up=max(2, patient.steps // 10))))
        norm = usual_norm(patient.norms)
        if norm is not None:
            found.append(Change("clip_norm", "clipping", 1, f"the gradient's norm at most {norm:.3g}", Handed(clip_norm=norm)))
    else:
        notes.append("no optimiser of torch.optim was seen: rate, warm-up and clipping are not tried")
    if not patient.problem:
        found += _activations(patient, notes)
    return found, notes


def _activations(patient, notes):
    if patient.functional:
        notes.append(f"activations that are functions are not replaced: {', '.join(patient.functional[:3])}"
                     + (" ..." if len(patient.functional) > 3 else ""))
    words = [text.split()[0] for text in patient.activations.values()]
    if not words:
        return []
    if all(word in _RELU_LIKE for word in words):
        slope = _core.tailored_slope(len(words), _CORRELATION)
        if len(words) >= _FEWEST_TAILORED and slope > 0 and patient.places.is_chain and not patient.functional:
            return [Change("tailored_activation", "activation", 2, f"leaky relu of slope {slope:.5g}, orthogonal start",
                           arguments=(float(f"{slope:.5g}"),))]
        return []
    if any(word not in _RELU_LIKE for word in words):
        return [Change("replace_activation", "activation", 2, "hidden activations become relu, with their start")]
    return []
