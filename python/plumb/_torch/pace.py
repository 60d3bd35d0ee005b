# SPDX-License-Identifier: Apache-2.0
"""How often a step may be measured so that watching costs no more than its budget.

An account is kept: each step brings its share of the time of a plain step, each measured step, and what watching
costs in every step, is paid from it, and a step is measured when there is enough for it. So the sum of what
was spent keeps to the budget, whatever single steps cost; the first measured one, in which the graph is found out, is a
debt that the steps after it pay.

The file is written by a thread of its own, some times a second, whatever is measured: its time is spread over the
steps so far, and part of what every step costs.

Time that others took is nobody's cost: ours is processor time of the thread, and that of a step leaves out what
the thread stood ready for the processor and did not get it. What measuring costs beside our own code (caches,
autograd's calls) is the difference in processor time to the plain steps, within bounds.
"""

import os
import statistics
import time

#: Steps of each kind whose times are kept.
KEPT = 15
#: What a measured step costs beyond our own code, as a part of that: before it is known, and at most.
UNSEEN, MOST_UNSEEN = 0.25, 1.0
#: Of the budget, what is left for measuring where watching costs nearly all of it in every step.
LEAST_LEFT = 0.25
#: Of plain steps, each of that many is timed.
TIMED_APART = 8
#: A step that takes longer than so many usual ones (a validation stood between) counts as so many.
LONGEST = 4


class StepClock:
    """Called, gives two times in seconds of which differences count: the time that went by, without that in which this
    thread was ready and did not run; and its processor time. Where the system does not tell the first
    (/proc, Linux), the second stands for it, which is less: of waiting for data or for a device nothing is spent then."""

    def __init__(self):
        try:
            self.file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            self.file = -1

    def __call__(self):
        processor = time.thread_time()
        if self.file < 0:
            return processor, processor
        try:
            waited = 1e-9 * int(os.pread(self.file, 100, 0).split()[1])
        except (OSError, IndexError, ValueError):
            self.close()
            return processor, processor
        return time.perf_counter() - waited, processor

    def close(self):
        if self.file >= 0:
            os.close(self.file)
        self.file = -1

    __del__ = close


class Pace:
    """budget: the fraction of a plain step's time that watching may cost on average. clock: see StepClock. writing: a
    function that gives the processor's seconds that writing the file has taken so far."""

    def __init__(self, budget, start, clock=None, writing=lambda: 0.0):
        self.budget, self.start = budget, start
        self.writing, self.steps = writing, 0
        self.clock = clock or (StepClock() if budget is not None else None)
        self.account = 0.0  #: seconds that may be spent
        self.plain, self.rest = [], []  # of plain steps: their time, their processor time, both without ours
        self.always = []  # which is this in them
        self.costs, self.unseen = [], []  # of measured steps: what they cost, the part of it beyond our own code
        self.last = None
        self.row = 0  # measured steps without a plain one between

    def close(self):
        if isinstance(self.clock, StepClock):
            self.clock.close()

    def wants(self, step):
        """Whether the step is to be measured; None where no budget decides."""
        if self.budget is None:
            return None
        if step <= self.start:
            return step == self.start
        return bool(self.plain) and self.row < KEPT and self.account >= self.expected()

    @staticmethod
    def times(step):
        """Whether a plain step's own time is to be taken: to ask the clock costs as much as what is timed."""
        return step < TIMED_APART or step % TIMED_APART == 0

    def expected(self):
        return statistics.median(self.costs) if self.costs else 0.0

    def ended(self, step, was_measured, own):
        """A step ends now, of which our own code took so many seconds of the processor; None: as many as usual."""
        if self.budget is None:
            return
        now = self.clock()
        passed = [b - a for a, b in zip(self.last, now)] if self.last is not None else None
        self.last = now
        if step < self.start:
            return
        self.steps += 1
        self.row = self.row + 1 if was_measured else 0
        if was_measured:
            self._pay(step, passed, own)
        elif passed is not None and passed[0] > 0:  # else the clock began anew
            self._earn(passed, own)

    def _earn(self, passed, own):
        if own is not None:
            keep(self.always, own)
        own = statistics.median(self.always) if self.always else 0.0
        written = self.writing() / self.steps
        keep(self.plain, max(passed[0] - own, 0.0))
        keep(self.rest, passed[1] - own)
        usual = statistics.median(self.plain)
        income = self.budget * min(self.plain[-1], LONGEST * usual)
        most = (1 - LEAST_LEFT) * self.budget * usual
        self.account += income - min(own + written, most)
        self.account = min(self.account, self.expected() + self.budget * usual)

    def _pay(self, step, passed, own):
        if own is None:
            self.account -= self.expected()
            return
        if step > self.start and self.rest and passed is not None:
            keep(self.unseen, passed[1] - own - statistics.median(self.rest))
        beyond = UNSEEN * own
        if self.unseen:
            beyond = min(max(statistics.median(self.unseen), 0.0), MOST_UNSEEN * own)
        if step > self.start:
            keep(self.costs, own + beyond)
        if self.plain:
            self.account += self.budget * statistics.median(self.plain)
        self.account -= own + beyond


def keep(times, one):
    times.append(one)
    del times[:-KEPT]
