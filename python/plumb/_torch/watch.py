# SPDX-License-Identifier: Apache-2.0
"""plumb.watch for PyTorch: what a user asks of a watched training."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
import weakref
from typing import Any

import torch

from .._run import Diagnosed, Run, load, temporary_path
from .._seen_targets import of_classes
from . import words
from .first_nonfinite import FirstNonFinite
from .optimisers import facts
from .session import Session
from .steps import Steps
from .notes import folded
from .wrappers import inner


#: Watches of this process by the file that they write, as long as they live.
_writing = weakref.WeakValueDictionary()


def _end_the_last_of(path):
    """A cell of a notebook that runs again, or a loop that begins anew, leaves the watch before without its end: it ends here.

    Errors: ValueError where it is another thread's, which may still train.
    """
    last = _writing.get(os.path.realpath(path))
    if last is None or last._session.closed or os.getpid() != last._session.pid:
        return
    if last._thread != threading.get_ident():
        raise ValueError(f"watch: run is {path}, which a watch in another thread writes; expected a file of its own for each")
    last.close("replaced by another watch of the same file")
    warnings.warn(
        f"plumb.watch: {path} was still being written by an earlier watch, of {last.steps} steps, which ends here and is replaced. "
        "One run is one training: close() ends it, and trainings side by side need a file each",
        RuntimeWarning,
        stacklevel=4,
    )


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
        began = time.thread_time()
        if not isinstance(model, torch.nn.Module):
            raise TypeError(f"watch: model is a {type(model).__name__}, expected a torch.nn.Module")
        if isinstance(model, torch.jit.ScriptModule) and not isinstance(model, torch.jit.TopLevelTracedModule):
            raise TypeError("watch: model is a module of torch.jit.script, which takes no hooks; expected the one that it was made of")
        optimizers = _list(optimizer)
        self.path = temporary_path(self) if run is None else os.fspath(run)
        if not isinstance(record, str):
            raise TypeError(f"watch: record is {record!r}, expected 'log', 'every=K' or 'off'")
        if start < 0:
            raise ValueError(f"watch: start is {start}, expected a step of 0 or more")
        if budget is not None and not 0 < budget < 1:
            raise ValueError(f"watch: budget is {budget}, expected a fraction of the step's time between 0 and 1")
        _end_the_last_of(self.path)
        self._thread = threading.get_ident()
        self._session = Session(self.path, record, start, steps)
        self._core = self._session.core
        network = inner(model)
        self._steps = Steps(
            self._session,
            model,
            network if parts is None else parts,
            optimizers,
            budget=budget,
            start=start,
            scaler=scaler,
            may_search=parts is None,
            began=began,
        )
        self._session.describe(kind, type(network).__name__, next(self._steps.model.parameters(), None))
        if optimizers:
            self._core.set_optimiser(facts(optimizers[0]))
        if baseline is not None:
            self.baseline(**baseline) if isinstance(baseline, dict) else self.baseline(baseline)
        self._told = []  # of the loop: [(kind, sentence)]
        self._steps.attach()
        self._session.closed = False
        _writing[os.path.realpath(self.path)] = self

    @property
    def first_nonfinite(self) -> FirstNonFinite | None:
        """Where the first NaN or infinity came from, once the loss or a gradient was no finite number."""
        return self._steps.first_nonfinite

    @property
    def steps(self) -> int:
        """How many steps were seen."""
        return self._steps.step

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
        Errors: TypeError for another name, and for what is no number.
        """
        numbers |= {k: v for k, v in (("loss", loss), ("accuracy", accuracy)) if v is not None}
        known = "loss accuracy learning_rate epoch grad_norm clip_factor validation_loss validation_accuracy"
        for name in numbers:
            if name not in known.split():
                raise TypeError(f"log: unexpected {name!r}, expected one of {known}")
        told = {name: _number("log", name, value) for name, value in numbers.items()}
        if self._session.is_open:
            self._steps.log(told)

    def baseline(
        self,
        loss: float = float("nan"),
        accuracy: float = float("nan"),
        loss_deviation: float = float("nan"),
        *,
        labels: Any = None,
    ) -> None:
        """What the best constant answer reaches, which a network has to beat before it has learned
        anything. Where each update has one cross_entropy or mse_loss, as its mean, the targets tell it.

        loss: of that answer, in the units of the training's loss; accuracy: of always answering the
        most frequent class; loss_deviation: of the loss from sample to sample. labels: the classes of
        the training data (integers, any shape), of which all three follow.
        """
        if labels is not None:
            counts = torch.bincount(torch.as_tensor(labels).reshape(-1).long()).tolist()
            loss, loss_deviation, accuracy = of_classes(counts)
            self._core.set_class_sizes(counts)
        self._steps.losses.constant.is_told = True
        told = {"loss": loss, "loss_deviation": loss_deviation, "accuracy": accuracy}
        self._core.set_baseline(*(_number("baseline", name, value) for name, value in told.items()))

    def begin_pass(self, *inputs: Any) -> None:
        """A forward pass begins. Only for loops that never call the model itself, but its parts: the
        hooks of a model that is called say it on their own. inputs: the tensors of the batch."""
        self._steps.begin_forward(self._steps.root, inputs, {})

    def notes(self) -> list[str]:
        """What is missing from the run and why, gradients that are never reset, and parameters that are unused,
        frozen, shared, in no optimizer or that no gradient reaches, in words."""
        found = [] if self.first_nonfinite is None else [str(self.first_nonfinite)]
        found += [text for _, text in self._of_calls()]
        found += [] if self._core.steps == 0 else folded(list(self._core.problems()))
        found += self._steps.of_players()
        too_short = self._steps.pace.too_short()
        return found + self._steps.params.notes() + ([too_short] if too_short else [])

    def _of_calls(self):
        """[(kind, sentence)], as of loop."""
        self._steps.close_finished()
        if self._session.failed:
            return [("-", f"plumb stopped measuring at step {self.steps}: {self._session.failure}")]
        loop = self._steps.loop
        return loop.of_calls(self._core.steps, self._steps.params) + loop.of_pairs(self._steps.losses.constant.pairs)

    def _tell_loop(self):
        """Gives the record what is known of the loop, so that each answer and the file have it. Returns the sentences."""
        found = self._of_calls()
        if self._core.steps and not self._session.failed:
            found += self._steps.loop.of_parameters(self._steps.params)
        if found != self._told and not self._session.closed:
            self._told = found
            self._core.set_setting("loop", "\n".join(text for _, text in found))
            self._core.set_setting("loop_faults", "\n".join(kind for kind, _ in found))
        return [text for _, text in found]

    def _loop_notes(self):
        return self._tell_loop()

    def run(self) -> Run:
        """The run so far, as plumb.load gives it."""
        return load(self._run_path())

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
        session = self._session
        if session.closed or session.leave_to_parent():
            return
        self._steps.close_last()
        with contextlib.suppress(Exception):
            self._tell_loop()
        session.closed = True
        self._steps.detach()
        session.end(reason)

    def __del__(self):
        with contextlib.suppress(Exception):
            self.close("interrupted")

    # What it means; see Diagnosed.

    def _findings(self):
        self._tell_loop()
        return self._core.findings()

    def _verdict(self):
        self._tell_loop()
        return self._core.verdict()

    def _outcome(self):
        self._tell_loop()
        return self._core.outcome()

    def _code(self, finding):
        graph = self._steps.graph
        return words.code_for(finding, {op.id: op.path for op in graph.by_path.values()}, self._steps.model)

    def _table(self, width, unicode):
        self._tell_loop()
        return self._core.table(width, unicode)

    def _run_path(self):
        """The path of a file that has all steps so far."""
        self._steps.close_finished()
        if not self._session.closed:
            self._session.wait_for_file()
        return self.path


def _number(call, name, value):
    try:
        return int(value) if name == "epoch" else float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{call}: {name} is {value!r}, expected a number, or a tensor of one element") from None


def _list(optimizer):
    if optimizer is None:
        return []
    found = list(optimizer) if isinstance(optimizer, (tuple, list)) else [optimizer]
    for one in found:
        if not hasattr(one, "param_groups") or not hasattr(one, "step"):
            raise TypeError(f"watch: optimizer is a {type(one).__name__}, expected a torch.optim.Optimizer")
    return found
