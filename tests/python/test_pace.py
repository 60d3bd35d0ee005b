# SPDX-License-Identifier: Apache-2.0
"""plumb.watch(budget=...): how often a step is measured, in a time that the tests make."""

import random
import time
import unittest

import torch

import plumb
from plumb._torch.pace import KEPT, MOST_UNLOOKED, Pace, StepClock


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

    cost: of a measured step; first: of the first one, which finds out the graph; always: of every step that is looked at; unseen: the
    part of cost that is not in our own code; step: (number) -> seconds of the plain step; waits: the part of it in which nothing
    is computed; writes: what another thread takes for the file, at each tenth step; making: of the watch; may_go_by: whether
    steps may go by unseen.
    """

    def __init__(self, budget, cost, first=None, always=0.0, unseen=0.2, step=lambda i: 1.0, waits=0.0, start=0, writes=0.0, making=0.0,
                 may_go_by=True):
        self.clock = Clock()
        self.written, self.writes = 0.0, writes
        self.pace = Pace(budget, start, self.clock, lambda: self.written, making)
        self.cost, self.first = cost, cost if first is None else first
        self.always, self.unseen, self.step, self.waits = always, unseen, step, waits
        self.plain, self.spent = 0.0, making
        self.steps, self.measured, self.looked = 0, [], []
        self.may_go_by, self.unlooked, self.went_by = may_go_by, 0, 0
        self.is_timed = True

    def run(self, steps):
        for _ in range(steps):
            number = self.steps
            plain, extra = self.step(number), 0.0
            looks = self.unlooked == 0
            if looks:
                if self.went_by:
                    self.pace.went_by(self.went_by)
                    self.went_by = 0
                    self.is_timed = self.pace.times()
                self.looked.append(number)
                measured = self.pace.wants(number)
                extra = own = self.always
                if measured:
                    cost = self.cost if self.measured else self.first
                    extra, own = extra + cost, own + cost / (1 + self.unseen)
                    self.measured.append(number)
            self.clock.compute(plain * (1 - self.waits) + extra)
            if number % 10 == 9:
                self.written += self.writes
                self.spent += self.writes
            self.clock.wait(plain * self.waits)
            if looks:
                self.pace.ended(number, bool(measured), own if measured or self.is_timed else None)
                self.is_timed = self.pace.times()
                if self.may_go_by and not self.pace.wants(number + 1):
                    self.unlooked = self.pace.unlooked()
            else:
                self.unlooked -= 1
                self.went_by += 1
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

    def test_steps_go_by_unseen_where_looking_at_each_takes_more_than_half_of_the_budget(self):
        for always in (0.005, 0.009):
            self.assertEqual(len(Training(0.02, 0.5, always=always).run(1000).looked), 1000)
        for always in (0.015, 0.05, 0.3):
            with self.subTest(always=always):
                training = Training(0.02, 0.5, always=always).run(20_000)
                self.assertAlmostEqual(training.fraction, 0.02, delta=0.003)
                self.assertLess(len(training.looked), 0.012 / always * 20_000)
                self.assertGreater(len(training.measured), 100)

    def test_where_none_can_go_by_a_quarter_of_the_budget_is_left_for_measuring(self):
        self.assertAlmostEqual(Training(0.02, 0.5, always=0.05, may_go_by=False).run(20_000).fraction, 0.055, delta=0.002)

    def test_what_making_the_watch_and_the_first_step_took_is_paid_back(self):
        for steps, first, making in ((300, 3.0, 1.0), (3000, 30.0, 2.0), (3000, 20.0, 20.0)):
            with self.subTest(steps=steps):
                training = Training(0.02, 0.1, first=first, making=making, always=0.002).run(steps)
                self.assertAlmostEqual(training.fraction, 0.02, delta=0.002)
                self.assertEqual(training.pace.too_short(), "")

    def test_a_run_too_short_to_pay_it_back_says_so(self):
        training = Training(0.02, 0.1, first=10.0, making=2.0, always=0.002).run(300)
        self.assertEqual(training.measured, [0])
        self.assertAlmostEqual(training.fraction, 0.042, delta=0.001)
        said = training.pace.too_short()
        self.assertRegex(said, "about 4.[2-4] % of the training's time, more than its budget of 2 %: 300 steps of 997 ms")

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


class Watched(unittest.TestCase):
    """Of a model whose steps are so short that most must go by unseen."""

    def train(self, steps, log=None):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.randn(8, 4)
        with plumb.watch(model, optimizer, budget=0.02) as w:
            for i in range(steps):
                optimizer.zero_grad()
                model(x).pow(2).mean().backward()
                optimizer.step()
                if log is not None:
                    log(w, i)
        self.assertFalse(w._session.failed)
        return w, model

    def test_steps_that_go_by_are_counted_and_leave_no_record(self):
        w, _ = self.train(300)
        self.assertEqual(w.steps, 300)
        recorded = w.run().steps["step"]
        self.assertTrue(all(b > a for a, b in zip(recorded, recorded[1:])))
        self.assertLess(len(recorded), 200)
        self.assertGreater(recorded[-1], 200)
        losses = w.run().steps["loss"]
        self.assertTrue(all(loss == loss for loss in losses))

    def test_the_training_is_as_without(self):
        _, model = self.train(120)
        torch.manual_seed(0)
        plain = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
        x = torch.randn(8, 4)
        for _ in range(120):
            optimizer.zero_grad()
            plain(x).pow(2).mean().backward()
            optimizer.step()
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(model.parameters(), plain.parameters())))

    def test_what_is_logged_of_them_stands_in_the_next_record(self):
        w, _ = self.train(400, lambda w, i: w.log(accuracy=i / 1000) if i in (100, 200, 300) else None)
        told = [(s, a) for s, a in zip(w.run().steps["step"], w.run().steps["accuracy"]) if a == a]
        self.assertEqual([round(1000 * a) for _, a in told], [100, 200, 300])
        for (step, _), logged in zip(told, (100, 200, 300)):
            self.assertGreaterEqual(step, logged)
            self.assertLessEqual(step, logged + MOST_UNLOOKED + 1)

    def test_a_run_too_short_for_its_budget_says_so_in_its_notes(self):
        w, _ = self.train(20)
        self.assertTrue(any("budget of 2 %" in note for note in w.notes()), w.notes())


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
