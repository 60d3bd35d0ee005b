# SPDX-License-Identifier: Apache-2.0
"""The hooks that stand on a watched model: two for good, the others in measured steps alone."""

import weakref

from .. import _core
from .._inert import nothing, reduced
from . import cells, families, recurrent


class _Hook:
    """Calls the Steps of a watch while there are some. A copy of the model is not watched."""

    def __init__(self, steps):
        self.steps = weakref.ref(steps)

    def __deepcopy__(self, memo):
        return nothing

    def __reduce__(self):
        return reduced


class BeginHook(_Hook):
    """Before the model's forward pass, in every step."""

    def __call__(self, module, arguments, options=None):
        steps = self.steps()
        if steps is not None and not steps.unlooked:
            steps.begin_forward(module, arguments, options or {})


class EndHook(_Hook):
    """Behind the model's forward pass, in every step."""

    def __call__(self, module, arguments, output):
        steps = self.steps()
        if steps is not None and not steps.unlooked:
            steps.end_forward(module, output)


def watch_calls(steps, model):
    """The two hooks that stay between measured steps. Returns their handles."""
    try:
        begin = model.register_forward_pre_hook(BeginHook(steps), with_kwargs=True)
    except TypeError:  # before PyTorch 2
        begin = model.register_forward_pre_hook(BeginHook(steps))
    return [begin, model.register_forward_hook(EndHook(steps))]


class EarlyRemoved:
    """In the place of hooks that were removed early: the step was measured."""

    def remove(self):
        pass


class ModelHooks:
    """Those of the modules, for one step, or as long as each step is measured."""

    def __init__(self, steps, core, model):
        self.steps, self.core = weakref.ref(steps), core
        self.model = model
        self.handles, self.call_hooks = [], {}

    def __bool__(self):
        """The step is, or was, measured."""
        return bool(self.handles)

    def install(self):
        if self.handles and not isinstance(self.handles[0], EarlyRemoved):
            return
        self.handles.clear()
        if not self.call_hooks:
            for module in self.model.modules():
                known = families.family_of(module)
                if known is not None and id(module) not in self.call_hooks:
                    function = known[1] if known[0] == "activation" else ""
                    self.call_hooks[id(module)] = (module, _core.forward_hook(self.core, module, function))
        steps = self.steps()
        for module, hook in self.call_hooks.values():
            self.handles.append(module.register_forward_hook(hook))
            if isinstance(module, families.RECURRENT):
                self.handles.append(module.register_forward_hook(recurrent.Hook(steps, module)))
            if isinstance(module, families.CELLS):
                self.handles.append(module.register_forward_hook(cells.Hook(steps, module)))

    def remove(self):
        for handle in self.handles:
            handle.remove()
        self.handles.clear()

    def remove_early(self):
        """The step ends with the next forward pass; until then the model is as it was."""
        handles = self.handles
        self.handles = [EarlyRemoved()] if handles else []
        for handle in handles:
            handle.remove()
