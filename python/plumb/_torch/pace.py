# SPDX-License-Identifier: Apache-2.0
"""How often a step may be measured so that watching costs no more than its budget.

An account is kept: each step brings its share of the time of a plain step, each measured step, and what watching
costs in every step, is paid from it, and a step is measured when there is enough for it. So the sum of what
was spent keeps to the budget, whatever single steps cost. What the watch took to be made, the first measured step, in which
the graph is found out, and the closing of the file are a debt that the steps after it pay; `too_short` says where
they were too few.

Where looking at a step without measuring it takes much of the budget already, steps between go by unseen: they are counted, and
have no record.

The file is written by a thread of its own, some times a second, whatever is measured: its time is spread over the
steps so far, and part of what every step costs.

Time that others took is nobody's cost: ours is processor time of the thread, and that of a step leaves out what
the thread stood ready for the processor and did not get it. What measuring costs beside our own code (caches,
autograd's calls) is the difference in processor time to the plain steps, within bounds.
"""

import math
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
#: Of the budget, what steps that are not measured may take: where each took more, some go by unseen, at most so many in a row.
SHARE_OF_PLAIN, MOST_UNLOOKED = 0.5, 63
#: What closing the file takes, about, in seconds.
CLOSING_S = 0.004
#: Above the budget, what is not said.
TOLERATED = 0.005
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
    function that gives the processor's seconds that writing the file has taken so far. making: what the watch has
    taken before its first step."""

    def __init__(self, budget, start, clock=None, writing=lambda: 0.0, making=0.0):
        self.budget, self.start = budget, start
        self.writing, self.steps = writing, 0
        self.clock = clock or (StepClock() if budget is not None else None)
        #: Seconds: those that are to be paid back, those that may be spent, what was spent but for writing, and the plain steps'.
        self.debt = making + CLOSING_S
        self.account, self.spent, self.passed = -self.debt, self.debt, 0.0
        self.unseen_before = 0  # steps that went by unseen since the last plain one
        self.looked = 0  # steps that did not go by unseen
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

    def times(self):
        """Whether our own time is to be taken in the coming step, if that is a plain one: to ask the clock costs as much as
        what is timed."""
        return self.looked < TIMED_APART or self.looked % TIMED_APART == 0

    def unlooked(self):
        """How many of the coming steps are to go by unseen."""
        if self.budget is None or len(self.plain) < TIMED_APART or not self.always:
            return 0
        share = SHARE_OF_PLAIN * self.budget * statistics.median(self.plain)
        if share <= 0:
            return 0
        return min(max(math.ceil(statistics.median(self.always) / share) - 1, 0), MOST_UNLOOKED)

    def expected(self):
        return statistics.median(self.costs) if self.costs else 0.0

    def ended(self, step, was_measured, own):
        """A step ends now, of which our own code took so many seconds of the processor; None: as many as usual."""
        if self.budget is None:
            return
        passed = self._since()
        if step < self.start:
            return
        self.steps += 1
        self.looked += 1
        self.row = self.row + 1 if was_measured else 0
        if was_measured:
            self._pay(step, passed, own)
        elif passed is not None and passed[0] > 0:  # else the clock began anew
            self._earn(passed, own)

    def went_by(self, steps):
        """So many steps went by unseen until now."""
        passed = self._since()
        self.steps += steps
        self.row = 0
        self.unseen_before += steps
        if passed is not None and passed[0] > 0:
            self._income([one / steps for one in passed], steps)

    def too_short(self):
        """In words, where so few steps were seen that they do not pay what watching cost."""
        if self.budget is None or self.passed <= 0:
            return ""
        spent = self.spent + self.writing()
        if spent <= (self.budget + TOLERATED) * self.passed:
            return ""
        return (
            f"watching cost about {100 * spent / self.passed:.1f} % of the training's time, more than its budget of {100 * self.budget:.3g} %: "
            f"{self.steps} steps of {seconds(self.passed / self.steps)} are too few to pay for the first measured one, "
            f"the making of the watch and its end, {seconds(self.debt)} together"
        )

    def _since(self):
        now = self.clock()
        passed = [b - a for a, b in zip(self.last, now)] if self.last is not None else None
        self.last = now
        return passed

    def _income(self, each, steps=1):
        """Of plain steps: their time and processor time without ours."""
        keep(self.plain, each[0])
        keep(self.rest, each[1])
        usual = statistics.median(self.plain)
        self.passed += steps * each[0]
        self.account += self.budget * steps * min(each[0], LONGEST * usual)
        self.account = min(self.account, self.expected() + self.budget * usual)

    def _earn(self, passed, own):
        if own is not None:
            keep(self.always, own)
        own = statistics.median(self.always) if self.always else 0.0
        self.spent += own
        self._income([max(passed[0] - own, 0.0), passed[1] - own])
        income = self.budget * statistics.median(self.plain) * (1 + self.unseen_before)
        self.account -= min(own + self.writing() / self.steps * (1 + self.unseen_before), (1 - LEAST_LEFT) * income)
        self.unseen_before = 0

    def _pay(self, step, passed, own):
        if own is None:
            self.account -= self.expected()
            self.spent += self.expected()
            return
        if step > self.start and self.rest and passed is not None:
            keep(self.unseen, passed[1] - own - statistics.median(self.rest))
        beyond = UNSEEN * own
        if self.unseen:
            beyond = min(max(statistics.median(self.unseen), 0.0), MOST_UNSEEN * own)
        if step > self.start:
            keep(self.costs, own + beyond)
        else:
            self.debt += own + beyond
        if self.plain:
            self.passed += statistics.median(self.plain)
            self.account += self.budget * statistics.median(self.plain)
        self.account -= own + beyond
        self.spent += own + beyond


def seconds(time):
    return f"{time:.3g} s" if time >= 1 else f"{1e3 * time:.3g} ms"


def keep(times, one):
    times.append(one)
    del times[:-KEPT]
