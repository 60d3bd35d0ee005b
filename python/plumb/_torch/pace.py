# SPDX-License-Identifier: Apache-2.0
"""How often a step may be measured so that measuring costs no more than its budget.

Time is that which the training's own thread computes, so that neither other processes nor a wait for data
is taken for cost.
"""

import statistics
import time

#: Steps of each kind whose times are kept.
KEPT = 15
#: A measured step is never taken to cost less than this part of a plain one: the difference of a few
#: steps drowns in their noise.
LEAST_COST = 0.05
#: Plain steps that are timed before the cost of a measured one is judged.
PLAIN_FIRST = 3


class Pace:
    """budget: the fraction of a plain step's time that measuring may cost on average."""

    def __init__(self, budget, start, clock=time.thread_time):
        self.budget, self.start, self.clock = budget, start, clock
        self.times = {True: [], False: []}
        self.last_time, self.last_measured = None, -1

    def wants(self, step):
        """Whether the step is to be measured; None where no budget decides."""
        if self.budget is None:
            return None
        if step < self.start:
            return False
        if step == self.start:
            return True
        measured, plain = self.times[True], self.times[False]
        if len(plain) < PLAIN_FIRST:
            return False
        if not measured:
            return True
        usual = statistics.median(plain)
        extra = max(statistics.median(measured) - usual, LEAST_COST * usual)
        apart = extra / (self.budget * usual)
        return step - self.last_measured >= max(apart, 1)

    def ended(self, step, was_measured):
        """A step ends now. The first two are no measure of the others: caches are cold, the graph is found out."""
        now = self.clock()
        if self.last_time is not None and step > 1:
            times = self.times[was_measured]
            times.append(now - self.last_time)
            del times[:-KEPT]
        self.last_time = now
