# SPDX-License-Identifier: Apache-2.0
"""What the targets and the other players of a loss tell of a training, and that nothing is read into what tells nothing."""

import copy
import tempfile
import unittest
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


def mlp(inputs, outputs, end=None):
    layers = [nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, outputs)]
    return nn.Sequential(*layers, *([end] if end else []))


def fit(model, targets_of, loss=F.mse_loss, steps=160, **options):
    """The diagnosis of a training with Adam; targets_of(x): (outputs of 32 rows of 8 normal numbers)."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(1)
    with plumb.watch(model, optimizer, **options) as watch:
        for _ in range(steps):
            x = torch.randn(32, 8, generator=generator)
            optimizer.zero_grad()
            loss(model(x), targets_of(x)).backward()
            optimizer.step()
    return watch.diagnose()


def rules(diagnosis):
    return [f.rule for f in diagnosis if f.explained_by is None and f.severity != "note"]


class Targets(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def test_targets_far_from_zero_are_named_before_the_rate(self):
        for loss in (F.mse_loss, F.smooth_l1_loss, F.huber_loss):
            with self.subTest(loss.__name__):
                found = fit(mlp(8, 1), lambda x: 140 * (x[:, :1] + x[:, 1:2]) + 500, loss)
                self.assertEqual(found[0].rule, "target_scale")
                self.assertIn("y_train.mean", found[0].remedies[0].code)

    def test_so_it_is_where_sgd_diverges_of_it(self):
        model = mlp(8, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with plumb.watch(model, optimizer) as watch:
                for _ in range(60):
                    x = torch.randn(32, 8)
                    optimizer.zero_grad()
                    F.mse_loss(model(x), 200 * x[:, :1] + 500).backward()
                    optimizer.step()
        found = watch.diagnose()
        self.assertEqual(found[0].rule, "target_scale")
        self.assertTrue(all(f.explained_by is not None for f in found[1:] if f.rule == "update_too_large"))

    def test_targets_that_never_vary_are_no_success(self):
        self.assertEqual(fit(mlp(8, 1), lambda x: torch.full((32, 1), 0.7))[0].rule, "constant_targets")
        labels = fit(mlp(8, 3), lambda x: torch.full((32,), 2), F.cross_entropy)
        self.assertEqual(labels[0].rule, "constant_targets")
        self.assertEqual(rules(fit(mlp(8, 3), lambda x: (x[:, 0] > 0).long() * 2, F.cross_entropy)), [])

    def test_targets_beyond_the_output_are_named(self):
        self.assertEqual(fit(mlp(8, 1, nn.Tanh()), lambda x: 2 * x[:, :1] + 4)[0].rule, "output_range")
        image = fit(mlp(8, 100, nn.Sigmoid()), lambda x: x.repeat(1, 13)[:, :100])  # more columns than are kept one by one
        self.assertEqual(image[0].rule, "output_range")
        self.assertEqual(rules(fit(mlp(8, 1, nn.Sigmoid()), lambda x: torch.sigmoid(x[:, :1]))), [])

    def test_zeros_that_something_else_is_compared_with_are_no_targets(self):
        """A residual of physics, a contrast with a queue."""
        model = mlp(8, 1)
        self.assertNotIn("constant_targets", [f.rule for f in fit(model, lambda x: torch.zeros(32), lambda y, t: F.mse_loss(y[:, 0] ** 2 - 1, t))])
        queue = F.normalize(torch.randn(64, 16))

        def contrast(q, labels):
            q = F.normalize(q)
            return F.cross_entropy(torch.cat([(q * q.detach()).sum(1, keepdim=True), q @ queue.T], 1), labels)

        self.assertNotIn("constant_targets", [f.rule for f in fit(mlp(8, 16), lambda x: torch.zeros(32, dtype=torch.long), contrast)])

    def test_targets_that_are_broadcast_are_not_sorted_ones(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = fit(mlp(8, 1), lambda x: 2 * x[:, 0])
        self.assertEqual(found[0].rule, "training_loop")
        self.assertNotIn("sorted_batches", [f.rule for f in found])


def play(watches):
    """A game of two, with what watches(generator, discriminator, their optimisers) gives."""
    torch.manual_seed(0)
    g, d = mlp(8, 2), mlp(2, 1)
    og, od = torch.optim.Adam(g.parameters(), 1e-3), torch.optim.Adam(d.parameters(), 1e-3)
    held = watches(g, d, og, od)
    ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
    for _ in range(200):
        z, real = torch.randn(64, 8), 0.3 * torch.randn(64, 2) + 1
        od.zero_grad()
        F.mse_loss(d(torch.cat([real, g(z).detach()])), torch.cat([ones, zeros])).backward()
        od.step()
        og.zero_grad()
        F.binary_cross_entropy_with_logits(d(g(z)), ones).backward()
        og.step()
    for watch in held:
        watch.close()
    return held


class Players(unittest.TestCase):
    def test_a_loss_that_rises_as_the_other_learns_is_no_divergence(self):
        for watch in play(lambda g, d, og, od: [plumb.watch(d, od), plumb.watch(g, og)]):
            self.assertEqual(rules(watch.diagnose()), [])
            self.assertTrue(any("does not tell whether the model learns" in note for note in watch.notes()))

    def test_a_part_of_the_loss_that_is_not_trained_is_no_player(self):
        torch.manual_seed(0)
        other = mlp(1, 1)
        diagnosis = fit(mlp(8, 1), lambda x: x[:, :1], lambda y, t: F.mse_loss(other(y), t))
        self.assertNotEqual(diagnosis.outcome, "too_early")

    def test_optimisers_in_turns(self):
        class Both(nn.Module):
            def __init__(self):
                super().__init__()
                self.g, self.d = mlp(8, 2), mlp(2, 1)

            def forward(self, z, real=None):
                fake = self.g(z)
                return self.d(fake) if real is None else self.d(torch.cat([real, fake.detach()]))

        torch.manual_seed(0)
        model = Both()
        og, od = torch.optim.Adam(model.g.parameters(), 1e-3), torch.optim.Adam(model.d.parameters(), 1e-3)
        with plumb.watch(model, [og, od]) as watch:
            for _ in range(80):
                z, real = torch.randn(64, 8), 0.3 * torch.randn(64, 2) + 1
                od.zero_grad()
                F.binary_cross_entropy_with_logits(model(z, real), torch.cat([torch.ones(64, 1), torch.zeros(64, 1)])).backward()
                od.step()
                og.zero_grad()
                F.binary_cross_entropy_with_logits(model(z), torch.ones(64, 1)).backward()
                og.step()
        self.assertEqual(rules(watch.diagnose()), [])
        self.assertTrue(any("in turns" in note for note in watch.notes()))


class LowRank(nn.Module):
    def __init__(self, layer, rank=4):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, layer.in_features) * 0.05)
        self.B = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, x):
        return self.layer(x) + 2 * (x @ self.A.T) @ self.B.T


class Parts(unittest.TestCase):
    """Trainings of a part of a model."""

    def setUp(self):
        torch.manual_seed(0)
        self.model = mlp(8, 3)
        self.old = fit(self.model, lambda x: x[:, :3].argmax(1), F.cross_entropy)

    def test_layers_of_low_rank_beside_frozen_ones_are_healthy(self):
        for i in (0, 2, 4):
            self.model[i] = LowRank(self.model[i])
        optimizer = torch.optim.Adam([p for p in self.model.parameters() if p.requires_grad], lr=5e-3)
        with plumb.watch(self.model, optimizer) as watch:
            for _ in range(200):
                x = torch.randn(32, 8)
                optimizer.zero_grad()
                F.cross_entropy(self.model(x), x[:, 1:4].argmax(1)).backward()
                optimizer.step()
        self.assertEqual(rules(watch.diagnose()), [])
        self.assertIn(watch.diagnose().outcome, ("healthy", "converged"))
        sizes = {layer["path"]: (layer["fan_in"], layer["units"]) for layer in watch.run().layers}
        self.assertEqual((sizes["2.A"], sizes["2.B"]), ((32, 4), (4, 32)))

    def test_a_head_alone_is_well_or_not(self):
        for wrong in (False, True):
            model = copy.deepcopy(self.model)
            for p in model[:-1].parameters():
                p.requires_grad_(False)
            found = fit(model, lambda x: torch.randint(3, (32,)) if wrong else 2 - x[:, :3].argmax(1), F.cross_entropy)
            self.assertIn(found.outcome, ("not_learning", "too_early") if wrong else ("healthy", "converged"))


class Again(unittest.TestCase):
    def test_a_cell_that_runs_again_ends_the_watch_before(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/run.plumb"
            model = mlp(8, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
            first = plumb.watch(model, optimizer, run=path)
            for _ in range(3):
                F.mse_loss(model(torch.randn(4, 8)), torch.randn(4, 1)).backward()
                optimizer.step()
                optimizer.zero_grad()
            with self.assertWarnsRegex(RuntimeWarning, "earlier watch, of 3 steps, which ends here"):
                second = plumb.watch(model, optimizer, run=path)
            F.mse_loss(model(torch.randn(4, 8)), torch.randn(4, 1)).backward()
            optimizer.step()
            second.close()
            self.assertEqual(len(plumb.load(path).steps["step"]), 1)
            self.assertEqual(first.steps, 3)

    def test_one_file_for_two_threads_is_an_error(self):
        import threading

        with tempfile.TemporaryDirectory() as folder:
            held, errors = plumb.watch(mlp(8, 1), run=folder + "/run.plumb"), []

            def other():
                try:
                    plumb.watch(mlp(8, 1), run=folder + "/run.plumb")
                except ValueError as error:
                    errors.append(str(error))

            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            held.close()
        self.assertRegex(errors[0], "a watch in another thread writes; expected a file of its own")

    def test_lazy_modules_are_watched_from_their_first_call(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(3))
        diagnosis = fit(model, lambda x: x[:, :3].argmax(1), F.cross_entropy)
        self.assertIn(diagnosis.outcome, ("healthy", "converged"))


class Notes(unittest.TestCase):
    def test_a_dropout_that_is_off_is_no_hole_in_the_record(self):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.0), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters())
        with plumb.watch(model, optimizer, record="every=1") as watch:
            for _ in range(4):
                optimizer.zero_grad()
                F.cross_entropy(model(torch.randn(8, 8)), torch.randint(3, (8,))).backward()
                optimizer.step()
        self.assertEqual(watch.notes(), [])


if __name__ == "__main__":
    unittest.main()
