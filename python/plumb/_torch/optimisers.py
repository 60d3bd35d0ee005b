# SPDX-License-Identifier: Apache-2.0
"""Sees an optimiser's steps, and says what it is."""

import types
import weakref

import torch

KINDS = {
    "SGD": "sgd",
    "Adam": "adam",
    "AdamW": "adamw",
    "RMSprop": "rmsprop",
    "Adagrad": "adagrad",
    "NAdam": "nadam",
    "RAdam": "radam",
}


def facts(optimizer):
    """What OptimiserInfo keeps of it."""
    kind = KINDS.get(type(optimizer).__name__, type(optimizer).__name__.lower())
    group = optimizer.param_groups[0] if optimizer.param_groups else {}
    found = {"kind": kind}
    for ours, theirs in (
        ("momentum", "momentum"),
        ("eps", "eps"),
        ("weight_decay", "weight_decay"),
        ("learning_rate", "lr"),
    ):
        if isinstance(group.get(theirs), (int, float)):
            found[ours] = float(group[theirs])
    betas = group.get("betas")
    if isinstance(betas, (tuple, list)) and all(isinstance(b, float) for b in betas):
        found["momentum"], found["beta2"] = float(betas[0]), float(betas[-1])
    if kind == "rmsprop":
        found["beta2"] = float(group.get("alpha", 0.99))
    found["nesterov"] = bool(group.get("nesterov", False))
    found["decoupled"] = kind == "adamw"
    return found


def can_replay(optimizer):
    """Whether the coming step adds -lr times one tensor to each parameter that is no shard: PyTorch's SGD as it mostly is."""
    return type(optimizer) is torch.optim.SGD and all(
        type(g["lr"]) is float
        and g["lr"] > 0
        and not g["nesterov"]
        and not any(g.get(option) for option in ("maximize", "differentiable", "fused"))
        and (g["momentum"] > 0 or g["weight_decay"] == 0)
        for g in optimizer.param_groups
    )


def replays(optimizer, params):
    """After such a step: (tensor, factor) for each parameter, whose product was added to it."""
    if not params:
        return []
    groups, state = optimizer.param_groups, optimizer.state
    rates = {id(p): -g["lr"] for g in groups for p in g["params"]} if len(groups) > 1 else None
    only = -groups[0]["lr"]
    found = []
    for p in params:
        known = state.get(p)  # once: a tensor's hash is Python
        momentum = known.get("momentum_buffer") if known else None
        found.append((p.grad if momentum is None else momentum, rates[id(p)] if rates else only))
    return found


def _weak(method):
    """Calls a bound method as long as its object lives; the optimiser does not keep that alive."""
    held = weakref.WeakMethod(method)

    def call(optimizer):
        alive = held()
        if alive is not None:
            alive(optimizer)

    return call


def _tell_before(before, optimizer, arguments, options):
    """Calls before(optimizer), or gives the arguments back with a closure that will."""
    place = next((i for i, a in enumerate(arguments) if a is not optimizer and callable(a)), None)
    closure = options.get("closure") if place is None else arguments[place]
    if closure is None:
        before(optimizer)
        return None
    recorded = []

    def closure_and_record():
        result = closure()
        if not recorded:  # some optimisers ask several times
            recorded.append(True)
            before(optimizer)
        return result

    if place is None:
        return arguments, {**options, "closure": closure_and_record}
    return (*arguments[:place], closure_and_record, *arguments[place + 1 :]), options


class StepWatch:
    """Calls before(optimizer) and after(optimizer), bound methods, around optimizer.step().

    PyTorch 2 has hooks for that. Before, step is replaced on the object by a bound method (a
    scheduler asks it for __self__), and put back; where a scheduler has wrapped it since, ours stays
    within and passes on. A closure that the step is given makes the gradients: before() waits for it.
    """

    def __init__(self, optimizer, before, after):
        self.optimizer, self.handles, self.active = optimizer, [], True
        before, after = _weak(before), _weak(after)
        if hasattr(optimizer, "register_step_pre_hook"):
            self.handles.append(optimizer.register_step_pre_hook(lambda o, a, k: _tell_before(before, o, a, k)))
            self.handles.append(optimizer.register_step_post_hook(lambda o, a, k: after(o)))
            return
        self.had_own = "step" in vars(optimizer)
        self.original = optimizer.step
        original = self.original
        watch = weakref.ref(self)

        def step(self, *arguments, **options):
            mine = watch()
            if mine is None or not mine.active:
                return original(*arguments, **options)
            arguments, options = _tell_before(before, self, arguments, options) or (arguments, options)
            result = original(*arguments, **options)
            after(self)
            return result

        step.__name__ = "step"
        if hasattr(original, "_with_counter"):  # a scheduler's mark
            step._with_counter = True
        self.bound = types.MethodType(step, optimizer)
        optimizer.step = self.bound

    def remove(self):
        self.active = False
        for handle in self.handles:
            handle.remove()
        if self.handles or vars(self.optimizer).get("step") is not self.bound:
            return
        if self.had_own:
            self.optimizer.step = self.original
        else:
            del self.optimizer.step


def nested(optimizer):
    """Optimisers that another one keeps, and that change parameters of it: what SAM, Lookahead and the like are made of."""
    mine = {id(p) for g in optimizer.param_groups for p in g["params"]}
    return [
        one
        for one in vars(optimizer).values()
        if isinstance(one, torch.optim.Optimizer) and any(id(p) in mine for g in one.param_groups for p in g["params"])
    ]


class Update:
    """Calls before(optimizer) and after(optimizer), bound methods, around each update: its step(), or that of one within it,
    which is called by another method where there are several (SAM's second_step)."""

    def __init__(self, optimizer, before, after):
        self.optimizer, self.before, self.after = optimizer, _weak(before), _weak(after)
        self.inside = None  # whose step() it is, while there is one
        self.watches = [StepWatch(one, self.begin, self.end) for one in (optimizer, *nested(optimizer))]

    def begin(self, one):
        if self.inside is None or self.inside is one:  # its last step() raised an exception
            self.inside = one
            self.before(self.optimizer)

    def end(self, one):
        if self.inside is one:
            self.inside = None
            self.after(self.optimizer)

    def remove(self):
        for watch in self.watches:
            watch.remove()
