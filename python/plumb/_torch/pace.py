# SPDX-License-Identifier: Apache-2.0
"""How often a step may be measured so that measuring costs no more than its budget.

What a measured step costs is taken twice: as the time of our own code, which is exact but does not know what
the training's caches lose by it, and as the difference to a plain step, which knows all but drowns in the noise
of a busy machine. The second counts within the bounds that the first sets. Times are medians, which pass
over steps that something else interrupted.
"""

import statistics
import time

#: Steps of each kind whose times are kept.
KEPT = 15
#: Of our own time, the least and the most that a measured step is taken to cost.
BOUNDS = 1.0, 1.5
#: Of the budget, what is left for measuring where the steps between cost nearly all of it.
LEAST_LEFT = 0.25
#: Plain steps that are timed before the cost of a measured one is judged.
PLAIN_FIRST = 3


class Pace:
    """budget: the fraction of a plain step's time that watching may cost on average."""

    def __init__(self, budget, start, clock=time.perf_counter):
        self.budget, self.start, self.clock = budget, start, clock
        self.times = {True: [], False: []}  # (of the step, of ours in it), by whether it was measured
        self.last_time, self.last_measured = None, -1

    def wants(self, step):
        """Whether the step is to be measured; None where no budget decides."""
        if self.budget is None:
            return None
        if step < self.start:
            return False
        if step == self.start:
            return True
        if len(self.times[False]) < PLAIN_FIRST:
            return False
        if not self.times[True]:
            return True
        return step - self.last_measured >= max(self.apart(), 1)

    def apart(self):
        """How many steps a measured one is to be from the last."""
        (measured, ours), (between, plain_ours) = (map(statistics.median, zip(*self.times[k])) for k in (True, False))
        usual = max(between - plain_ours, 1e-9)
        own = max(ours - plain_ours, 0)
        extra = min(max(measured - between, BOUNDS[0] * own), BOUNDS[1] * own)
        left = max(self.budget - plain_ours / usual, LEAST_LEFT * self.budget)
        return extra / (left * usual)

    def ended(self, step, was_measured, own):
        """A step ends now, of which our own code took so many seconds. The first two are no measure of the
        others: caches are cold, the graph is found out."""
        now = self.clock()
        if self.last_time is not None and step > 1:
            times = self.times[was_measured]
            times.append((now - self.last_time, own))
            del times[:-KEPT]
        self.last_time = now
