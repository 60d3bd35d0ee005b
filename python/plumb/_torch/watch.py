# SPDX-License-Identifier: Apache-2.0
"""plumb.watch for PyTorch: which steps there are, which are measured, and what is told of them."""

import contextlib
import datetime
import functools
import os
import platform
import statistics
import tempfile
import time
import warnings
import weakref

import torch

from .. import _core
from .._inert import make_nothing, nothing
from .._run import Diagnosed, load
from . import backward, families, recurrent, words
from .graph import Graph, tensors_in
from .optimisers import StepWatch, facts

_core.set_types(torch.Tensor, torch.float16, torch.bfloat16, torch.float32, torch.float64)
_core.set_inert(nothing, make_nothing)

#: The use of a parameter by its own name, for families whose parameters have no special meaning.
NORMALISING = {"weight": "scale", "bias": "shift"}


class RootHook:
    """The one hook that stays on a model between measured steps. A copy of the model is not watched:
    what it takes along hands on what it is given."""

    def __init__(self, watch):
        self.watch = weakref.ref(watch)

    def __call__(self, module, arguments):
        watch = self.watch()
        if watch is not None:
            watch._begin_forward(module, arguments)

    def __deepcopy__(self, memo):
        return {}.get

    def __reduce__(self):
        return getattr, ({}, "get")


class EndHook:
    """Behind the model's forward pass, in measured steps alone."""

    def __init__(self, watch):
        self.watch = weakref.ref(watch)

    def __call__(self, module, arguments, output):
        watch = self.watch()
        if watch is not None:
            watch._end_forward(module, arguments, output)

    def __deepcopy__(self, memo):
        return nothing

    def __reduce__(self):
        return make_nothing, ()


def _careful(method):
    """A failure of ours is told once, and ends the measuring, never the training."""

    @functools.wraps(method)
    def careful(self, *arguments, **options):
        if self._failed or self._closed:
            return None
        try:
            return method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001
            self._fail(f"{type(error).__name__}: {error}")
            return None

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
    ):
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"watch: model is a {type(model).__name__}, expected a torch.nn.Module")
        self._closed, self._failed = True, False
        self._optimizers = self._list(optimizer)
        self._folder = None
        if run is None:
            self._folder = tempfile.TemporaryDirectory(prefix="plumb")
            run = os.path.join(self._folder.name, "run.plumb")
        self.path = os.fspath(run)
        if budget is not None and not 0 < budget < 1:
            raise ValueError(f"watch: budget is {budget}, expected a fraction of the step's time between 0 and 1")
        core = self._core = _core.Watcher(self.path, record, start, steps)
        self._record, self._budget, self._start = record, budget, start
        self._root = model
        self._model = model.module if hasattr(model, "module") and type(model).__name__.endswith("DataParallel") else model
        self._graph = Graph(core, self._model)
        self._scaler, self._scale = scaler, 1.0
        self._pid = os.getpid()
        self._step = 0
        self._learn = True
        self._plan = None
        self._param_ids, self._axes, self._cached = {}, {}, {}
        self._handles, self._input_handles, self._call_hooks = [], [], {}
        self._outputs, self._losses, self._pending = [], [], []
        self._stepped = set()
        self._saw_backward = self._saw_forward = False
        self._unseen = 0
        self._times, self._last_time, self._last_measured = {True: [], False: []}, None, -1
        self.in_backward = False
        watch = weakref.ref(self)
        core.learn = lambda *call: watch()._graph.on_call(*call)
        core.on_fail = lambda text: watch()._fail(text)
        self._describe(kind)
        if baseline is not None:
            self.baseline(**baseline) if isinstance(baseline, dict) else self.baseline(baseline)
        self._root_hook = model.register_forward_pre_hook(RootHook(self))
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
        info = {
            "kind": kind,
            "network": type(self._model).__name__,
            "precision": "double" if is_double else "float",
            "threads": torch.get_num_threads(),
            "machine": platform.processor() or platform.machine(),
            "started_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "settings": [("framework", f"PyTorch {torch.__version__}"), ("record", self._record)],
        }
        self._core.set_info(info)
        if self._optimizers:
            self._core.set_optimiser(facts(self._optimizers[0]))

    def log(self, loss=None, accuracy=None, **numbers):
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

    def baseline(self, loss=float("nan"), accuracy=float("nan"), loss_deviation=float("nan"), *, labels=None):
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
            self._core.drop_step()
            self._remove_hooks()
        warnings.warn(f"plumb measures no more, the training goes on: {text}", RuntimeWarning, stacklevel=2)

    def _install_hooks(self):
        """On the modules, for this step alone, or as long as each step is measured."""
        if self._handles and not isinstance(self._handles[0], _Marker):
            return
        self._handles.clear()
        if not self._call_hooks:
            for module in self._model.modules():
                known = families.family_of(module)
                if known is not None and id(module) not in self._call_hooks:
                    function = known[1] if known[0] == "activation" else ""
                    self._call_hooks[id(module)] = (module, _core.forward_hook(self._core, module, function))
        for module, hook in self._call_hooks.values():
            self._handles.append(module.register_forward_hook(hook))
            if isinstance(module, families.RECURRENT):
                self._handles.append(module.register_forward_hook(recurrent.Hook(self, module)))
        self._handles.append(self._root.register_forward_hook(EndHook(self)))

    def _remove_hooks(self):
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    # A step.

    def _wants(self):
        if self._budget is None:
            return None
        if self._step < self._start:
            return False
        measured, plain = self._times[True], self._times[False]
        if self._step == self._start:
            return True
        if len(plain) < 3:
            return False
        if not measured:
            return True
        extra = max(statistics.median(measured) - statistics.median(plain), 0)
        apart = extra / (self._budget * statistics.median(plain))
        return self._step - self._last_measured >= max(apart, 1)

    def _note_time(self, was_measured):
        now = time.perf_counter()
        if self._last_time is not None and self._step > 1:
            times = self._times[was_measured]
            times.append(now - self._last_time)
            del times[:-9]
        self._last_time = now

    def _open(self):
        core = self._core
        if core.begin_step(self._step, self._wants()):
            self._last_measured = self._step
            self._install_hooks()
            if self._learn:
                self._graph.begin()
                self._graph.is_stale = False
            core.learning = self._learn
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
        was_measured = bool(self._handles)
        if self._saw_forward and not self._saw_backward and not self._stepped:
            core.drop_step()  # a forward pass that nothing came of
            self._remove_hooks()
            return
        core.recording = False
        for handle in self._input_handles:
            handle.remove()
        self._input_handles.clear()
        metrics = {}
        if self._losses:
            metrics["loss"] = sum(self._losses)
        core.set_metrics(metrics)
        keeps = was_measured and self._keeps_hooks()
        core.end_step()
        if not keeps:
            self._remove_hooks()
        self._graph.forget()
        self._note_time(was_measured)
        self._step += 1

    @_careful
    def _begin_forward(self, module, arguments):
        core = self._core
        if module is not self._root or core.in_backward or not torch.is_grad_enabled():
            return
        if not module.training or os.getpid() != self._pid:
            return
        if self._stepped or (self._saw_backward and not self._optimizers):
            self._close_step()
        if not core.in_step:
            self._open()
        self._saw_forward = True
        if not core.recording:
            return
        if self._saw_backward:
            core.next_pass()
            self._outputs = []
            self._pending.clear()
        core.pass_ += 1
        self._graph.begin_pass()
        for op, tensor in self._graph.inputs(arguments):
            core.output(op.id, tensor, op.layout)
            if tensor.requires_grad and tensor.is_leaf:
                hook = _core.gradient_hook(core, op.id, op.layout)
                self._input_handles.append(tensor.register_hook(hook))
        core.in_forward = True

    @_careful
    def _end_forward(self, module, arguments, output):
        if module is not self._root or not self._core.in_forward:
            return
        self._core.in_forward = False
        self._outputs += [t.grad_fn for t in tensors_in(output) if t.grad_fn is not None]

    def before_backward(self, roots):
        self.in_backward = True
        self._before_backward(roots)

    @_careful
    def _before_backward(self, roots):
        core = self._core
        if not core.in_step or not self._saw_forward:
            return
        scale = 1.0
        if self._scaler is not None and self._scaler.is_enabled():
            scale = float(self._scaler.get_scale())
        if self._losses is not None:
            for root in roots:
                if torch.is_tensor(root) and root.numel() == 1:
                    self._losses.append(float(root.detach()) / scale)
        core.in_backward = True
        if not core.recording:
            return
        core.in_forward = False
        core.flow_log2_scale = -torch.tensor(scale).log2().item() if scale != 1.0 else 0.0
        nodes = [t.grad_fn for t in roots if torch.is_tensor(t) and t.grad_fn is not None]
        if core.learning:
            order = _core.walk(nodes)
            self._graph.finish(nodes, self._outputs)
            self._set_params()
            self._plan = self._graph.plan(core, order)
            self._plan.attach_to(order)
            core.learning = self._learn = False
            if self._graph.loss:
                core.set_info({"loss": self._graph.loss})
        elif self._plan is not None and not self._plan.is_empty():
            if not self._plan.attach(nodes):
                self._learn = True  # another graph than before: found out again when due next
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
            core.before_update([(i, p, a) for i, p, a in self._entries() if p.grad is not None], 0.0)

    # Parameters.

    def _set_params(self):
        core, graph = self._core, self._graph
        trained = {id(p) for o in self._optimizers for g in o.param_groups for p in g["params"]}
        self._cached.clear()
        owners = {}
        for module in self._model.modules():
            for own, param in module._parameters.items():
                if param is not None:
                    owners.setdefault(id(param), (own, module))
        for path, param in self._model.named_parameters():
            users = graph.users.get(path, [])
            if path in self._param_ids:
                core.set_users(self._param_ids[path], users)
                continue
            own, module = owners[id(param)]
            frozen = not param.requires_grad or (bool(trained) and id(param) not in trained)
            use = self._use(own, module)
            is_linear = isinstance(module, families.LINEAR) and own == "weight"
            transposed = isinstance(module, families.TRANSPOSED)
            self._axes[path] = (1 if transposed else 0) if is_linear else -1
            self._param_ids[path] = core.add_param(path, own, use, users, param.numel(), frozen)

    @staticmethod
    def _use(own, module):
        if isinstance(module, families.NORMALISATION):
            return NORMALISING.get(own, "other")
        if isinstance(module, torch.nn.PReLU):
            return "slope"
        if "weight_hh" in own:
            return "recurrent_weight"
        if "bias_hh" in own:
            return "recurrent_bias"
        if "weight" in own:
            return "weight"
        return "bias" if "bias" in own else "other"

    def _entries(self, optimizer=None):
        """(id, tensor, axis of its units or -1) of each parameter, or of those of one optimiser."""
        key = id(optimizer)
        if key not in self._cached:
            chosen = None
            if optimizer is not None:
                chosen = {id(p) for g in optimizer.param_groups for p in g["params"]}
            self._cached[key] = [
                (self._param_ids[path], param, self._axes[path])
                for path, param in self._model.named_parameters()
                if path in self._param_ids and (chosen is None or id(param) in chosen)
            ]
        return self._cached[key]

    def _untrained(self):
        if "untrained" not in self._cached:
            trained = {e[0] for o in self._optimizers for e in self._entries(o)}
            self._cached["untrained"] = [e for e in self._entries() if e[0] not in trained]
        return self._cached["untrained"]

    @_careful
    def _before_step(self, optimizer):
        core = self._core
        if core.in_step and id(optimizer) in self._stepped:
            self._close_step()
        if core.in_step and optimizer is self._optimizers[0]:  # a scheduler changes it later
            core.set_metrics({"learning_rate": float(optimizer.param_groups[0].get("lr", 0))})
        if not core.in_step or not core.recording or not (self._saw_backward):
            return
        if not self._stepped:
            core.before_update(self._untrained(), 0.0)
        core.before_update(self._entries(optimizer), 0.0)

    @_careful
    def _after_step(self, optimizer):
        core = self._core
        if not core.in_step or not self._saw_backward:
            return
        if core.recording:
            core.after_update(self._entries(optimizer))
            self._check_seen()
        self._stepped.add(id(optimizer))
        if len(self._stepped) == len(self._optimizers):
            core.recording = False  # log() may still add to it
            self._remove_hooks_soon()

    def _keeps_hooks(self):
        return self._budget is None and self._core.is_due(self._step + 1)

    def _remove_hooks_soon(self):
        # The step ends with the next forward pass; until then the model is as it was, unless the
        # next step is measured too.
        if self._keeps_hooks():
            return
        handles = self._handles
        self._handles = [_Marker()] if handles else []
        for handle in handles:
            handle.remove()

    def _check_seen(self):
        if self._graph.by_path and len(self._graph.by_path) > len(self._graph.input_ops):
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

    # The end.

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
        elif issubclass(kind, KeyboardInterrupt):
            self.close("interrupted")
        else:
            self.close(f"stopped by {kind.__name__}: {error}" if str(error) else f"stopped by {kind.__name__}")
        return False

    def close(self, reason="finished"):
        """Ends the run, completes its file and leaves no trace on the model and the optimiser."""
        if self._closed:
            return
        if not self._failed:
            with contextlib.suppress(Exception):
                if self._core.in_step and (self._stepped or (self._saw_backward and not self._optimizers)):
                    self._close_step()
        self._closed = True
        self._remove_hooks()
        self._root_hook.remove()
        for one in self._step_watches:
            one.remove()
        backward.unwatch(self)
        self._core.recording = False
        self._core.learn = self._core.on_fail = None
        self._graph.forget()
        self._core.end(reason)

    def __del__(self):
        with contextlib.suppress(Exception):
            self.close("interrupted")

    @property
    def steps(self):
        """How many steps were seen."""
        return self._step

    def notes(self):
        """What is missing from the run, and parameters that are unused, frozen, shared or that no
        gradient reaches, in words."""
        found = [] if self._core.steps == 0 else list(self._core.problems())
        return found + self._parameter_notes()

    def _parameter_notes(self):
        found = []
        for path, param in self._model.named_parameters():
            users = self._graph.users.get(path, [])
            if path not in self._param_ids:
                continue
            if not users:
                found.append(f"{path} is used by no layer that the loss depends on")
            elif len(set(users)) > 1:
                layers = [op.path for op in self._graph.by_path.values() if op.id in users]
                found.append(f"{path} is shared by {', '.join(layers)}")
            if not param.requires_grad:
                found.append(f"{path} is frozen: requires_grad is False")
            elif users and path not in self._graph.reached:
                found.append(f"{path} got no gradient: it is severed from the loss (detach(), no_grad(), .data?)")
        return found

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
        return words.code_for(finding, self._model)

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

    def run(self):
        """The run so far, as plumb.load gives it."""
        return load(self._run_path())


class _Marker:
    """In the place of hooks that were removed early: the step was measured."""

    def remove(self):
        pass


def probe(model, loss, batch, run=None):
    """One forward and backward pass, measured, before any training; see plumb.probe."""
    inputs, targets = batch if isinstance(batch, (tuple, list)) and len(batch) == 2 else (batch, None)
    inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    gradients = {p: p.grad for p in model.parameters()}
    buffers = {name: b.detach().clone() for name, b in model.named_buffers()}
    generator = torch.get_rng_state()
    was_training = model.training
    model.train()
    for p in gradients:
        p.grad = None
    watch = Watch(model, None, run, "every=1", kind="probe")
    try:
        with torch.enable_grad():
            output = model(*inputs)
            value = loss(output) if targets is None else loss(output, targets)
            value.backward()
        watch._close_step()
    finally:
        watch.close()
        model.train(was_training)
        for p, gradient in gradients.items():
            p.grad = gradient
        with torch.no_grad():
            for name, b in model.named_buffers():
                b.copy_(buffers[name])
        torch.set_rng_state(generator)
    return watch
