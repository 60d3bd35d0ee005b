# SPDX-License-Identifier: Apache-2.0
"""plumb.watch(budget=...): how often a step is measured, in a time that the tests make."""

import random
import unittest

from plumb._torch.pace import Pace


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def fraction_of_cost(budget, cost, steps, noise=0.0, seed=0, slow_from=None):
    """What measuring took of the plain steps' time, without the first hundred steps."""
    rng, clock = random.Random(seed), Clock()
    pace = Pace(budget, 0, clock)
    plain = extra = 0.0
    for step in range(steps):
        measured = pace.wants(step)
        if measured:
            pace.last_measured = step
        own = (1.0 if slow_from is None or step < slow_from else 3.0) * (1 + noise * abs(rng.gauss(0, 1)))
        more = cost * (1 + noise * abs(rng.gauss(0, 1))) if measured else 0.0
        clock.now += own + more
        pace.ended(step, measured)
        if step >= 100:
            plain, extra = plain + own, extra + more
    return extra / plain


class Paced(unittest.TestCase):
    def test_a_budget_is_kept_within_half_a_point(self):
        for cost in (0.1, 0.5, 2.0, 10.0):
            with self.subTest(cost=cost):
                self.assertAlmostEqual(fraction_of_cost(0.02, cost, 20_000), 0.02, delta=0.005)

    def test_where_steps_vary(self):
        for seed in range(5):
            with self.subTest(seed=seed):
                self.assertAlmostEqual(fraction_of_cost(0.02, 0.5, 20_000, noise=0.2, seed=seed), 0.02, delta=0.005)

    def test_steps_that_become_slower_are_no_cost(self):
        self.assertLess(fraction_of_cost(0.02, 0.5, 20_000, slow_from=5000), 0.025)

    def test_the_start_is_measured_and_nothing_before_it(self):
        pace = Pace(0.02, 10, Clock())
        self.assertEqual([pace.wants(step) for step in (0, 9, 10)], [False, False, True])

    def test_without_a_budget_nothing_is_decided(self):
        self.assertIsNone(Pace(None, 0).wants(3))


if __name__ == "__main__":
    unittest.main()
