# SPDX-License-Identifier: Apache-2.0
"""Sees every backward pass while a model is watched: which tensor is it called on?

torch has no hook for that. torch.autograd.backward is replaced while somebody watches, and put back
when nobody does: loss.backward() goes through it too.
"""

import weakref

import torch

_watching = []  # weakly: one that nobody holds any more watches nothing
_original = None
_scaler_originals = []


def _current():
    return [w for w in (one() for one in _watching) if w is not None]


def _roots(tensors):
    return list(tensors) if isinstance(tensors, (tuple, list)) else [tensors]


def _backward(tensors, *arguments, **options):
    current = _current()
    if any(w.in_backward for w in current):  # a checkpoint's own
        return _original(tensors, *arguments, **options)
    for w in current:
        w.before_backward(_roots(tensors))
    finished = False
    try:
        result = _original(tensors, *arguments, **options)
        finished = True
        return result
    finally:
        for w in current:
            w.after_backward(finished)


def _patch_scalers():
    kinds = {torch.cuda.amp.GradScaler}
    amp = getattr(torch, "amp", None)
    if amp is not None and hasattr(amp, "GradScaler"):
        kinds.add(amp.GradScaler)
    for kind in kinds:
        if "step" not in vars(kind):
            continue
        original = vars(kind)["step"]

        def step(self, optimizer, *arguments, _original_step=original, **options):
            current = _current()
            for w in current:
                w.before_scaler_step(self, optimizer)
            result = _original_step(self, optimizer, *arguments, **options)
            for w in current:
                w.after_scaler_step(self, optimizer)
            return result

        scale = vars(kind)["scale"]

        def scaled(self, outputs, _original_scale=scale):
            for w in _current():
                w.note_scaler(self)
            return _original_scale(self, outputs)

        kind.step, kind.scale = step, scaled
        _scaler_originals.append((kind, original, scale))


def watch(watcher):
    global _original
    if not _watching:
        _original = torch.autograd.backward
        torch.autograd.backward = _backward
        _patch_scalers()
    _watching.append(weakref.ref(watcher))


def unwatch(watcher):
    if not _watching:
        return
    # A watcher that is being collected is no longer to be had by its reference.
    _watching[:] = [one for one in _watching if one() is not None and one() is not watcher]
    if _watching:
        return
    if torch.autograd.backward is _backward:
        torch.autograd.backward = _original
    for kind, step, scale in _scaler_originals:
        kind.step, kind.scale = step, scale
    _scaler_originals.clear()
