# SPDX-License-Identifier: Apache-2.0
"""One run of a watched model: its file, the time that watching takes, and what becomes of a failure of ours."""

import contextlib
import datetime
import functools
import os
import platform
import time
import warnings

import torch

from .. import _core
from .._inert import nothing, reduced

_core.set_types(torch.Tensor, torch.float16, torch.bfloat16, torch.float32, torch.float64)
_core.set_inert(nothing, reduced)

PRECISIONS = {torch.float64: "double", torch.float16: "float16", torch.bfloat16: "bfloat16"}

#: Of watches that a fork of the process has from its parent: their end would wait for a thread that it does not have.
_of_parents = []


def careful(method):
    """On a method of an object with a `session`, at which our code is entered: a failure is told once and ends the
    measuring, never the training; and its time is taken, where that is asked for."""

    @functools.wraps(method)
    def call(self, *arguments, **options):
        session = self.session
        if not session.is_open or os.getpid() != session.pid:  # a fork does not record
            return None
        session.enter()
        try:
            return method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001
            session.fail(f"{type(error).__name__}: {error}")
            return None
        finally:
            session.leave()

    return call


class Session:
    """path: of the run file. core: the compiled part, which has the record; see _core.Watcher."""

    def __init__(self, path, record, start, steps):
        self.path = path
        self.core = _core.Watcher(path, record, start, steps)
        self.failure = ""
        self.failed, self.closed = False, True  # until everything is attached
        self.pid = os.getpid()
        self.record = record
        self.take_off = nothing  #: called once something failed
        self.depth, self.began = 0, None  # calls of our code within each other; when the outermost began, where that is timed

    @property
    def is_open(self):
        return not (self.failed or self.closed)

    def describe(self, kind, network, parameter):
        """What is known before the first step. parameter: one of the model's, or None."""
        self.core.set_info(
            {
                "kind": kind,
                "network": network,
                "precision": PRECISIONS.get(getattr(parameter, "dtype", None), "float"),
                "threads": torch.get_num_threads(),
                "machine": platform.processor() or platform.machine(),
                "started_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "settings": [("framework", f"PyTorch {torch.__version__}"), ("record", self.record)],
            }
        )

    # A failure.

    def fail(self, text):
        if self.failed:
            return
        self.failed, self.failure = True, text
        self.core.recording = False
        with contextlib.suppress(Exception):
            self.core.drop_step()
            self.take_off()
        warnings.warn(f"plumb measures no more, the training goes on: {text}", RuntimeWarning, stacklevel=2)

    # Our own time, of the processor.

    def enter(self):
        self.depth += 1
        if self.depth == 1 and self.core.is_timed:
            self.began = time.thread_time()

    def leave(self):
        self.depth -= 1
        if self.depth == 0 and self.began is not None:
            self.core.own_s += time.thread_time() - self.began
            self.began = None

    def take_own_time(self):
        """Seconds that our own code took since the last call; None where that was not timed."""
        own, self.core.own_s = self.core.own_s, 0.0
        if self.began is not None:
            own += time.thread_time() - self.began
        return own if self.core.is_timed else None

    def time(self, is_timed):
        """From here on our time is taken, or is not."""
        self.core.is_timed = is_timed
        self.began = time.thread_time() if is_timed and self.depth > 0 else None

    # The end.

    def leave_to_parent(self):
        """Whether this process is a fork of the one that watches; then nothing is written from here."""
        if os.getpid() == self.pid:
            return False
        self.closed = True
        _of_parents.append(self.core)
        return True

    def end(self, reason):
        self.core.recording = False
        self.core.learn = self.core.on_fail = self.core.device = None
        self.core.end(reason)

    def wait_for_file(self):
        """Until the file has all steps so far; some seconds at most."""
        limit = time.monotonic() + 10
        while self.core.steps and time.monotonic() < limit:
            with contextlib.suppress(OSError):
                if _core.last_step(self.path) >= self.core.steps - 1:
                    break
            time.sleep(0.05)
