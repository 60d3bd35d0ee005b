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


def fraction_of_cost(budget, cost, steps, noise=0.0, seed=0, slow_from=None, always=0.0, unseen=0.2):
    """What watching took of the plain steps' time, without the first hundred steps. always: what it takes of
    every step; unseen: what measuring costs beyond the time of our own code, as a part of that."""
    rng, clock = random.Random(seed), Clock()
    pace = Pace(budget, 0, clock)
    plain = extra = 0.0
    for step in range(steps):
        measured = pace.wants(step)
        if measured:
            pace.last_measured = step
        plain_step = (1.0 if slow_from is None or step < slow_from else 3.0) * (1 + noise * abs(rng.gauss(0, 1)))
        own = always + (cost / (1 + unseen) if measured else 0.0)
        more = always + (cost if measured else 0.0)
        clock.now += plain_step + more
        pace.ended(step, measured, own)
        if step >= 100:
            plain, extra = plain + plain_step, extra + more
    return extra / plain


class Paced(unittest.TestCase):
    def test_a_budget_is_kept_within_half_a_point(self):
        for cost in (0.1, 0.5, 2.0, 10.0):
            with self.subTest(cost=cost):
                self.assertAlmostEqual(fraction_of_cost(0.02, cost, 20_000), 0.02, delta=0.005)

    def test_where_steps_vary(self):
        for seed in range(5):
            for noise in (0.2, 2.0):
                with self.subTest(seed=seed, noise=noise):
                    mean_step = 1 + noise * 0.8
                    found = fraction_of_cost(0.02, 0.5 * mean_step, 20_000, noise=noise, seed=seed)
                    self.assertAlmostEqual(found, 0.02, delta=0.006 if noise < 1 else 0.012)

    def test_what_every_step_costs_is_part_of_the_budget(self):
        self.assertAlmostEqual(fraction_of_cost(0.02, 0.5, 20_000, always=0.01), 0.02, delta=0.003)

    def test_steps_that_become_slower_are_no_cost(self):
        self.assertLess(fraction_of_cost(0.02, 0.5, 20_000, slow_from=5000), 0.025)

    def test_the_start_is_measured_and_nothing_before_it(self):
        pace = Pace(0.02, 10, Clock())
        self.assertEqual([pace.wants(step) for step in (0, 9, 10)], [False, False, True])

    def test_without_a_budget_nothing_is_decided(self):
        self.assertIsNone(Pace(None, 0).wants(3))


if __name__ == "__main__":
    unittest.main()
