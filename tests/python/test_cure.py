# SPDX-License-Identifier: Apache-2.0
"""plumb.cure on small trainings: sick ones are proven well, healthy ones left alone, and train stays as it is."""

import math
import unittest

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb
from plumb._torch.cure_tap import Handed, InputStatistics, Tap, _current
from plumb._torch.cure_trial import Yardstick

_data = torch.Generator().manual_seed(7)
X = torch.randn(500, 10, generator=_data)
Y = (X @ torch.randn(10, 4, generator=_data)).argmax(1)
QUICK = {"higher_is_better": True, "budget": 40, "proof_seeds": 4, "progress": False}


def mlp(depth=2, activation=nn.ReLU):
    def make_model(seed):
        layers = [nn.Linear(10, 24), activation()]
        for _ in range(depth - 1):
            layers += [nn.Linear(24, 24), activation()]
        return nn.Sequential(*layers, nn.Linear(24, 4))

    return make_model


def trainer(lr=0.3, steps=60, scale=None, labels=Y, returns="score"):
    x = X if scale is None else X * scale

    def train(model):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for _ in range(steps):
            i = torch.randint(0, 400, (32,))
            loss = F.cross_entropy(model(x[i]), labels[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            out = model(x[400:])
        if returns == "loss":
            return F.cross_entropy(out, labels[400:])
        return float((out.argmax(1) == labels[400:]).float().mean())

    return train


class Cured(unittest.TestCase):
    def test_a_rate_a_hundred_times_too_high(self):
        cure = plumb.cure(mlp(), trainer(lr=30.0), **QUICK)
        self.assertEqual(cure.ending, "cured", cure)
        self.assertIn("set_rate", cure.winner.id)
        self.assertIn("torch.optim.SGD(model.parameters(), lr=", cure.code)
        self.assertNotIn("rate alone", cure.proof)
        self.assertGreater(cure.over_untreated.low, 0)
        self.assertEqual(cure.over_untreated.pairs, 4)
        self.assertTrue(all(seed >= 1000 for seed in cure.proof["cured"].seeds))
        self.assertEqual(cure.proof["cured"].seeds, cure.proof["untreated"].seeds)
        self.assertLessEqual(cure.trainings, 40)

    def test_a_deep_sigmoid_network(self):
        cure = plumb.cure(mlp(8, nn.Sigmoid), trainer(lr=0.2, steps=120), only=("init", "activation"), **QUICK)
        self.assertIn(cure.ending, ("cured", "better"), cure)
        self.assertIn(cure.winner.changes[0].group, ("init", "activation"))
        self.assertIn("rate alone", [*cure.proof, "rate alone" if cure.over_rate is None else ""])
        self.assertIn("plumb.init_(model, batch", cure.code)
        compile(cure.code, "code", "exec")
        model = cure.apply(mlp(8, nn.Sigmoid)(0))
        self.assertEqual(model(X[:3]).shape, (3, 4))
        self.assertIn("<b>", cure._repr_html_())
        self.assertIn("over untreated", str(cure))

    def test_inputs_on_many_scales(self):
        scale = 10.0 ** torch.linspace(-2, 3, 10)
        cure = plumb.cure(mlp(), trainer(scale=scale), only=("data",), **QUICK)
        self.assertEqual(cure.ending, "cured", cure)
        self.assertEqual(cure.winner.id, "scale_inputs")

    def test_a_start_beside_the_scale_of_inputs_is_measured_on_scaled_ones(self):
        scale = 10.0 ** torch.linspace(1, 4, 10)
        cure = plumb.cure(mlp(), trainer(scale=scale, steps=40), only=("data", "init"), **QUICK)
        pairs = [c for c in cure.candidates if len(c.changes) == 2]
        self.assertTrue(all(c.changes[0].id == "scale_inputs" for c in pairs))
        model = mlp()(0)
        for change in sorted(cure.candidates[0].changes + cure.candidates[1].changes, key=lambda c: c.group != "data"):
            change.apply(model, cure._patient, 0)
        given = []
        model[0].register_forward_hook(lambda module, inputs, output: given.append(output))
        model((X * scale)[:400])
        self.assertAlmostEqual(float(given[0].square().mean()), 1.0, delta=0.5)

    def test_a_rate_that_is_merely_poor_is_found_by_comparison(self):
        cure = plumb.cure(mlp(), trainer(lr=0.03, steps=80), **QUICK)
        self.assertLess(cure.untreated.mean_score, 0.5, cure)
        self.assertIn(cure.ending, ("cured", "better"), cure)
        self.assertGreaterEqual(cure.over_untreated.mean, 0.5 * (1 - cure.proof["untreated"].mean_score), cure)

    def test_a_training_that_stops_at_a_loss_that_is_no_number(self):
        inner = trainer(lr=1e5, returns="loss")

        def train(model):
            loss = inner(model)
            if not math.isfinite(loss) or loss > 1e3:
                raise ValueError("the loss diverged")
            return loss

        cure = plumb.cure(mlp(), train, only=("rate",), budget=40, proof_seeds=4, progress=False)
        self.assertEqual(cure.ending, "cured", cure)
        self.assertIn("the loss diverged", cure.untreated.errors[0])

    def test_a_shut_forget_gate(self):
        generator = torch.Generator().manual_seed(1)
        tokens = torch.randint(0, 4, (400, 12), generator=generator)

        class Recall(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed, self.rnn, self.head = nn.Embedding(4, 8), nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 4)
                with torch.no_grad():
                    self.rnn.bias_ih_l0[16:32] = -5

            def forward(self, x):
                return self.head(self.rnn(self.embed(x))[0][:, -1])

        def train(model):
            optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
            for _ in range(60):
                i = torch.randint(0, 300, (32,))
                loss = F.cross_entropy(model(tokens[i]), tokens[i, 0])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                return (model(tokens[300:]).argmax(1) == tokens[300:, 0]).float().mean()

        cure = plumb.cure(lambda seed: Recall(), train, only=("gates", "init"), **QUICK)
        self.assertIn(cure.ending, ("cured", "better"), cure)
        self.assertGreater(cure.over_untreated.mean, 0.3)


class LeftAlone(unittest.TestCase):
    def test_a_healthy_network_is_left_alone(self):
        cure = plumb.cure(mlp(), trainer(steps=300), **QUICK)
        self.assertEqual(cure.ending, "not_sick", cure)
        self.assertIsNone(cure.winner)
        self.assertEqual(cure.code, "")
        self.assertLessEqual(cure.trainings, 4)
        with self.assertRaises(ValueError):
            cure.apply(mlp()(0))

    def test_what_cannot_be_learned_has_no_cure(self):
        labels = torch.randint(0, 4, (500,), generator=torch.Generator().manual_seed(3))
        cure = plumb.cure(mlp(), trainer(labels=labels, steps=20), only=("data", "init"), constant=0.35, **QUICK)
        self.assertIn(cure.ending, ("not_found", "not_proven"), cure)
        self.assertRegex(str(cure), "no cure found within the budget|not proven")

    def test_a_hard_task_is_no_sickness(self):
        source = torch.Generator().manual_seed(5)
        labels = torch.where(torch.rand(500, generator=source) < 0.5, torch.randint(0, 4, (500,), generator=source), Y)
        cure = plumb.cure(mlp(1), trainer(lr=0.1, labels=labels, steps=200), **QUICK)
        self.assertLess(cure.untreated.mean_score, 0.5, cure)
        self.assertIn(cure.ending, ("not_sick", "inconclusive"), cure)
        self.assertIsNone(cure.winner)
        self.assertTrue(any("leave more than half" in note for note in cure.notes))

    def test_a_score_that_is_said_to_be_a_loss_raises_a_question(self):
        cure = plumb.cure(mlp(), trainer(steps=300), budget=40, proof_seeds=4, progress=False, dry_run=True)
        self.assertIn("higher_is_better=False right?", str(cure))

    def test_the_constant_answer_is_measured(self):
        cure = plumb.cure(mlp(), trainer(steps=300), **QUICK)
        share = float(torch.bincount(Y[400:]).max()) / 100
        self.assertLess(abs(cure.constant - share), 0.15)
        loss = plumb.cure(mlp(), trainer(steps=300, returns="loss"), budget=40, proof_seeds=4, progress=False)
        self.assertLess(abs(loss.constant - math.log(4)), 0.25)
        self.assertLess(loss.untreated.mean_value, 0.6)

    def test_ctrl_c_keeps_what_is_proven(self):
        calls = []
        inner = trainer(lr=30.0)

        def train(model):
            calls.append(1)
            if len(cure_steps) and cure_steps[-1] == 3:
                raise KeyboardInterrupt
            return inner(model)

        cure_steps = []

        def progress(doing, done, of):
            if "proving" in doing:
                cure_steps.append(done)

        cure = plumb.cure(mlp(), train, **{**QUICK, "progress": progress})
        self.assertEqual(cure.ending, "interrupted")
        self.assertEqual(cure.over_untreated.pairs, 2)
        self.assertEqual(_current, [])

    def test_a_dry_run_proves_nothing(self):
        cure = plumb.cure(mlp(), trainer(lr=30.0, steps=120), dry_run=True, **QUICK)
        self.assertEqual(cure.ending, "predicted")
        self.assertEqual(cure.candidates[0].id, "set_rate")
        self.assertEqual(cure.proof, {})

    def test_the_same_again_gives_the_same(self):
        options = {**QUICK, "only": ("data", "rate"), "budget": 30}
        a, b = (plumb.cure(mlp(), trainer(lr=30.0), **options) for _ in range(2))
        self.assertEqual(str(a), str(b))


class TrainStaysAsItIs(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.model = nn.Linear(3, 2, bias=False)
        self.before = self.model.weight.detach().clone()

    def steps(self, handed, count=1, make=None, scheduled=False):
        with Tap(self.model, handed) as tap:
            optimizer = (make or (lambda p: torch.optim.SGD(p, lr=0.5)))(self.model.parameters())
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5) if scheduled else None
            for _ in range(count):
                optimizer.zero_grad()
                self.model(torch.ones(4, 3)).sum().backward()
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
        return tap, optimizer

    def test_rate_warm_up_and_clipping_are_handed(self):
        self.steps(Handed(rate_factor=0.1))
        self.assertTrue(torch.allclose(self.before - self.model.weight, torch.full((2, 3), 0.5 * 0.1 * 4), atol=1e-6))
        self.setUp()
        self.steps(Handed(warm_up=4), 2)  # 1/4 and 2/4 of the rate
        self.assertTrue(torch.allclose(self.before - self.model.weight, torch.full((2, 3), 0.5 * 4 * 0.75), atol=1e-6))
        self.setUp()
        tap, _ = self.steps(Handed(clip_norm=1.0))
        self.assertAlmostEqual(float((self.before - self.model.weight).norm()), 0.5, delta=1e-6)
        self.assertAlmostEqual(tap.norms[0], 4 * math.sqrt(6), delta=1e-5)

    def test_a_scheduler_finds_its_own_rate(self):
        _, optimizer = self.steps(Handed(rate_factor=0.1), 2, scheduled=True)
        self.assertAlmostEqual(optimizer.param_groups[0]["lr"], 0.125)
        self.assertTrue(torch.allclose(self.before - self.model.weight, torch.full((2, 3), 0.1 * 4 * 0.75), atol=1e-6))

    def test_it_leaves_no_trace(self):
        original = torch.optim.Optimizer.__init__
        tap, optimizer = self.steps(Handed(rate_factor=0.1), make=lambda p: torch.optim.AdamW(p, lr=0.1))
        self.assertIs(torch.optim.Optimizer.__init__, original)
        self.assertEqual(len(self.model._forward_pre_hooks), 0)
        self.assertEqual(tap.steps, 1)
        other = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=1.0)
        self.assertNotIn("step", vars(other))
        self.assertNotIn("step", vars(optimizer))

    def test_optimisers_of_other_models_are_not_touched(self):
        other = nn.Linear(2, 2)
        with Tap(self.model, Handed(rate_factor=0.1)) as tap:
            torch.optim.SGD(other.parameters(), lr=1.0)
            self.assertEqual(tap.optimizers, [])


class Told(unittest.TestCase):
    def test_the_scale_of_columns_that_are_nearly_constant(self):
        x = torch.zeros(1000, 4)
        x[:, 0] = torch.randn(1000, generator=torch.Generator().manual_seed(2)) * 3 + 1
        x[7, 1] = 200.0  # far off by its own deviation: sqrt(999)
        x[:, 2] = 5.0
        statistics = InputStatistics(-1)
        for part in x.split(100):
            statistics.add(part)
        mean, deviation = statistics.known()
        self.assertAlmostEqual(float(deviation[0]), float(x[:, 0].double().std(unbiased=False)), places=9)
        self.assertAlmostEqual(float((200.0 - mean[1]) / deviation[1]), 10.0, places=9)
        self.assertEqual(deviation[2:].tolist(), [5.0, 1.0])

    def test_the_scale_of_scores(self):
        loss = Yardstick(False, 2.0, None)
        self.assertEqual([loss.score(v) for v in (2.0, 1.0, 0.0, 100.0, math.nan)], [0, 0.5, 1, -1, -1])
        score = Yardstick(True, 0.1, None)
        self.assertAlmostEqual(score.score(0.55), 0.5)
        with self.assertRaisesRegex(ValueError, "best="):
            Yardstick(False, -3.0, None).check()

    def test_differences_are_those_of_the_program(self):
        from plumb import _core

        pairs, mean, low, high, p = _core.paired_difference([1.0, 2.0, 3.0, math.nan], [0.0, 1.0, 1.0, 0.0])
        self.assertEqual(pairs, 3)
        self.assertAlmostEqual(mean, 4 / 3)
        self.assertAlmostEqual(mean - low, 4.303 / 3, delta=1e-9)
        self.assertAlmostEqual(high - mean, mean - low)
        self.assertAlmostEqual(p, 2 / 8)

    def test_wrong_arguments(self):
        with self.assertRaisesRegex(TypeError, "make_model"):
            plumb.cure(nn.Linear(2, 2).weight, trainer())
        with self.assertRaisesRegex(ValueError, "expected some of init"):
            plumb.cure(mlp(), trainer(), keep=("depth",))
        with self.assertRaisesRegex(ValueError, "budget"):
            plumb.cure(mlp(), trainer(), budget=10)
        with self.assertRaisesRegex(TypeError, "train returned None"):
            plumb.cure(mlp(), lambda model: None, progress=False)
        with self.assertRaisesRegex(TypeError, "expected a torch.nn.Module"):
            plumb.cure(lambda seed: 3, trainer(), progress=False)

    def test_what_the_untreated_training_raises_is_raised(self):
        def train(model):
            raise RuntimeError("no such file")

        with self.assertRaisesRegex(RuntimeError, "no such file"):
            plumb.cure(mlp(), train, progress=False)

    def test_a_training_without_an_optimiser_of_torch(self):
        def train(model):
            for _ in range(60):
                i = torch.randint(0, 400, (32,))
                model.zero_grad()
                F.cross_entropy(model(X[i]), Y[i]).backward()
                with torch.no_grad():
                    for p in model.parameters():
                        p -= 30.0 * p.grad
            with torch.no_grad():
                return float((model(X[400:]).argmax(1) == Y[400:]).float().mean())

        cure = plumb.cure(mlp(), train, **QUICK)
        self.assertIn(cure.ending, ("not_found", "not_proven", "better", "cured"))
        self.assertTrue(any("no optimiser" in note for note in cure.notes))


if __name__ == "__main__":
    unittest.main()
