# SPDX-License-Identifier: Apache-2.0
"""What the loop around the model does wrong is said in its words, and nothing is said of loops that are right."""

import os
import tempfile
import unittest
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


class Net(nn.Module):
    def __init__(self, cut=False):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 16), nn.Linear(16, 16), nn.Linear(16, 3)
        self.cut = cut

    def forward(self, x):
        h = torch.relu(self.b(torch.relu(self.a(x))))
        return self.c(h.detach() if self.cut else h)


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 3), nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.trunk(x))
        return self.one(h), self.two(h)


class Sharpness(torch.optim.Optimizer):
    """Sharpness-aware minimisation as it is mostly written: another optimiser within, and two methods in the place of step()."""

    def __init__(self, params, base, **options):
        super().__init__(params, dict(options))
        self.base_optimizer = base(self.param_groups, **options)
        self.param_groups = self.base_optimizer.param_groups

    def each(self):
        return [p for g in self.param_groups for p in g["params"]]

    @torch.no_grad()
    def first_step(self):
        for p in self.each():
            self.state[p]["moved"] = 0.05 * p.grad
            p.add_(self.state[p]["moved"])
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for p in self.each():
            p.sub_(self.state[p]["moved"])
        self.base_optimizer.step()
        self.zero_grad()


def batches(n=12):
    generator = torch.Generator().manual_seed(0)
    return [(torch.randn(8, 8, generator=generator), torch.randint(0, 3, (8,), generator=generator)) for _ in range(n)]


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.05, **options)


def plain(model, optimizer, x, y):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def never_reset(model, optimizer, x, y):
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def reset_behind(model, optimizer, x, y):
    never_reset(model, optimizer, x, y)
    optimizer.zero_grad()


def reset_by_hand(model, optimizer, x, y):
    for p in model.parameters():
        p.grad = None
    never_reset(model, optimizer, x, y)


def reset_behind_the_forward_pass(model, optimizer, x, y):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def accumulated(model, optimizer, x, y):
    optimizer.zero_grad()
    for part in (x, x + 0.1, x - 0.1):
        F.cross_entropy(model(part), y).backward()
    optimizer.step()


def accumulated_for_ever(model, optimizer, x, y):
    for part in (x, x + 0.1):
        F.cross_entropy(model(part), y).backward()
    optimizer.step()


def in_a_closure(model, optimizer, x, y):
    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    optimizer.step(closure)


def by_autograd_grad(model, optimizer, x, y):
    gradients = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
    for p, gradient in zip(model.parameters(), gradients):
        p.grad = gradient
    optimizer.step()


def train(step, model=None, optimizer=sgd, watched=None, **options):
    """The watch of a training. step(model, optimizer, x, y); watched: what watch() is given in the place of these."""
    torch.manual_seed(0)
    model = model or Net()
    optimizer = optimizer(model)
    with plumb.watch(*(watched or (model, optimizer)), **options) as watch:
        for x, y in batches():
            step(model, optimizer, x, y)
    return watch


class Reset(unittest.TestCase):
    def test_gradients_that_are_never_reset_are_said_and_stand_in_print_and_file(self):
        for step in (never_reset, accumulated_for_ever):
            with self.subTest(step.__name__), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "run.plumb")
                watch = train(step, run=path)
                self.assertIn("gradients are not reset", watch.notes()[0])
                self.assertIn("Training loop: Gradients are not reset", watch.diagnose().verdict)
                self.assertIn("optimizer.zero_grad()", str(watch.diagnose()))
                self.assertEqual(plumb.load(path).diagnose().loop, watch.diagnose().loop)

    def test_every_way_to_reset_is_one(self):
        steps = (plain, reset_behind, reset_by_hand, reset_behind_the_forward_pass, accumulated, in_a_closure)
        for step in steps:
            for set_to_none in (True, False):
                with self.subTest(step.__name__, set_to_none=set_to_none):

                    def optimizer(model):
                        made = sgd(model)
                        zero = made.zero_grad
                        made.zero_grad = lambda: zero(set_to_none=set_to_none)
                        return made

                    self.assertEqual(train(step, optimizer=optimizer).diagnose().loop, [])

    def test_lbfgs_and_two_optimisers_in_turns_are_right(self):
        lbfgs = train(in_a_closure, optimizer=lambda m: torch.optim.LBFGS(m.parameters(), lr=0.1, max_iter=4))
        self.assertEqual(lbfgs.diagnose().loop, [])
        model = Heads()
        optimizers = [torch.optim.SGD([*model.trunk.parameters(), *model.one.parameters()], lr=0.05), sgd(model.two)]
        with plumb.watch(model, optimizers) as watch:
            for x, y in batches():
                one, two = model(x)
                optimizers[0].zero_grad()
                F.cross_entropy(one, y).backward(retain_graph=True)
                optimizers[1].zero_grad()
                two.square().mean().backward(inputs=list(model.two.parameters()))
                for optimizer in optimizers:
                    optimizer.step()
        self.assertEqual(watch.diagnose().loop, [])


class Reached(unittest.TestCase):
    def test_two_backward_passes_reach_what_each_of_them_reaches(self):
        def step(model, optimizer, x, y):
            optimizer.zero_grad()
            one, two = model(x)
            F.cross_entropy(one, y).backward(retain_graph=True)
            two.square().mean().backward()
            optimizer.step()

        watch = train(step, Heads())
        self.assertEqual(watch.diagnose().loop, [])
        self.assertEqual([n for n in watch.notes() if "no gradient" in n], [])

    def test_what_detach_cuts_off_stands_in_the_diagnosis(self):
        watch = train(plain, Net(cut=True))
        (line,) = watch.diagnose().loop
        self.assertIn("4 parameters that the optimizer has get no gradient: a.weight, a.bias, b.weight and 1 more", line)

    def test_frozen_parameters_and_a_head_that_nobody_reads_are_no_fault_of_the_loop(self):
        model = Net()
        model.a.requires_grad_(False)
        self.assertEqual(train(plain, model).diagnose().loop, [])

    def test_parameters_that_no_optimiser_has_are_named(self):
        watch = train(plain, optimizer=lambda model: sgd(model.c))
        (line,) = watch.diagnose().loop
        self.assertIn("4 parameters get a gradient and are in no watched optimizer", line)
        self.assertIn("a.weight gets a gradient and is in no watched optimizer: it stays as it is", watch.notes())


class InTheVerdict(unittest.TestCase):
    """Nobody may read "healthy" beside what the loop does wrong."""

    def test_each_fault_is_a_finding_of_watch_and_file(self):
        def left_in_evaluation(model, optimizer, x, y):
            plain(model, optimizer, x, y)
            model.eval()

        class Normed(Net):
            def __init__(self):
                super().__init__()
                self.norm = nn.BatchNorm1d(8)

            def forward(self, x):
                return super().forward(self.norm(x))

        for step, model, optimizer, words in (
            (never_reset, Net(), sgd, "Gradients are not reset"),
            (plain, Net(cut=True), sgd, "4 parameters that the optimizer has get no gradient"),
            (plain, Net(), lambda model: sgd(model.c), "4 parameters get a gradient and are in no watched optimizer"),
            (left_in_evaluation, Normed(), sgd, "11 of 12 updates follow forward passes in evaluation mode: dropout is off"),
        ):
            with self.subTest(words), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "run.plumb")
                watch = train(step, model, optimizer, run=path)
                for diagnosis in (watch.diagnose(), plumb.load(path).diagnose()):
                    self.assertEqual(diagnosis[0].rule, "training_loop")
                    self.assertEqual(diagnosis.outcome, "sick")
                    self.assertIn(words, diagnosis.verdict)
                    self.assertIn(words[:20], str(diagnosis))

    def test_evaluation_mode_that_changes_nothing_is_told_and_no_fault(self):
        def step(model, optimizer, x, y):
            plain(model, optimizer, x, y)
            model.eval()

        diagnosis = train(step).diagnose()
        self.assertIn("11 of 12 updates follow forward passes in evaluation mode: the record lacks them", diagnosis.loop[0])
        self.assertEqual(list(diagnosis), [])

    def test_an_evaluation_with_gradients_is_none(self):
        def step(model, optimizer, x, y):
            model.eval()
            model(x)
            model.train()
            plain(model, optimizer, x, y)

        self.assertEqual(train(step).diagnose().loop, [])

    def test_why_nothing_was_seen_stands_in_the_verdict(self):
        def no_gradient(model, optimizer, x, y):
            with torch.no_grad():
                model(x)

        self.assertIn("No step was seen: all 12 forward passes were without gradient", train(no_gradient).diagnose().verdict)


class NothingSeen(unittest.TestCase):
    def reason(self, *arguments, **options):
        watch = train(*arguments, **options)
        self.assertEqual(watch.diagnose().outcome, "not_measured")
        note = watch.notes()[0]
        self.assertEqual(watch.diagnose().loop, [note])
        return note

    def test_each_reason(self):
        def no_step(model, optimizer, x, y):
            F.cross_entropy(model(x), y).backward()

        def no_backward(model, optimizer, x, y):
            model(x)

        def no_gradient(model, optimizer, x, y):
            with torch.no_grad():
                model(x)

        def parts(model, optimizer, x, y):
            plain(nn.Sequential(model.a, nn.ReLU(), model.c), optimizer, x, y)

        self.assertIn("all 12 forward passes were in evaluation mode", self.reason(plain, Net().eval()))
        self.assertIn("all 12 forward passes were without gradient", self.reason(no_gradient))
        self.assertIn("never called, in 12 backward passes and 12 updates", self.reason(parts))
        self.assertIn("step() of the watched optimizer never", self.reason(no_step))
        self.assertIn("called 12 times, backward() never", self.reason(no_backward))
        self.assertIn("torch.autograd.grad is not seen", self.reason(by_autograd_grad))
        model = Net()
        self.assertIn("none of the model's parameters", self.reason(plain, model, watched=(model, sgd(Net()))))

    def test_a_loop_that_has_not_begun(self):
        with plumb.watch(Net()) as watch:
            pass
        self.assertEqual(watch.notes(), ["no step was seen: the watched model was never called"])


class Nested(unittest.TestCase):
    def test_the_steps_of_an_optimiser_within_another_are_its_own(self):
        def step(model, optimizer, x, y):
            F.cross_entropy(model(x), y).backward()
            optimizer.first_step()
            F.cross_entropy(model(x), y).backward()
            optimizer.second_step()

        plain_model, watched = Net(), Net()
        watched.load_state_dict(plain_model.state_dict())

        def optimizer(model):
            return Sharpness(model.parameters(), torch.optim.SGD, lr=0.05)

        watch = train(step, watched, optimizer, record="every=1")
        self.assertEqual(watch.steps, 12)
        self.assertEqual(watch.diagnose().loop, [])
        self.assertTrue(all(f > -20 for f in [row["log2_rms"] for row in watch.run().find("b.weight", "update")]))
        alone = optimizer(plain_model)
        for x, y in batches():
            step(plain_model, alone, x, y)
        for a, b in zip(plain_model.parameters(), watched.parameters()):
            self.assertTrue(torch.equal(a, b))

    def test_one_whose_step_calls_that_within_is_one_update(self):
        class Slow(torch.optim.Optimizer):
            def __init__(self, inner):
                super().__init__(inner.param_groups, {})
                self.optimizer = inner
                self.param_groups = inner.param_groups

            def step(self, closure=None):
                self.optimizer.step()

        watch = train(plain, optimizer=lambda model: Slow(sgd(model)))
        self.assertEqual(watch.steps, 12)
        self.assertEqual(watch.diagnose().loop, [])


class Changed(unittest.TestCase):
    def test_parameters_that_an_optimiser_is_given_later_end_nothing(self):
        def step(model, optimizer, x, y):
            plain(model, optimizer, x, y)
            if len(optimizer.param_groups) == 1:
                optimizer.add_param_group({"params": list(model.a.parameters())})

        watch = train(step, optimizer=lambda model: sgd(model.c), record="every=1")
        self.assertEqual(len(watch.run().find("c.weight", "update")), 12)
        self.assertNotIn("a.weight", " ".join(watch.diagnose().loop))

    def test_a_layer_that_is_another_one_ends_the_measuring_with_its_name(self):
        def step(model, optimizer, x, y):
            if optimizer.param_groups[0]["lr"] < 0.05:
                model.c = nn.Linear(16, 3)
                optimizer.param_groups[0].update(params=list(model.parameters()), lr=0.05)
            plain(model, optimizer, x, y)

        for momentum in (0, 0.9):
            with self.assertWarnsRegex(RuntimeWarning, "c.weight is another parameter than when watch.. was called"):
                model = Net()
                optimizer = sgd(model, momentum=momentum)
                with plumb.watch(model, optimizer, record="every=1") as watch:
                    for i, (x, y) in enumerate(batches()):
                        optimizer.param_groups[0]["lr"] = 0.04 if i == 5 else 0.05
                        step(model, optimizer, x, y)
            self.assertRegex(watch.diagnose().loop[0], "plumb stopped measuring at step 5: .*c.weight is another")


class Errors(unittest.TestCase):
    def test_each_says_the_place_what_was_given_and_what_was_expected(self):
        model = Net()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer) as watch:
            plain(model, optimizer, *batches(1)[0])
            for call, error, text in (
                (lambda: plumb.watch(model, record=10), TypeError, "watch: record is 10, expected 'log'"),
                (lambda: plumb.watch(model, start=-1), ValueError, "watch: start is -1, expected"),
                (lambda: plumb.watch(model, baseline="high"), TypeError, "baseline: loss is 'high', expected a number"),
                (lambda: watch.log(accuracy="high"), TypeError, "log: accuracy is 'high', expected a number"),
                (lambda: watch.log(loss=torch.ones(2)), TypeError, "log: loss is tensor"),
                (lambda: watch.run().find("a", "gradient"), ValueError, "find: role is 'gradient', expected one of z"),
                (lambda: watch.report(watch.path), ValueError, "is the run itself, expected another file"),
            ):
                with self.subTest(text), self.assertRaises(error) as raised:
                    call()
                self.assertIn(text, str(raised.exception))
        self.assertEqual(watch.run().diagnose().outcome, watch.diagnose().outcome)  # the run is still one


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    unittest.main()
