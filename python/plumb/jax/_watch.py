# SPDX-License-Identifier: Apache-2.0
"""plumb.jax.watch: the loss function in its watched form, and what can be asked of the run."""

import contextlib
import datetime
import functools
import os
import platform
import time
import warnings

import jax
import numpy as np

from .. import _core
from .._run import Diagnosed, load, temporary_path
from .._seen_targets import text_of_pairs
from . import _tables, _taps, _words
from ._baseline import ConstantAnswer
from ._graph import Graph, Op, default_axes
from ._loss import find_loss
from ._rewrite import NOTHING, Known, Rewriter, is_float, is_inlined

#: How long diagnose() waits for steps that are still computed, in seconds.
PATIENCE_S = 10.0


class Watch(Diagnosed):
    """What plumb.jax.watch gives; see there. Call it as the loss function."""

    def __init__(self, loss_fn, run, record, *, argnum, has_aux, start, steps, baseline, optimizer, learning_rate):
        functools.update_wrapper(self, loss_fn, updated=())
        self._loss_fn, self._argnum, self._has_aux = loss_fn, argnum, has_aux
        self._closed = self._failed = False
        self._told_of_loop = []
        self.path = temporary_path(self) if run is None else os.fspath(run)
        self._core = _core.Watcher(self.path, record, start, steps)
        self._taps = _core.JaxTaps(self._core)
        self._graph, self._constant = Graph(self._core), ConstantAnswer(self._taps)
        self._param_ids, self._param_sites, self._sites = {}, {}, {}
        self._mode = _taps.BY_SCHEDULE
        self._calls = 0
        self._library = ""
        self._core.set_info(
            {
                "kind": "train",
                "network": getattr(loss_fn, "__name__", type(loss_fn).__name__),
                "machine": platform.processor() or platform.machine(),
                "started_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "settings": [("framework", f"JAX {jax.__version__}"), ("record", record)],
            }
        )
        if learning_rate is not None:
            self._taps.learning_rate = float(learning_rate)
        if optimizer or learning_rate is not None:
            rate = {} if learning_rate is None else {"learning_rate": float(learning_rate)}
            self._core.set_optimiser({"kind": optimizer or "", **rate})
        if baseline is not None:
            self._constant.is_told = True
            facts = baseline if isinstance(baseline, dict) else {"loss": baseline}
            nan = float("nan")
            self._core.set_baseline(facts.get("loss", nan), facts.get("loss_deviation", nan), facts.get("accuracy", nan))

    # The training.

    def __call__(self, *arguments, **options):
        if self._closed or self._failed:
            return self._loss_fn(*arguments, **options)
        try:
            self._check_where()
            return self._prepare(arguments, options)()
        except Exception as error:  # noqa: BLE001
            self._fail(f"{type(error).__name__}: {error}")
            return self._loss_fn(*arguments, **options)

    def jit(self, function, **options):
        """jax.jit of a training step that uses the watched loss once, in two versions: the one that
        measures runs in the steps that are measured, the other has no taps but for the loss."""

        def version(mode):
            @functools.wraps(function)
            def run(*arguments, **keywords):
                before, self._mode = self._mode, mode
                try:
                    return function(*arguments, **keywords)
                finally:
                    self._mode = before

            return jax.jit(run, **options)

        plain, measured = version(_taps.PLAIN), version(_taps.MEASURED)

        @functools.wraps(function)
        def step(*arguments, **keywords):
            self._check()
            due = not self._closed and not self._failed and self._core.is_due(self._calls)
            self._calls += 1
            return (measured if due else plain)(*arguments, **keywords)

        return step

    @staticmethod
    def _check_where():
        """The taps are of the CPU, and of one process."""
        device = jax.config.jax_default_device
        platform_name = getattr(device, "platform", device) or jax.default_backend()
        if platform_name != "cpu":
            raise NotImplementedError(f"JAX computes on {platform_name}, expected cpu")
        if jax.process_count() > 1:
            raise NotImplementedError(f"{jax.process_count()} processes compute together, expected one")

    def _prepare(self, arguments, options):
        """The loss as a function of nothing, read and tapped."""
        tree = jax.tree_util.tree_flatten_with_path((arguments, options))
        leaves, structure = [leaf for _, leaf in tree[0]], tree[1]
        is_array = [isinstance(leaf, (jax.Array, np.ndarray, np.generic, float)) for leaf in leaves]
        arrays = [jax.numpy.asarray(leaf) for leaf, yes in zip(leaves, is_array) if yes]
        names = [self._name(path) for (path, _), yes in zip(tree[0], is_array) if yes]

        def compute(*given):
            given = iter(given)
            whole = [next(given) if yes else leaf for leaf, yes in zip(leaves, is_array)]
            positional, keywords = jax.tree_util.tree_unflatten(structure, whole)
            return self._loss_fn(*positional, **keywords)

        if len(arguments) > self._argnum:
            self._library = _words.library_of(arguments[self._argnum])
        params = [i for i, (name, x) in enumerate(zip(names, arrays)) if name is not None and is_float(x)]
        self._declare([(names[i], arrays[i]) for i in params])
        run, is_plain = self._taps.number, self._mode == _taps.PLAIN
        if is_plain:
            return lambda: self._plain(compute, arrays, params, run)
        closed, shape = jax.make_jaxpr(compute, return_shape=True)(*arrays)
        return lambda: self._tapped(closed, shape, arrays, names, params, run)

    def _plain(self, compute, arrays, params, run):
        token = _taps.begin(run, _taps.PLAIN, [arrays[i] for i in params])
        return self._with_loss(compute(*arrays), run, token, _taps.Shares())

    def _tapped(self, closed, shape, arrays, names, params, run):
        graph = self._graph
        graph.begin()
        token = _taps.begin(run, self._mode, [arrays[i] for i in params])
        shares = _taps.Shares()
        rewriter = Rewriter(run, graph, self._add_site, token, shares, self._find_loss(closed, len(arrays), params))
        known = [NOTHING] * len(arrays)
        for i, x in enumerate(arrays):
            if i in params:
                arrays[i] = _taps.param(run, self._param_sites[names[i]], x, token, shares)
                known[i] = Known(None, (names[i],))
            elif is_float(x) and x.ndim > 0 and names[i] is None:
                op = Op("input", "input", axes=default_axes(x.ndim))
                arrays[i] = rewriter.site(x, op)
                known[i] = Known(op, (), op.axes)
        outs, about = rewriter.evaluate(closed.jaxpr, closed.consts, arrays, known)
        graph.finish(about[0].op if about else None)
        self._tell_users()
        return self._with_loss(jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(shape), outs), run, token, shares)

    def _find_loss(self, closed, count, params):
        try:
            found = find_loss(closed, [i in params for i in range(count)], is_inlined)
        except Exception:  # noqa: BLE001
            found = None  # what cannot be computed outside of the training, as the sum over devices
        self._constant.note(found)
        if found is not None:
            self._core.set_info({"loss": found.kind})
        return found

    def _with_loss(self, result, run, token, shares):
        if self._has_aux:
            return _taps.loss(run, result[0], token, shares), result[1]
        return _taps.loss(run, result, token, shares)

    def _add_site(self, layer, axes, is_gradient, function):
        key = (layer, tuple(axes), is_gradient, function)
        if key not in self._sites:
            self._sites[key] = self._taps.add_site(layer, list(axes), is_gradient, function)
        return self._sites[key]

    # Parameters.

    def _name(self, path):
        """"params/Dense_0/kernel" as "Dense_0.kernel"; None for what is no parameter."""
        if not (len(path) > 1 and getattr(path[0], "idx", None) == 0 and getattr(path[1], "idx", None) == self._argnum):
            return None
        words = []
        for key in path[2:]:
            word = next((getattr(key, a) for a in ("key", "name", "idx") if hasattr(key, a)), key)
            words.append(str(word))
        if words and words[0] == "params":
            words = words[1:]
        if words and words[-1] in ("value", "raw_value"):
            words = words[:-1]
        return ".".join(words) or "params"

    def _declare(self, params):
        """Parameters in the order in which a step shows them."""
        for name, x in params:
            if name not in self._param_ids:
                own = name.rpartition(".")[2]
                number = self._core.add_param(name, own, _tables.USES.get(own, "other"), [], x.size, False)
                self._param_ids[name], self._param_sites[name] = number, self._taps.add_param(number, x.ndim)

    def _tell_users(self):
        for name, number in self._param_ids.items():
            self._core.set_users(number, self._graph.users.get(name, []))

    # The run.

    def baseline(self, loss=float("nan"), accuracy=float("nan"), loss_deviation=float("nan")):
        """As plumb.watch's baseline()."""
        self._constant.is_told = True
        self._core.set_baseline(float(loss), float(loss_deviation), float(accuracy))

    def _fail(self, text):
        self._failed = True
        warnings.warn(f"plumb measures no more, the training goes on: {text}", RuntimeWarning, stacklevel=3)

    def _wait(self):
        """Until the steps that were asked for have been computed."""
        limit = time.monotonic() + PATIENCE_S
        while self._taps.begun < self._calls and self._taps.error is None and time.monotonic() < limit:
            time.sleep(0.001)
        self._check()

    def _check(self):
        """Says once what failed in compiled code; looks at what it has shown."""
        try:
            self._constant.look()
        except Exception as error:  # noqa: BLE001
            if not self._failed:
                self._fail(f"{type(error).__name__}: {error}")
        if self._taps.error is not None and not self._failed:
            self._fail(self._taps.error)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close("finished" if kind is None else f"stopped by {kind.__name__}: {error}")
        return False

    def close(self, reason: str = "finished") -> None:
        """Ends the run and completes its file. Compiled code that still has taps goes on unseen."""
        if self._closed:
            return
        self._flush()
        self._closed = True
        self._core.end(reason)

    def __del__(self):
        try:
            if not self._closed:
                self._taps.end()
                self._core.end("interrupted")
        except Exception:  # noqa: BLE001, S110
            pass  # not made whole, or the interpreter ends

    def notes(self) -> list[str]:
        """What is missing from the run, in words."""
        self._flush()
        return [*self._loop_notes(), *(self._core.problems() if self._core.steps else [])]

    def _loop_notes(self):
        return text_of_pairs(self._constant.pairs, "output.squeeze(1) or target[:, None]")

    def _flush(self):
        if not self._closed:
            with contextlib.suppress(Exception):
                jax.block_until_ready(jax.live_arrays())  # the results of what still computes
            self._wait()
            with contextlib.suppress(Exception):
                self._constant.tell()
            self._taps.end()
            self._tell_loop()

    def _tell_loop(self):
        """Gives the record what is known of the loop, so that each answer and the file have it (loop_faults.h)."""
        found = self._loop_notes()
        if found != self._told_of_loop:
            self._told_of_loop = found
            self._core.set_setting("loop", "\n".join(found))
            self._core.set_setting("loop_faults", "\n".join("broadcast" for _ in found))

    def _findings(self):
        self._flush()
        return self._core.findings()

    def _code(self, finding):
        weights = {}
        for name in self._param_ids:
            layer, _, own = name.rpartition(".")
            weights.setdefault(layer, {})[_tables.USES.get(own, "other")] = own
        ops = self._graph.by_path.values()
        paths = {op.id: op.path for op in ops}
        weighted = {op.id: self._weighted(op) for op in ops}
        return _words.Words(self._library, weights).code_for(finding, paths, weighted)

    @staticmethod
    def _weighted(op):
        """The path of the layer with weights that an op is, or reads by one way alone."""
        while op.family != "linear":
            if len(op.inputs) != 1:
                return ""
            (op,) = op.inputs
        return op.path

    def _verdict(self):
        self._flush()
        return self._core.verdict()

    def _outcome(self):
        return self._core.outcome()

    def _table(self, width, unicode):
        self._flush()
        return self._core.table(width, unicode)

    def _run_path(self):
        self._flush()
        if not self._closed:
            limit = time.monotonic() + PATIENCE_S
            while self._core.steps and time.monotonic() < limit:
                with contextlib.suppress(OSError):
                    if _core.last_step(self.path) >= self._core.steps - 1:
                        break
                time.sleep(0.05)
        return self.path

    def run(self):
        """The run so far, as plumb.load gives it."""
        return load(self._run_path())
