# SPDX-License-Identifier: Apache-2.0
"""plumb.watch(budget=...): how often a step is measured, in a time that the tests make."""

import random
import time
import unittest

from plumb._torch.pace import KEPT, Pace, StepClock


class Clock:
    """The two times of a StepClock."""

    def __init__(self):
        self.passed = self.processor = 0.0

    def __call__(self):
        return self.passed, self.processor

    def compute(self, seconds):
        self.passed += seconds
        self.processor += seconds

    def wait(self, seconds):
        self.passed += seconds


class Training:
    """Steps whose true cost is known, under a Pace that is told only what it would see.

    cost: of a measured step; first: of the first one, which finds out the graph; always: of every step; unseen: the
    part of cost that is not in our own code; step: (number) -> seconds of the plain step; waits: the part of it in which nothing
    is computed; writes: what another thread takes for the file, at each tenth step.
    """

    def __init__(self, budget, cost, first=None, always=0.0, unseen=0.2, step=lambda i: 1.0, waits=0.0, start=0, writes=0.0):
        self.clock = Clock()
        self.written, self.writes = 0.0, writes
        self.pace = Pace(budget, start, self.clock, lambda: self.written)
        self.cost, self.first = cost, cost if first is None else first
        self.always, self.unseen, self.step, self.waits = always, unseen, step, waits
        self.plain = self.spent = 0.0
        self.steps, self.measured = 0, []

    def run(self, steps):
        for _ in range(steps):
            number = self.steps
            measured = self.pace.wants(number)
            plain, extra, own = self.step(number), self.always, self.always
            if measured:
                cost = self.cost if self.measured else self.first
                extra, own = extra + cost, own + cost / (1 + self.unseen)
                self.measured.append(number)
            self.clock.compute(plain * (1 - self.waits) + extra)
            if number % 10 == 9:
                self.written += self.writes
                self.spent += self.writes
            self.clock.wait(plain * self.waits)
            is_timed = measured or self.pace.times(number)
            self.pace.ended(number, bool(measured), own if is_timed else None)
            self.plain, self.spent, self.steps = self.plain + plain, self.spent + extra, number + 1
        return self

    @property
    def fraction(self):
        return self.spent / self.plain


class Paced(unittest.TestCase):
    def test_a_budget_is_kept_within_half_a_point_from_the_first_step_on(self):
        for cost in (0.01, 0.1, 0.5, 2.0, 10.0):
            for budget in (0.01, 0.02, 0.1):
                with self.subTest(cost=cost, budget=budget):
                    found = Training(budget, cost, first=3 * cost).run(20_000).fraction
                    if cost < budget:  # nearly every step can be measured
                        self.assertAlmostEqual(found, cost, delta=0.1 * cost)
                    else:
                        self.assertAlmostEqual(found, budget, delta=0.15 * budget)

    def test_no_more_than_the_budget_is_spent_at_any_time_once_the_first_step_is_paid_for(self):
        training = Training(0.02, 0.4, first=3.0)
        for _ in range(3000):
            training.run(1)
            if training.steps > 400:
                self.assertLess(training.spent, 0.0205 * training.plain + 0.4)
        self.assertGreater(training.fraction, 0.015)

    def test_where_steps_vary(self):
        for seed in range(5):
            for noise in (0.2, 2.0):
                with self.subTest(seed=seed, noise=noise):
                    rng = random.Random(seed)
                    found = Training(0.02, 1.0, step=lambda i: 1 + noise * abs(rng.gauss(0, 1))).run(10_000)
                    self.assertAlmostEqual(found.fraction, 0.02, delta=0.005)

    def test_what_our_own_code_does_not_see_counts(self):
        for unseen in (0.0, 0.5, 0.9):
            with self.subTest(unseen=unseen):
                self.assertAlmostEqual(Training(0.02, 0.5, unseen=unseen).run(10_000).fraction, 0.02, delta=0.003)

    def test_what_every_step_costs_is_part_of_the_budget(self):
        for always in (0.005, 0.01, 0.015):
            with self.subTest(always=always):
                self.assertAlmostEqual(Training(0.02, 0.5, always=always).run(20_000).fraction, 0.02, delta=0.002)

    def test_what_another_thread_takes_to_write_the_file_is_part_of_the_budget(self):
        for writes in (0.02, 0.1):
            with self.subTest(writes=writes):
                self.assertAlmostEqual(Training(0.02, 0.5, writes=writes).run(20_000).fraction, 0.02, delta=0.002)

    def test_where_that_is_more_than_the_budget_a_quarter_is_left_for_measuring(self):
        self.assertAlmostEqual(Training(0.02, 0.5, always=0.05).run(20_000).fraction, 0.055, delta=0.002)

    def test_time_in_which_the_training_waits_for_data_is_time(self):
        self.assertAlmostEqual(Training(0.02, 0.5, waits=0.9).run(10_000).fraction, 0.02, delta=0.003)

    def test_steps_that_become_slower_or_faster(self):
        for factor in (0.2, 5.0):
            with self.subTest(factor=factor):
                found = Training(0.02, 0.5, step=lambda i: 1.0 if i < 5000 else factor).run(20_000)
                self.assertAlmostEqual(found.fraction, 0.02, delta=0.003)

    def test_a_pause_is_no_credit_for_a_burst(self):
        training = Training(0.02, 0.5, step=lambda i: 1000.0 if i == 500 else 1.0).run(1000)
        after = [number for number in training.measured if 500 <= number < 550]
        self.assertLessEqual(len(after), 3)

    def test_a_plain_step_is_seen_now_and_then_where_all_could_be_measured(self):
        measured = set(Training(0.02, 0.001).run(1000).measured)
        self.assertTrue(all(any(i not in measured for i in range(at, at + KEPT + 1)) for at in range(900)))

    def test_the_start_is_measured_and_nothing_before_it(self):
        self.assertEqual(Training(0.02, 0.5, start=10, always=0.01).run(20).measured, [10])

    def test_without_a_budget_nothing_is_decided(self):
        self.assertIsNone(Pace(None, 0).wants(3))


class Clocked(unittest.TestCase):
    def test_the_step_clock_goes_on_in_sleep_where_the_system_tells_and_its_processor_time_does_not(self):
        clock = StepClock()
        self.addCleanup(clock.close)
        before = clock()
        time.sleep(0.05)
        after = clock()
        self.assertLess(after[1] - before[1], 0.04)
        if clock.file >= 0:
            self.assertGreater(after[0] - before[0], 0.03)
        else:
            self.assertEqual(after[0], after[1])

    def test_a_closed_clock_tells_processor_time(self):
        clock = StepClock()
        clock.close()
        clock.close()
        passed, processor = clock()
        self.assertEqual(passed, processor)


if __name__ == "__main__":
    unittest.main()
