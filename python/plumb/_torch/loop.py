# SPDX-License-Identifier: Apache-2.0
"""What the loop around the model does, as far as it is to be seen: counts, and what they say of a step that is missing.

Nothing of it is measured; each is a fact of the calls that were made. What is told is a list of (kind, sentence): the kinds are
those of plumb/diagnose/loop_faults.h, by which the diagnosis knows them, "-" of what is no fault.
"""

import ctypes

import torch

from .._seen_targets import text_of_pairs

#: How many parameters a sentence names, and how many updates in a row must have old gradients.
NAMED, CARRIED = 3, 3
#: How many updates in evaluation mode are told of; modules that do something else in it.
IN_EVALUATION = 3
BY_MODE = (torch.nn.modules.batchnorm._NormBase, torch.nn.modules.dropout._DropoutNd)
#: Values of the parameter of an optimiser that is looked at before each backward pass.
SMALL = 4096


def some(names):
    """The first of them, and how many there are."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def is_zero(grad):
    """Whether a gradient is zero everywhere; of one that cannot be read it is taken to be. None of torch's operations: a step
    that is not measured computes nothing more."""
    if type(grad) is not torch.Tensor or grad.device.type != "cpu" or grad.layout != torch.strided or not grad.is_contiguous():
        return True
    return not ctypes.string_at(grad.data_ptr(), grad.numel() * grad.element_size()).strip(b"\0")


class Loop:
    """The calls of one training. optimizers: those that are watched."""

    def __init__(self, optimizers):
        self.optimizers = optimizers
        self.evaluated = self.without_gradient = self.forwards = self.backwards = self.updates = 0
        self.looks_at = {}  # of an optimiser, by identity: a small parameter, or None
        self.was_reset = {}  # whether its gradient was seen to be zero, or none, since the last update
        self.carried = {}  # updates in a row of gradients that had not been reset
        self.is_evaluating = False  # the last forward pass with gradients was in evaluation mode
        self.in_evaluation = 0  # updates behind such a one

    def sentinel(self, optimizer):
        if id(optimizer) not in self.looks_at:
            params = [p for g in optimizer.param_groups for p in g["params"] if p.requires_grad]
            small = [p for p in params if 0 < p.numel() <= SMALL]
            self.looks_at[id(optimizer)] = small[-1] if small else None  # near the loss, where gradients do not vanish
        return self.looks_at[id(optimizer)]

    def before_backward(self):
        """A gradient that is there now is added to."""
        for optimizer in self.optimizers:
            param = self.sentinel(optimizer)
            if self.was_reset.get(id(optimizer)) or param is None:
                continue
            if param.grad is None or is_zero(param.grad):
                self.was_reset[id(optimizer)] = True

    def before_update(self, optimizer):
        self.updates += 1
        self.in_evaluation += self.is_evaluating
        key = id(optimizer)
        if self.was_reset.pop(key, False) or self.sentinel(optimizer) is None or self.backwards == 0:
            self.carried[key] = 0
        else:
            self.carried[key] = self.carried.get(key, 0) + 1

    # In words.

    def of_calls(self, steps, params):
        """steps: how many are in the record; params: a Parameters."""
        if steps == 0:
            return [("-", self.nothing(params))]
        found = []
        if max(self.carried.values(), default=0) >= CARRIED:
            found.append((
                "not_reset",
                "gradients are not reset between updates: each backward() adds to those of all steps before; "
                "call optimizer.zero_grad() once for each update",
            ))
        if self.in_evaluation >= IN_EVALUATION:
            kind, text = "-", "the record lacks them"
            if any(isinstance(m, BY_MODE) for m in params.model.modules()):
                kind, text = "evaluation", "dropout is off in them, and normalisations take their running statistics"
            found.append((
                kind,
                f"{self.in_evaluation} of {self.updates} updates follow forward passes in evaluation mode: {text}; "
                "call model.train() after each evaluation",
            ))
        return found

    @staticmethod
    def of_pairs(pairs):
        """pairs: shapes of outputs and targets that a loss spreads over each other, or None."""
        return [("broadcast", text) for text in text_of_pairs(pairs, "output.squeeze(1) or target.unsqueeze(1)")]

    @staticmethod
    def of_parameters(params):
        """Of many in one sentence."""
        found = []
        severed, left = params.severed(), params.left_out()
        if severed:
            one = len(severed) == 1
            found.append((
                "severed",
                f"{len(severed)} parameter{'' if one else 's'} that the optimizer has get{'s' if one else ''} no gradient: {some(severed)}; "
                "something cuts the way from the loss (detach(), no_grad(), .data, .item()), or the loss reads nothing of it",
            ))
        if left:
            one = len(left) == 1
            found.append((
                "left_out" if params.has_trained() else "untrained",
                f"{len(left)} parameter{'' if one else 's'} get{'s' if one else ''} a gradient and {'is' if one else 'are'} in no watched "
                f"optimizer, so that {'it stays as it is' if one else 'they stay as they are'}: {some(left)}",
            ))
        return found

    def nothing(self, params):
        """Why no step was seen."""
        begin = "no step was seen: "
        if self.forwards == 0:
            if self.evaluated:
                return begin + f"all {self.evaluated} forward passes were in evaluation mode; call model.train() before the loop"
            if self.without_gradient:
                return begin + f"all {self.without_gradient} forward passes were without gradient (no_grad, inference_mode)"
            text = begin + "the watched model was never called"
            if self.backwards or self.updates:
                text += (
                    f", in {self.backwards} backward passes and {self.updates} updates. Is another model trained, or are parts of "
                    "this one called on their own? Watch what is called, or tell begin_pass()"
                )
            return text
        called = f"the model was called {self.forwards} times, "
        if self.backwards == 0:
            if self.updates:
                return begin + called + f"updated {self.updates} times, and backward() never called: torch.autograd.grad is not seen"
            return begin + called + "backward() never"
        if self.optimizers and self.updates == 0:
            text = begin + f"backward() was called {self.backwards} times, step() of the watched optimizer never"
            has = {id(p) for o in self.optimizers for g in o.param_groups for p in g["params"]}
            if not any(id(p) in has for p in params.model.parameters()):
                text += "; it has none of the model's parameters"
            return text
        return begin + "the first one is not complete"
