# SPDX-License-Identifier: Apache-2.0
"""Watching a model that torch.compile compiles (PyTorch 2).

Hooks in C end a compiled graph, and what autograd does inside of one is not to be seen. So the graph
of layers is found out by one forward pass in eager mode beside the training's own, and the modules
get hooks of Python that Dynamo compiles along: they call two operations of ours, which return
nothing and are kept in their order. Measured and other steps are two compiled versions of the
model, told apart by a guard, so that a step that is not measured costs a guard.
"""

import contextlib
import warnings

import torch

from .. import _core
from . import families
from .op import tensors_in
from .untouched import untouched

#: Where compiled code may run: on a device the hooks hand tensors on to plumb._torch.device.
KINDS = ("CPU", "CUDA", "XPU")

#: What the operations call, by number; a site stays in its place, as compiled code holds the number.
_sites = []


class _Switch:
    """What compiled code looks at: measured steps are another version of it."""

    def __init__(self):
        self.on = False


class _Site:
    """One module of a watched model."""

    def __init__(self, core, graph, module, hook):
        self.core, self.graph, self.module, self.hook = core, graph, module, hook
        self.open, self.calls, self.gradients = [], 0, {}

    def begin(self):
        self.open, self.calls = [], 0

    def forward(self, x, y):
        if self.core.in_forward:
            self.hook(self.module, (x,), y)
            self.open.append(self.calls)
            self.calls += 1

    def backward(self, gradient):
        """Of the last call that still waits for one."""
        if not self.open:
            return
        index = self.open.pop()
        if index not in self.gradients:
            name = self.graph.names[id(self.module)]
            op = self.graph.by_path.get(name if index == 0 else f"{name}#{index + 1}")
            self.gradients[index] = None if op is None else _core.gradient_hook(self.core, op.id, op.layout)
        if self.gradients[index] is not None:
            self.gradients[index](gradient)


def _note(x, y, site):
    _sites[site].forward(x, y)


def _note_gradient(gradient, site):
    _sites[site].backward(gradient)


_library = None


def _define():
    """The operations, once: kept in order by an effect, and no reason to break a graph."""
    global _library
    if _library is not None:
        return
    library = torch.library.Library("plumb", "DEF")
    library.define("note(Tensor x, Tensor y, int site) -> ()")
    library.define("note_gradient(Tensor gradient, int site) -> ()")
    for kind in KINDS:
        library.impl("note", _note, kind)
        library.impl("note_gradient", _note_gradient, kind)
    for name, fake in (("note", lambda x, y, site: None), ("note_gradient", lambda gradient, site: None)):
        torch.library.register_fake(f"plumb::{name}", fake, lib=library)
        _make_effectful(f"plumb::{name}")
    _library = library


def _make_effectful(name):
    if hasattr(torch.library, "_register_effectful_op"):
        torch.library._register_effectful_op(name, torch.library.EffectType.ORDERED)
        return
    from torch._higher_order_ops import effects

    effects._register_effectful_op(getattr(torch.ops.plumb, name.split("::")[1]).default, effects._EffectType.ORDERED)


class _Hook:
    """Behind a module; Dynamo compiles its call into the model."""

    def __init__(self, switch, site):
        self.switch, self.site = switch, site

    def __call__(self, module, arguments, output):
        if self.switch.on and isinstance(output, torch.Tensor) and isinstance(arguments[0], torch.Tensor):
            site = self.site
            torch.ops.plumb.note(arguments[0], output, site)
            if output.requires_grad:
                output.register_hook(lambda gradient: torch.ops.plumb.note_gradient(gradient, site))


class CompiledHooks:
    """In the place of ModelHooks for a compiled model: on as long as it is watched."""

    def __init__(self, core, graph, model):
        _define()
        self.core, self.graph, self.model = core, graph, model
        self.switch, self.sites, self.handles = _Switch(), [], []
        self.was_measured = False
        # Without guards on hooks Dynamo would take code that was compiled without them, and give
        # code with them to another model of the same class.
        self.had_no_guards = torch._dynamo.config.skip_nnmodule_hook_guards
        torch._dynamo.config.skip_nnmodule_hook_guards = False
        torch._dynamo.reset()
        for module in model.modules():
            known = families.family_of(module)
            if known is None or isinstance(module, (*families.RECURRENT, *families.CELLS)) or id(module) not in graph.names:
                continue
            hook = _core.forward_hook(core, module, known[1] if known[0] == "activation" else "")
            site = _Site(core, graph, module, hook)
            self.sites.append(site)
            self.handles.append(module.register_forward_hook(_Hook(self.switch, len(_sites))))
            _sites.append(site)

    def __bool__(self):
        return self.was_measured

    def install(self):
        self.switch.on = self.was_measured = True

    def begin_pass(self):
        for site in self.sites:
            site.begin()

    def remove_early(self):
        self.switch.on = False

    def remove(self):
        self.switch.on = self.was_measured = False

    def close(self):
        for handle in self.handles:
            handle.remove()
        torch._dynamo.config.skip_nnmodule_hook_guards = self.had_no_guards

    def learn(self, arguments, options):
        """The graph of layers, from a forward pass in eager mode that leaves no trace."""
        core, graph = self.core, self.graph
        counts, handles = {}, []

        def hook(site):
            def called(module, arguments, output):
                index = counts.get(id(module), 0)
                counts[id(module)] = index + 1
                graph.on_call(site.hook, index, module, arguments, output)

            return called

        core.learning = True
        try:
            for site in self.sites:
                handles.append(site.module.register_forward_hook(hook(site)))
            with torch.enable_grad(), untouched(self.model), _eager(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                output = self.model(*arguments, **options)
        finally:
            core.learning = False
            for handle in handles:
                handle.remove()
        given = [t for t in tensors_in(output) if t.grad_fn is not None]
        nodes = [t.grad_fn for t in [t for t in given if t.dim() > 0] or given]  # a single number is a loss
        graph.finish(None, nodes)
        graph.note_reached(_core.walk(nodes))


def _eager():
    if hasattr(torch.compiler, "set_stance"):
        return torch.compiler.set_stance("force_eager")
    return contextlib.nullcontext()
