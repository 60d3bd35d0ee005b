# SPDX-License-Identifier: Apache-2.0
"""The steps of a watched training: where one begins and ends, and what is told of it on the way.

A step is one update. It opens with the first forward pass of the model in training, and closes when the next one
begins, so that what is logged behind the update belongs to it.
"""

import contextlib
import math
import time
import warnings
import weakref

import torch

from .. import _core
from . import backward, cells, device, recurrent, targets
from .first_nonfinite import Again, FirstNonFinite
from .graph import Graph
from .inputs import columns_of
from .loop import Loop
from .model_hooks import ModelHooks, watch_calls
from .op import tensors_in
from .optimisers import Update, can_replay, replays
from .pace import Pace
from .parameters import Parameters
from .players import Players
from .seen_losses import SeenLosses
from .session import careful
from .unlooked import Unlooked
from .wrappers import inner, is_compiled, ranks


class Steps(Unlooked):
    """root: what is called; model: what has the modules (wrappers taken off, or Keras' parts). began: when the making of the
    watch did, on time.thread_time()."""

    def __init__(self, session, root, model, optimizers, *, budget, start, scaler, may_search, began):
        self.session = session
        self.root, self.model, self.optimizers = root, model, optimizers
        core = self.core = session.core
        self.graph = Graph(core, model)
        self.params = Parameters(core, model, self.graph, optimizers)
        self.loop, self.losses = Loop(optimizers), SeenLosses(core)
        self.players, self.is_answer = Players(model), None  # is_answer: targets are what the model is to answer
        self.scaler, self.ranks = scaler, ranks(root)
        self.step = 0
        self.learn, self.plan = True, None
        self.is_compiled = is_compiled(root)
        if self.is_compiled:
            from .compiled import CompiledHooks  # of PyTorch 2 alone

            self.hooks = CompiledHooks(core, self.graph, model)
        else:
            self.hooks = ModelHooks(self, core, model)
        self.input_handles = []
        self.outputs = []
        self.pending, self.pending_cells = [], []  # what recurrent modules and cells tell when the backward pass ends
        self.stepped = set()
        self.saw_backward = self.saw_forward = self.told_params = False
        self.unseen, self.updating = 0, None  #: of an update: what it changes, and that of which there is no copy
        self.pace = Pace(budget, start, writing=lambda: core.writing_s, making=time.thread_time() - began)
        self.wanted = self.pace.wants(0)
        self.begin_unlooked()
        core.is_timed = budget is not None
        # A model with a state that torch does not know is not computed a second time.
        self.again, self.computes_again, self.may_search = Again(inner(root), core), False, may_search
        self.first_nonfinite: FirstNonFinite | None = None
        self.measure_next = self.told_data = False
        self.refused = set()
        self.in_backward = False
        mine = weakref.ref(self)
        core.device = self.device = on_device = device.DeviceWatch(session)
        core.forces_device = device.forced is not None
        hooks = self.hooks

        def take_off():
            on_device.clear()
            hooks.remove()

        session.take_off = take_off
        core.learn = lambda *call: mine().graph.on_call(*call)
        core.on_fail = lambda text: mine().session.fail(text)
        self.root_hooks, self.step_watches = [], []

    def attach(self):
        self.root_hooks = watch_calls(self, self.root)
        self.step_watches = [Update(o, self.before_step, self.after_step) for o in self.optimizers]
        backward.watch(self)

    def say_refused(self):
        for kind in self.device.refused - self.refused:
            text = f"plumb.watch: tensors on {kind} are not measured, those on cuda and the CPU are"
            warnings.warn(text, RuntimeWarning, stacklevel=4)
        self.refused |= self.device.refused

    def detach(self):
        self.device.clear()
        self.pace.close()
        self.hooks.remove()
        if self.is_compiled:
            self.hooks.close()
        for handle in (*self.root_hooks, *self.step_watches):
            handle.remove()
        backward.unwatch(self)
        self.graph.forget()

    @careful
    def observe(self, look, *arguments):
        look(*arguments)

    # Opening and closing.

    def wants(self):
        asked, self.measure_next = self.measure_next, False
        return True if asked else self.wanted

    def open(self):
        core = self.core
        if core.begin_step(self.step, self.wants()):
            self.hooks.install()
            if self.learn:
                self.graph.begin()
                self.graph.is_stale = False
            core.learning = self.learn and not self.is_compiled
            core.flow_log2_scale = 0.0
        self.losses.begin()
        self.outputs, self.updating = [], None
        self.pending.clear()
        self.pending_cells.clear()
        self.told_params = False
        self.stepped.clear()
        self.saw_backward = self.saw_forward = False
        if self.logged:
            core.set_metrics(self.logged)
            self.logged = {}

    def close_step(self):
        """Ends the open step, if one is."""
        core = self.core
        if not core.in_step:
            return
        was_measured = bool(self.hooks)
        if self.saw_forward and not self.saw_backward and not self.stepped:
            self.device.clear()
            core.drop_step()  # a forward pass that nothing came of
            self.hooks.remove()
            return
        core.recording = False
        for handle in self.input_handles:
            handle.remove()
        self.input_handles.clear()
        self.device.flush()
        self.say_refused()
        core.set_metrics(self.losses.metrics())
        keeps = was_measured and self.keeps_hooks()
        core.end_step()
        if not keeps:
            self.hooks.remove()
        self.graph.forget()
        self.players.end_step(self.stepped, self.optimizers)
        if self.step & (self.step + 1) == 0:  # 0, 1, 3, 7 ...
            self.tell_baseline()
            self.tell_players()
        if self.pace.budget is not None:
            self.pace.ended(self.step, was_measured, self.session.take_own_time())
            self.wanted = self.pace.wants(self.step + 1)
            self.session.time(self.wanted or self.pace.times())
            self.let_go_by()
        self.step += 1

    def tell_baseline(self):
        if self.session.is_open:
            self.losses.tell_baseline()

    def tell_players(self):
        """A loss that others change too has no floor, and tells nothing of learning."""
        if self.session.is_open and self.players.is_to_be_told():
            self.core.set_info({"loss": "difference"})

    def of_players(self):
        return self.players.notes()

    def close_finished(self):
        """Ends the open step, if its update was seen."""
        if self.session.is_open and self.core.in_step and self.stepped:
            self.close_step()
        self.tell_baseline()

    def close_last(self):
        """The same of a run that ends, also of a step that no optimiser takes."""
        if self.session.failed:
            return
        with contextlib.suppress(Exception):
            if self.core.in_step and (self.stepped or (self.saw_backward and not self.optimizers)):
                self.close_step()
            self.tell_baseline()
            self.tell_players()

    # Forwards.

    def counts(self, module):
        """Whether a call of it is a forward pass of the training."""
        if module is not self.root or self.in_backward or self.computes_again:
            return False
        return torch.is_grad_enabled()

    @careful
    def begin_forward(self, module, arguments, options):
        core = self.core
        if not self.counts(module) or not module.training:
            if module is self.root and not self.in_backward and not self.computes_again:
                self.loop.evaluated += not module.training
                self.loop.without_gradient += module.training
                self.loop.is_evaluating = self.loop.is_evaluating or (not module.training and torch.is_grad_enabled())
            return
        self.loop.forwards += 1
        self.loop.is_evaluating = False
        self.again.note_call(arguments, options)
        if self.stepped or (self.saw_backward and not self.optimizers):
            self.close_step()
        if not core.in_step:
            if self.unlooked:  # since the line above
                self.again.drop_call()
                return
            if self.went_by:
                self.look_again()
            self.open()
        self.saw_forward = True
        if not core.recording:
            return
        if self.saw_backward:
            self.device.flush()
            core.next_pass()
            self.outputs = []
            self.pending.clear()
            self.pending_cells.clear()
        core.pass_ += 1
        self.graph.begin_pass()
        for op, tensor in self.graph.inputs((arguments, options)):
            core.output(op.id, tensor, op.layout)
            self.tell_data(op, tensor)
            if tensor.requires_grad and tensor.is_leaf:
                hook = _core.gradient_hook(core, op.id, op.layout)
                self.input_handles.append(tensor.register_hook(hook))
        if self.is_compiled:
            self.begin_compiled(arguments, options)
        core.in_forward = True

    def tell_data(self, op, tensor):
        if not self.told_data and tensor.is_floating_point():
            self.told_data = True
            with contextlib.suppress(RuntimeError, NotImplementedError):  # of another device or kind of memory
                self.core.set_data(columns_of(tensor, op.layout))

    def begin_compiled(self, arguments, options):
        if self.learn:
            self.computes_again = True
            try:
                self.hooks.learn(arguments, options)
            finally:
                self.computes_again = False
            self.params.declare()
            self.learn = False
        self.hooks.begin_pass()

    @careful
    def end_forward(self, module, output):
        core = self.core
        if not self.counts(module):
            return
        if module.training and core.in_step:
            self.again.note_output(output)
        if not core.in_forward:
            return
        core.in_forward = False
        if core.learning:  # a single number that the model gives is its loss, or a part of it
            self.outputs += [t.grad_fn for t in tensors_in(output) if t.grad_fn is not None and t.dim() > 0]

    # Backwards.

    def before_backward(self, roots):
        self.in_backward = True
        if not self.unlooked:
            self.begin_backward(roots)

    @careful
    def begin_backward(self, roots):
        core = self.core
        self.loop.before_backward()
        self.loop.backwards += 1
        if not core.in_step or not self.saw_forward or self.has_stepped():
            return
        scale = 1.0
        if self.scaler is not None and self.scaler.is_enabled():
            scale = float(self.scaler.get_scale())
        if not self.losses.see(roots, scale):
            self.find_first_nonfinite(backward=False)
        self.saw_backward = True
        if core.recording:
            self.begin_measured(roots, scale)
        if self.is_answer is not None:
            targets.tell(core, roots, self.is_answer, self.step)

    def begin_measured(self, roots, scale):
        core = self.core
        core.in_backward, core.in_forward = True, False
        # DistributedDataParallel averages over the ranks what each has of its part of the batch.
        core.flow_log2_scale = -math.log2(scale * self.ranks)
        nodes = [t.grad_fn for t in roots if torch.is_tensor(t) and t.grad_fn is not None]
        if core.learning:
            self.learn_graph(nodes)
        elif self.plan is not None and not self.plan.is_empty():
            if not self.plan.attach(nodes):
                self.learn = True  # another graph than before: found out again when due next
        if not self.is_compiled:
            self.learn = self.learn or self.graph.is_stale

    def learn_graph(self, nodes):
        core = self.core
        order = _core.walk(nodes)
        self.graph.finish(nodes, self.outputs)
        self.outputs = []
        self.params.declare()
        self.plan = self.graph.plan(core, order)
        self.plan.attach_to(order)
        core.learning = self.learn = False
        self.is_answer = self.graph.compares_answers() and len(nodes) == 1 and len(self.optimizers) <= 1
        self.players.see(order, self.optimizers)
        if self.graph.loss and not self.players.are_playing:
            core.set_info({"loss": self.graph.loss})

    def after_backward(self, finished):
        self.in_backward = False
        if self.core.in_backward:
            self.end_backward(finished)

    @careful
    def end_backward(self, finished):
        core = self.core
        if core.recording and self.pending:
            recurrent.tell_pending(self)
        if core.recording and self.pending_cells:
            cells.tell_pending(self)
        core.in_backward = False
        if not core.in_step:
            return
        self.graph.forget()
        if core.recording and finished:
            self.params.note_reached()
        if core.recording and not self.optimizers and finished and not self.told_params:
            self.told_params = True
            core.before_update(self.params.with_gradient().core, 0.0, False)

    # The update.

    @careful
    def begin_update(self, optimizer):
        core = self.core
        self.loop.before_update(optimizer)
        if core.in_step and id(optimizer) in self.stepped:
            self.close_step()
        if core.in_step and optimizer is self.optimizers[0]:  # a scheduler changes it later
            core.set_metrics({"learning_rate": float(optimizer.param_groups[0].get("lr", 0))})
        if not core.in_step or not self.saw_backward:
            return
        if self.first_nonfinite is None and not _core.gradients_are_finite(self.params.sentinels()):
            self.find_first_nonfinite(backward=True)
        if not core.recording:
            return
        if not self.stepped:
            core.before_update(self.params.untrained().core, 0.0, False)
        entries = self.params.entries(optimizer)
        replayed = None
        can = can_replay(optimizer) and not entries.has_shards
        places = core.before_update(entries.core, 0.0, can)
        if can:
            replayed = [entries.tensors[i] for i in places]
        self.updating = entries.core, replayed

    @careful
    def end_update(self, optimizer):
        core = self.core
        if not core.in_step or not self.saw_backward:
            return
        if core.recording and self.updating is not None:
            entries, replayed = self.updating
            self.updating = None
            core.after_update(entries, None if replayed is None else replays(optimizer, replayed))
            self.check_seen()
        self.note_stepped(optimizer, all_of_them=False)

    def note_stepped(self, optimizer, all_of_them):
        self.stepped.add(id(optimizer))
        if all_of_them or self.has_stepped():
            self.core.recording = False  # log() may still add to it
            if self.hooks and not self.keeps_hooks():  # the next step is not measured too
                self.hooks.remove_early()

    def has_stepped(self):
        """The step is over but for what log() adds: a backward pass now is another model's."""
        return bool(self.optimizers) and len(self.stepped) == len(self.optimizers)

    def keeps_hooks(self):
        return self.pace.budget is None and self.core.is_due(self.step + 1)

    def check_seen(self):
        if self.graph.by_path and len(self.graph.by_path) > len(self.graph.nodes.input_ops):
            return
        self.unseen += 1
        if self.unseen == 1:
            warnings.warn(
                "plumb.watch: a step went by in which no layer of the model was seen. Is the watched model the "
                "one that is trained, and was it compiled before watch()?",
                RuntimeWarning,
                stacklevel=3,
            )

    # A scaler of the loss.

    def note_scaler(self, scaler):
        if self.scaler is None:
            self.scaler = scaler

    def before_scaler_step(self, scaler, optimizer):
        self.note_scaler(scaler)

    @careful
    def after_scaler_step(self, scaler, optimizer):
        core = self.core
        if not core.in_step or optimizer not in self.optimizers or id(optimizer) in self.stepped:
            return
        if self.saw_backward:
            core.set_metrics({"skipped": True})
            self.note_stepped(optimizer, all_of_them=True)

    # The first NaN.

    def find_first_nonfinite(self, backward):
        if self.first_nonfinite is not None or self.computes_again or not self.may_search:
            return
        self.computes_again = True
        try:
            found = self.again.find(self.step, backward)
        except Exception as error:  # noqa: BLE001
            warnings.warn(f"plumb: step {self.step} is not finite; where that begins was not found: {error}", RuntimeWarning, 3)
            return
        finally:
            self.computes_again = False
        if found is None:
            return
        self.first_nonfinite, self.measure_next = found, True
        self.core.set_setting("first_nonfinite", str(found))
        warnings.warn(f"plumb: {found}", RuntimeWarning, stacklevel=3)
