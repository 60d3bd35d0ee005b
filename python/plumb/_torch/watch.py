# SPDX-License-Identifier: Apache-2.0
"""plumb.watch for PyTorch: which steps there are, which are measured, and what is told of them."""

from __future__ import annotations

import contextlib
import datetime
import functools
import math
import os
import platform
import time
import warnings
import weakref
from typing import Any

import torch

from .. import _core
from .._inert import nothing, reduced
from .._run import Diagnosed, Run, load, temporary_path
from . import backward, device, recurrent, words
from .first_nonfinite import Again, FirstNonFinite
from .graph import Graph
from .inputs import columns_of
from .model_hooks import ModelHooks, watch_calls
from .op import tensors_in
from .optimisers import StepWatch, can_replay, facts, replays
from .pace import Pace
from .parameters import Parameters
from .wrappers import inner, is_compiled, ranks

_core.set_types(torch.Tensor, torch.float16, torch.bfloat16, torch.float32, torch.float64)
_core.set_inert(nothing, reduced)


#: Of watches that a fork of the process has from its parent.
_of_parents = []


def _careful(method):
    """A failure of ours is told once, and ends the measuring, never the training."""

    @functools.wraps(method)
    def careful(self, *arguments, **options):
        if self._failed or self._closed or os.getpid() != self._pid:  # a fork does not record
            return None
        self._depth += 1
        if self._depth == 1 and self._core.is_timed:
            self._began = time.thread_time()
        try:
            return method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001
            self._fail(f"{type(error).__name__}: {error}")
            return None
        finally:
            self._depth -= 1
            if self._depth == 0 and self._began is not None:
                self._core.own_s += time.thread_time() - self._began
                self._began = None

    return careful


class Watch(Diagnosed):
    """What plumb.watch gives; see there."""

    def __init__(
        self,
        model,
        optimizer=None,
        run=None,
        record="log",
        *,
        start=0,
        steps=0,
        budget=None,
        scaler=None,
        baseline=None,
        kind="train",
        parts=None,
    ):
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"watch: model is a {type(model).__name__}, expected a torch.nn.Module")
        self._closed, self._failed = True, False
        self._depth, self._began = 0, None  # calls of our code within each other; when the outermost began, where that is timed
        self._optimizers = self._list(optimizer)
        self.path = temporary_path(self) if run is None else os.fspath(run)
        if budget is not None and not 0 < budget < 1:
            raise ValueError(f"watch: budget is {budget}, expected a fraction of the step's time between 0 and 1")
        core = self._core = _core.Watcher(self.path, record, start, steps)
        self._record = record
        self._root = model
        self._model = inner(model) if parts is None else parts
        self._graph = Graph(core, self._model)
        self._scaler, self._scale = scaler, 1.0
        self._pid = os.getpid()
        self._step = 0
        self._learn = True
        self._plan = None
        self._params = Parameters(core, self._model, self._graph, self._optimizers)
        self._ranks = ranks(model)
        self._is_compiled = is_compiled(model)
        if self._is_compiled:
            from .compiled import CompiledHooks  # of PyTorch 2 alone

            self._hooks = CompiledHooks(core, self._graph, self._model)
        else:
            self._hooks = ModelHooks(self, core, self._model)
        self._input_handles = []
        self._outputs, self._losses, self._pending = [], [], []
        self._stepped = set()
        self._saw_backward = self._saw_forward = False
        self._unseen, self._replays = 0, False
        self._pace = Pace(budget, start)
        self._wanted = self._pace.wants(0)
        core.is_timed = budget is not None
        # A model with a state that torch does not know is not computed a second time.
        self._again, self._computes_again, self._may_search = Again(inner(model)), False, parts is None
        self.first_nonfinite: FirstNonFinite | None = None  #: a FirstNonFinite, once the loss or a gradient was no finite number
        self._measure_next = self._told_data = False
        self._refused = set()
        self.in_backward = False
        watch = weakref.ref(self)
        core.device = self._device = device.DeviceWatch(self)
        core.forces_device = device.forced is not None
        core.learn = lambda *call: watch()._graph.on_call(*call)
        core.on_fail = lambda text: watch()._fail(text)
        self._describe(kind)
        if baseline is not None:
            self.baseline(**baseline) if isinstance(baseline, dict) else self.baseline(baseline)
        self._root_hooks = watch_calls(self, model)
        self._step_watches = [
            StepWatch(o, self._before_step, self._after_step) for o in self._optimizers
        ]
        backward.watch(self)
        self._closed = False

    @staticmethod
    def _list(optimizer):
        if optimizer is None:
            return []
        found = list(optimizer) if isinstance(optimizer, (tuple, list)) else [optimizer]
        for one in found:
            if not hasattr(one, "param_groups") or not hasattr(one, "step"):
                raise TypeError(f"watch: optimizer is a {type(one).__name__}, expected a torch.optim.Optimizer")
        return found

    # The run.

    def _describe(self, kind):
        parameter = next(self._model.parameters(), None)
        is_double = parameter is not None and parameter.dtype == torch.float64
        self._settings = [("framework", f"PyTorch {torch.__version__}"), ("record", self._record)]
        info = {
            "kind": kind,
            "network": type(inner(self._root)).__name__,
            "precision": "double" if is_double else "float",
            "threads": torch.get_num_threads(),
            "machine": platform.processor() or platform.machine(),
            "started_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "settings": self._settings,
        }
        self._core.set_info(info)
        if self._optimizers:
            self._core.set_optimiser(facts(self._optimizers[0]))

    def log(
        self,
        loss: float | torch.Tensor | None = None,
        accuracy: float | torch.Tensor | None = None,
        **numbers: float | torch.Tensor,
    ) -> None:
        """Numbers of the step that is open, or that just ended.

        loss, accuracy (0 to 1), learning_rate, epoch, grad_norm (before clipping), clip_factor,
        validation_loss, validation_accuracy; numbers or tensors of one element. A loss that is told
        replaces the one that was seen.
        Errors: TypeError for another name.
        """
        numbers |= {k: v for k, v in (("loss", loss), ("accuracy", accuracy)) if v is not None}
        known = "loss accuracy learning_rate epoch grad_norm clip_factor validation_loss validation_accuracy"
        for name in numbers:
            if name not in known.split():
                raise TypeError(f"log: unexpected {name!r}, expected one of {known}")
        if self._closed or self._failed or not self._core.in_step:
            return
        if "loss" in numbers:
            self._losses = None
        self._core.set_metrics({k: v.item() if torch.is_tensor(v) else v for k, v in numbers.items()})

    def baseline(
        self,
        loss: float = float("nan"),
        accuracy: float = float("nan"),
        loss_deviation: float = float("nan"),
        *,
        labels: Any = None,
    ) -> None:
        """What the best constant answer reaches, which a network has to beat before it has learned
        anything.

        loss: of that answer, in the units of the training's loss; accuracy: of always answering the
        most frequent class; loss_deviation: of the loss from sample to sample. labels: the classes of
        the training data (integers, any shape), of which all three follow.
        """
        if labels is not None:
            counts = torch.bincount(torch.as_tensor(labels).reshape(-1).long()).double()
            p = counts[counts > 0] / counts.sum()
            entropy = float(-(p * p.log()).sum())
            loss, accuracy = entropy, float(p.max())
            loss_deviation = float(((p * p.log() ** 2).sum() - entropy**2).clamp(min=0).sqrt())
        self._core.set_baseline(float(loss), float(loss_deviation), float(accuracy))

    # Hooks.

    def _fail(self, text):
        if self._failed:
            return
        self._failed = True
        self._core.recording = False
        with contextlib.suppress(Exception):
            self._device.clear()
            self._core.drop_step()
            self._hooks.remove()
        warnings.warn(f"plumb measures no more, the training goes on: {text}", RuntimeWarning, stacklevel=2)

    @_careful
    def _observe(self, look, *arguments):
        look(*arguments)

    # A step.

    def _wants(self):
        asked, self._measure_next = self._measure_next, False
        return True if asked else self._wanted

    def _open(self):
        core = self._core
        if core.begin_step(self._step, self._wants()):
            self._hooks.install()
            if self._learn:
                self._graph.begin()
                self._graph.is_stale = False
            core.learning = self._learn and not self._is_compiled
            core.flow_log2_scale = 0.0
        self._losses, self._outputs = [], []
        self._pending.clear()
        self._told_params = False
        self._stepped.clear()
        self._saw_backward = self._saw_forward = False

    def _close_step(self):
        """Ends the open step, if one is."""
        core = self._core
        if not core.in_step:
            return
        was_measured = bool(self._hooks)
        if self._saw_forward and not self._saw_backward and not self._stepped:
            self._device.clear()
            core.drop_step()  # a forward pass that nothing came of
            self._hooks.remove()
            return
        core.recording = False
        for handle in self._input_handles:
            handle.remove()
        self._input_handles.clear()
        self._device.flush()
        self._say_refused()
        metrics = {}
        if self._losses:
            metrics["loss"] = sum(float(loss) / scale for loss, scale in self._losses)
        core.set_metrics(metrics)
        keeps = was_measured and self._keeps_hooks()
        core.end_step()
        if not keeps:
            self._hooks.remove()
        self._graph.forget()
        if self._pace.budget is not None:
            self._pace.ended(self._step, was_measured, self._take_own_time())
            self._wanted = self._pace.wants(self._step + 1)
            core.is_timed = self._wanted or self._pace.times(self._step + 1)
            self._began = time.thread_time() if core.is_timed and self._depth > 0 else None
        self._step += 1

    def _take_own_time(self):
        """Seconds of the processor that our own code took in this step; None where that was not timed."""
        own, self._core.own_s = self._core.own_s, 0.0
        if self._began is not None:
            own += time.thread_time() - self._began
        return own if self._core.is_timed else None

    @_careful
    def _begin_forward(self, module, arguments, options):
        core = self._core
        if module is not self._root or core.in_backward or self._computes_again or not torch.is_grad_enabled():
            return
        if not module.training:
            return
        self._again.note_call(arguments, options)
        if self._stepped or (self._saw_backward and not self._optimizers):
            self._close_step()
        if not core.in_step:
            self._open()
        self._saw_forward = True
        if not core.recording:
            return
        if self._saw_backward:
            self._device.flush()
            core.next_pass()
            self._outputs = []
            self._pending.clear()
        core.pass_ += 1
        self._graph.begin_pass()
        for op, tensor in self._graph.inputs((arguments, options)):
            core.output(op.id, tensor, op.layout)
            self._tell_data(op, tensor)
            if tensor.requires_grad and tensor.is_leaf:
                hook = _core.gradient_hook(core, op.id, op.layout)
                self._input_handles.append(tensor.register_hook(hook))
        if self._is_compiled:
            self._begin_compiled(arguments, options)
        core.in_forward = True

    def _tell_data(self, op, tensor):
        if not self._told_data and tensor.is_floating_point():
            self._told_data = True
            with contextlib.suppress(RuntimeError, NotImplementedError):  # of another device or kind of memory
                self._core.set_data(columns_of(tensor, op.layout))

    def _begin_compiled(self, arguments, options):
        if self._learn:
            self._computes_again = True
            try:
                self._hooks.learn(arguments, options)
            finally:
                self._computes_again = False
            self._params.declare()
            self._learn = False
        self._hooks.begin_pass()

    @_careful
    def _end_forward(self, module, output):
        core = self._core
        if module is not self._root or core.in_backward or self._computes_again or not torch.is_grad_enabled():
            return
        if module.training and core.in_step:
            self._again.note_output(output)
        if not core.in_forward:
            return
        self._core.in_forward = False
        self._outputs += [t.grad_fn for t in tensors_in(output) if t.grad_fn is not None]

    def before_backward(self, roots):
        self.in_backward = True
        self._before_backward(roots)

    @_careful
    def _before_backward(self, roots):
        core = self._core
        if not core.in_step or not self._saw_forward or self._has_stepped():
            return
        scale = 1.0
        if self._scaler is not None and self._scaler.is_enabled():
            scale = float(self._scaler.get_scale())
        if self._losses is not None:
            for root in roots:
                if torch.is_tensor(root) and root.numel() == 1:
                    loss = root.detach()
                    is_here = loss.device.type == "cpu"  # else it is fetched when the step ends
                    self._losses.append((float(loss) if is_here else loss.clone(), scale))
                    if is_here and not math.isfinite(self._losses[-1][0]):
                        self._find_first_nonfinite(backward=False)
        core.in_backward = True
        if not core.recording:
            return
        core.in_forward = False
        # DistributedDataParallel averages over the ranks what each has of its part of the batch.
        core.flow_log2_scale = -math.log2(scale * self._ranks)
        nodes = [t.grad_fn for t in roots if torch.is_tensor(t) and t.grad_fn is not None]
        if core.learning:
            order = _core.walk(nodes)
            self._graph.finish(nodes, self._outputs)
            self._params.declare()
            self._plan = self._graph.plan(core, order)
            self._plan.attach_to(order)
            core.learning = self._learn = False
            if self._graph.loss:
                core.set_info({"loss": self._graph.loss})
        elif self._plan is not None and not self._plan.is_empty():
            if not self._plan.attach(nodes):
                self._learn = True  # another graph than before: found out again when due next
        if not self._is_compiled:
            self._learn = self._learn or self._graph.is_stale

    def after_backward(self, finished):
        self.in_backward = False
        self._after_backward(finished)

    @_careful
    def _after_backward(self, finished):
        core = self._core
        was_ours = core.in_backward
        core.in_backward = False
        if not was_ours or not core.in_step:
            return
        self._saw_backward = True
        self._graph.forget()
        if core.recording and self._pending:
            recurrent.tell_pending(self)
        if core.recording and not self._optimizers and finished and not self._told_params:
            self._told_params = True
            entries = [entry for entry in self._params.entries() if entry[1].grad is not None]
            core.before_update(entries, 0.0, False)

    @_careful
    def _before_step(self, optimizer):
        core = self._core
        if core.in_step and id(optimizer) in self._stepped:
            self._close_step()
        if core.in_step and optimizer is self._optimizers[0]:  # a scheduler changes it later
            core.set_metrics({"learning_rate": float(optimizer.param_groups[0].get("lr", 0))})
        if not core.in_step or not self._saw_backward:
            return
        if self.first_nonfinite is None and not _core.gradients_are_finite(self._params.sentinels()):
            self._find_first_nonfinite(backward=True)
        if not core.recording:
            return
        if not self._stepped:
            core.before_update(self._params.untrained(), 0.0, False)
        self._replays = can_replay(optimizer)
        core.before_update(self._params.entries(optimizer), 0.0, self._replays)

    @_careful
    def _after_step(self, optimizer):
        core = self._core
        if not core.in_step or not self._saw_backward:
            return
        if core.recording:
            entries = self._params.entries(optimizer)
            core.after_update(entries, replays(optimizer, [e[1] for e in entries]) if self._replays else [])
            self._check_seen()
        self._stepped.add(id(optimizer))
        if self._has_stepped():
            core.recording = False  # log() may still add to it
            self._remove_hooks_soon()

    def _has_stepped(self):
        """The step is over but for what log() adds: a backward pass now is another model's."""
        return bool(self._optimizers) and len(self._stepped) == len(self._optimizers)

    def _keeps_hooks(self):
        return self._pace.budget is None and self._core.is_due(self._step + 1)

    def _remove_hooks_soon(self):
        if not self._keeps_hooks():  # the next step is not measured too
            self._hooks.remove_early()

    def _check_seen(self):
        if self._graph.by_path and len(self._graph.by_path) > len(self._graph.nodes.input_ops):
            return
        self._unseen += 1
        if self._unseen == 1:
            warnings.warn(
                "plumb.watch: a step went by in which no layer of the model was seen. Is the watched model the "
                "one that is trained, and was it compiled before watch()?",
                RuntimeWarning,
                stacklevel=3,
            )

    def note_scaler(self, scaler):
        if self._scaler is None:
            self._scaler = scaler

    def before_scaler_step(self, scaler, optimizer):
        self.note_scaler(scaler)

    @_careful
    def after_scaler_step(self, scaler, optimizer):
        core = self._core
        if not core.in_step or optimizer not in self._optimizers or id(optimizer) in self._stepped:
            return
        if self._saw_backward:
            core.set_metrics({"skipped": True})
            self._stepped.add(id(optimizer))
            core.recording = False
            self._remove_hooks_soon()

    def _say_refused(self):
        for kind in self._device.refused - self._refused:
            warnings.warn(f"plumb.watch: tensors on {kind} are not measured, those on cuda and the CPU are", RuntimeWarning, 4)
        self._refused |= self._device.refused

    # The end.

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.close()
        elif issubclass(kind, KeyboardInterrupt):
            self.close("interrupted")
        else:
            self.close(f"stopped by {kind.__name__}: {error}" if str(error) else f"stopped by {kind.__name__}")

    def close(self, reason: str = "finished") -> None:
        """Ends the run, completes its file and leaves no trace on the model and the optimiser."""
        if self._closed:
            return
        if os.getpid() != self._pid:
            self._closed = True
            _of_parents.append(self._core)  # its end would wait for a thread that a fork does not have
            return
        if not self._failed:
            with contextlib.suppress(Exception):
                if self._core.in_step and (self._stepped or (self._saw_backward and not self._optimizers)):
                    self._close_step()
        self._closed = True
        self._pace.close()
        self._hooks.remove()
        if self._is_compiled:
            self._hooks.close()
        for handle in self._root_hooks:
            handle.remove()
        for one in self._step_watches:
            one.remove()
        backward.unwatch(self)
        self._core.recording = False
        self._core.learn = self._core.on_fail = self._core.device = None
        self._graph.forget()
        self._core.end(reason)

    def __del__(self):
        with contextlib.suppress(Exception):
            self.close("interrupted")

    @property
    def steps(self) -> int:
        """How many steps were seen."""
        return self._step

    def notes(self) -> list[str]:
        """What is missing from the run, and parameters that are unused, frozen, shared or that no
        gradient reaches, in words."""
        found = [] if self.first_nonfinite is None else [str(self.first_nonfinite)]
        found += [] if self._core.steps == 0 else list(self._core.problems())
        return found + self._params.notes()

    def begin_pass(self, *inputs: Any) -> None:
        """A forward pass begins. Only for loops that never call the model itself, but its parts: the
        hooks of a model that is called say it on their own. inputs: the tensors of the batch."""
        self._begin_forward(self._root, inputs, {})

    # The first NaN.

    def _find_first_nonfinite(self, backward):
        if self.first_nonfinite is not None or self._computes_again or not self._may_search:
            return
        self._computes_again = True
        try:
            found = self._again.find(self._step, backward)
        except Exception as error:  # noqa: BLE001
            warnings.warn(f"plumb: step {self._step} is not finite; where that begins was not found: {error}", RuntimeWarning, 3)
            return
        finally:
            self._computes_again = False
        if found is None:
            return
        self.first_nonfinite, self._measure_next = found, True
        self._settings.append(("first_nonfinite", str(found)))
        self._core.set_info({"settings": self._settings})
        warnings.warn(f"plumb: {found}", RuntimeWarning, stacklevel=3)

    # What it means.

    def _flush(self):
        if not self._closed and not self._failed and self._core.in_step and self._stepped:
            self._close_step()

    def _findings(self):
        self._flush()
        return self._core.findings()

    def _verdict(self):
        self._flush()
        return self._core.verdict()

    def _outcome(self):
        return self._core.outcome()

    def _code(self, finding):
        return words.code_for(finding, {op.id: op.path for op in self._graph.by_path.values()}, self._model)

    def _table(self, width, unicode):
        self._flush()
        return self._core.table(width, unicode)

    def _run_path(self):
        """The path of a file that has all steps so far."""
        self._flush()
        if not self._closed:
            limit = time.monotonic() + 10
            while self._core.steps and time.monotonic() < limit:
                with contextlib.suppress(OSError):
                    if _core.last_step(self.path) >= self._core.steps - 1:
                        break
                time.sleep(0.05)
        return self.path

    def run(self) -> Run:
        """The run so far, as plumb.load gives it."""
        return load(self._run_path())
