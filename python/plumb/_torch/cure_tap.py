# SPDX-License-Identifier: Apache-2.0
"""Stands beside one training that a function of the user's makes: sees its batches, its losses and its
optimisers, and hands it what the function itself need not know of: another rate, a warm-up, clipping."""

from __future__ import annotations

import contextlib
import math
import warnings
import weakref
from dataclasses import dataclass

import torch

from . import backward, shapes
from .op import tensors_in
from .optimisers import StepWatch
from .watch import Watch

#: Batches that the inputs' mean and deviation are taken over.
STATISTICS_OF = 20
#: Deviations that a value lies off the mean at most. A column that is nearly constant has few values, far off by its
#: deviation; they would be what a training steps by. Our choice.
FARTHEST = 10.0
#: A loss of so many times the first one has diverged. Our choice.
_DIVERGED = 100.0

_current = []  # taps of trainings under way, the innermost last
_original = None


class Enough(BaseException):
    """Ends a short training; no Exception, so that what a training catches does not hold it up."""


@dataclass(frozen=True)
class Handed:
    """What an optimiser is handed in every step.

    rate_factor   its learning rates times this
    warm_up       steps over which the rate rises in a line from nothing
    clip_norm     the gradient of all parameters is at most this long; None: as it is
    """

    rate_factor: float = 1.0
    warm_up: int = 0
    clip_norm: float | None = None

    def and_then(self, other):
        clips = [c for c in (self.clip_norm, other.clip_norm) if c is not None]
        return Handed(self.rate_factor * other.rate_factor, max(self.warm_up, other.warm_up), min(clips) if clips else None)

    def factor(self, step):
        warm = (step + 1) / self.warm_up if step < self.warm_up else 1.0
        return self.rate_factor * warm


def _see_optimisers():
    global _original
    if _original is not None:
        return
    _original = torch.optim.Optimizer.__init__

    def __init__(self, *arguments, **options):
        _original(self, *arguments, **options)
        if _current:
            _current[-1].on_optimizer(self)

    torch.optim.Optimizer.__init__ = __init__


def _see_no_more():
    global _original
    if not _current and _original is not None:
        torch.optim.Optimizer.__init__ = _original
        _original = None


class InputStatistics:
    """Mean and deviation of what the model reads, column by column or channel by channel."""

    def __init__(self, channel):
        self.channel, self.batches, self.count = channel, 0, 0
        self.sum = self.squares = self.least = self.most = None

    def add(self, tensor):
        if self.batches >= STATISTICS_OF or not tensor.is_floating_point() or tensor.dim() == 0:
            return
        self.batches += 1
        values = tensor.detach().double().cpu()
        values = values.reshape(-1, 1) if values.dim() == 1 else values.movedim(self.channel, -1).reshape(-1, values.shape[self.channel])
        values = values[torch.isfinite(values).all(1)]
        if self.sum is None:
            self.sum, self.squares = torch.zeros(values.shape[1]).double(), torch.zeros(values.shape[1]).double()
            self.least, self.most = torch.full_like(self.sum, math.inf), torch.full_like(self.sum, -math.inf)
        if values.shape[1] == self.sum.numel() and len(values):
            self.count += len(values)
            self.sum += values.sum(0)
            self.squares += values.square().sum(0)
            self.least = torch.minimum(self.least, values.min(0)[0])
            self.most = torch.maximum(self.most, values.max(0)[0])

    def known(self):
        """(mean, deviation), None where nothing was seen. The deviation is at least that at which the farthest value
        lies FARTHEST deviations off. Of a column that was constant the size stands for the deviation,
        or 1 for zeros: batches that come later may hold other values."""
        if self.sum is None or self.count < 2:
            return None
        mean = self.sum / self.count
        deviation = (self.squares / self.count - mean.square()).clamp(min=0).sqrt()
        flat = deviation <= 1e-6 * mean.abs().clamp(min=1e-30)
        farthest = torch.maximum(self.most - mean, mean - self.least)
        deviation = torch.maximum(deviation, farthest / FARTHEST)
        size = torch.where(mean == 0, torch.ones_like(mean), mean.abs())
        return mean, torch.where(flat, size, deviation)


def channel_of(model, tensor):
    """The dimension that holds features: the channels of images, the columns of rows and sequences."""
    if tensor.dim() >= 4:
        return 1
    if tensor.dim() == 3:
        first = next((m for m in model.modules() if isinstance(m, (torch.nn.Conv1d, torch.nn.Linear, torch.nn.RNNBase))), None)
        return 1 if isinstance(first, torch.nn.Conv1d) and first.in_channels == tensor.shape[1] else -1
    return -1


class Tap:
    """Of one training of one model.

    handed      what optimisers of the model are given
    stop_at     steps after which Enough is raised
    is_blind    the samples of every batch are dealt round, so that no input stands by its own target
    is_watched  a plumb.watch runs beside it
    """

    def __init__(self, model, handed=None, stop_at=None, is_blind=False, is_watched=False):
        self.model, self.handed, self.stop_at = model, handed or Handed(), stop_at
        self.is_blind, self.is_watched = is_blind, is_watched
        self.in_backward = self.stopped = False
        self.steps, self.losses, self.norms = 0, [], []
        self.arguments = self.statistics = self.diagnosis = self.watch = None
        self.optimizers, self.step_watches, self.rates = [], [], {}
        self.optimiser_text, self.rate = "", None
        self.has_diverged = False  # known at the end

    # What the training does.

    def __enter__(self):
        self.ids = {id(p) for p in self.model.parameters()}
        self.axis = 1 if shapes.is_time_first(self.model) else 0
        with_keywords = hasattr(torch.optim.Optimizer, "register_step_pre_hook")
        tap = weakref.ref(self)

        def look(module, arguments, keywords=None):
            mine = tap()
            return mine.on_call(arguments, keywords or {}, with_keywords) if mine is not None else None

        options = {"with_kwargs": True} if with_keywords else {}
        self.handle = self.model.register_forward_pre_hook(look, **options)
        _current.append(self)
        _see_optimisers()
        backward.watch(self)
        return self

    def __exit__(self, *_):
        backward.unwatch(self)
        if self in _current:
            _current.remove(self)
        _see_no_more()
        self.handle.remove()
        for one in self.step_watches:
            one.remove()
        self.has_diverged = self._diverged()
        if self.watch is not None:
            with contextlib.suppress(Exception):
                self.watch.close()
                self.diagnosis = self.watch.diagnose()
            self.watch = None
        self.optimizers, self.model = [], None

    def on_call(self, arguments, keywords, with_keywords):
        if self.in_backward:
            return None
        if self.arguments is None and self.model.training:
            self.arguments = _kept((arguments, keywords))
        first = next((t for t in tensors_in((arguments, keywords))), None)
        if first is not None and self.model.training:
            if self.statistics is None:
                self.statistics = InputStatistics(channel_of(self.model, first))
            self.statistics.add(first)
        if not self.is_blind or first is None:
            return None
        axis = self.axis if first.dim() > self.axis else 0
        samples = first.shape[axis] if first.dim() else 0
        if samples < 2:
            return None
        shift = int(torch.randint(1, samples, ()).item())

        def dealt(nest):
            if torch.is_tensor(nest):
                return nest.roll(shift, axis) if nest.dim() > axis and nest.shape[axis] == samples else nest
            if isinstance(nest, dict):
                return {k: dealt(v) for k, v in nest.items()}
            return type(nest)(dealt(v) for v in nest) if type(nest) in (tuple, list) else nest

        return (dealt(arguments), dealt(keywords)) if with_keywords else dealt(arguments)

    def on_optimizer(self, optimizer):
        ours = any(id(p) in self.ids for group in optimizer.param_groups for p in group["params"])
        if not ours:
            return
        if not self.optimizers:
            rate = optimizer.param_groups[0].get("lr")
            self.optimiser_text = type(optimizer).__name__
            self.rate = float(rate) if isinstance(rate, (int, float)) or torch.is_tensor(rate) else None
            if self.is_watched:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.watch = Watch(self.model, optimizer)
        self.optimizers.append(optimizer)
        self.step_watches.append(StepWatch(optimizer, self.before_step, self.after_step))

    def before_step(self, optimizer):
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        dense = [g for g in gradients if not g.is_sparse]
        norm = float(torch.stack([g.detach().float().norm().cpu() for g in dense]).norm()) if dense else 0.0
        if optimizer is self.optimizers[0]:
            self.norms.append(norm)
        clip = self.handed.clip_norm
        if clip is not None and norm > clip and math.isfinite(norm):
            for g in dense:
                g.mul_(clip / norm)
        factor = self.handed.factor(self.steps)
        if factor != 1:
            self.rates[id(optimizer)] = [group.get("lr") for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                if "lr" in group:
                    group["lr"] = group["lr"] * factor

    def after_step(self, optimizer):
        for group, rate in zip(optimizer.param_groups, self.rates.pop(id(optimizer), [])):
            if rate is not None:
                group["lr"] = rate  # a scheduler finds its own
        if optimizer is not self.optimizers[0]:
            return
        self.steps += 1
        if self.stop_at is not None and self.steps >= self.stop_at:
            self.stopped = True
            raise Enough

    # As a watcher of backward passes.

    def before_backward(self, roots):
        self.in_backward = True
        value = sum(float(r.detach()) for r in roots if torch.is_tensor(r) and r.numel() == 1)
        if len(self.losses) <= self.steps:
            self.losses.append(value)

    def after_backward(self, finished):
        self.in_backward = False

    def note_scaler(self, scaler):
        pass

    def before_scaler_step(self, scaler, optimizer):
        pass

    def after_scaler_step(self, scaler, optimizer):
        pass

    def _diverged(self):
        """A step was made, and the last loss, gradient or a parameter is no finite number, or the loss grew by far."""
        if not self.steps:
            return False
        seen = [*self.losses[-1:], *self.norms[-1:]]
        if not all(math.isfinite(one) for one in seen):
            return True
        if self.losses and abs(self.losses[-1]) > _DIVERGED * abs(self.losses[0]):
            return True
        return any(p.is_floating_point() and not bool(torch.isfinite(p.detach()).all()) for p in self.model.parameters())

    @property
    def learns(self):
        """Its losses fell by a tenth of the first, or more."""
        return bool(self.losses) and self.losses[0] - self.late_loss() > 0.1 * abs(self.losses[0])

    def late_loss(self, since=0.75):
        """Mean of the losses of its last quarter; infinite where one is no number or none was seen."""
        late = self.losses[int(len(self.losses) * since):]
        mean = sum(late) / len(late) if late else math.inf
        return mean if math.isfinite(mean) else math.inf


def _kept(nest):
    """A copy that nothing changes later."""
    if torch.is_tensor(nest):
        return nest.detach().clone()
    if isinstance(nest, dict):
        return {k: _kept(v) for k, v in nest.items()}
    return type(nest)(_kept(v) for v in nest) if type(nest) in (tuple, list) else nest
