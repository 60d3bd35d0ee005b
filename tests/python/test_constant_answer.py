# SPDX-License-Identifier: Apache-2.0
"""What the best constant answer reaches is found out from the targets, or not said; and losses that pair all with all are."""

import unittest
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


def net(outputs=4):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, outputs))


def watched(loss_of, batches, outputs=4, rate=0.05, **options):
    """The watch of a training with a loss of (output, targets)."""
    model = net(outputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    with warnings.catch_warnings(), plumb.watch(model, optimizer, **options) as watch:
        warnings.simplefilter("ignore")  # of torch's own, about shapes
        for x, y in batches:
            optimizer.zero_grad()
            losses = loss_of(model(x), y)
            for loss in losses if isinstance(losses, list) else [losses]:
                loss.backward(retain_graph=isinstance(losses, list))
            optimizer.step()
    return watch


def classes(steps=16, n=20, shape=()):
    generator = torch.Generator().manual_seed(1)
    p = torch.tensor([0.6, 0.2, 0.15, 0.05])
    return [
        (
            torch.randn(n, 6, generator=generator),
            torch.multinomial(p.expand(n, 4), max(1, *shape, 1), True, generator=generator).reshape(n, *shape),
        )
        for _ in range(steps)
    ]


def values(steps=16, n=20, columns=3, mean=(5.0, -2.0, 1000.0)):
    generator = torch.Generator().manual_seed(2)
    spread = torch.tensor([1.0, 3.0, 0.5])[:columns]
    return [
        (torch.randn(n, 6, generator=generator), torch.tensor(mean)[:columns] + spread * torch.randn(n, columns, generator=generator))
        for _ in range(steps)
    ]


def told(watch):
    return watch.run().info.get("baseline_loss")


class Known(unittest.TestCase):
    def test_the_entropy_of_the_labels_for_cross_entropy(self):
        batches = classes()
        labels = torch.cat([y for _, y in batches])
        entropy = torch.distributions.Categorical(torch.bincount(labels).double()).entropy().item()
        for loss in (F.cross_entropy, lambda o, y: F.nll_loss(o.log_softmax(1), y), lambda o, y: F.nll_loss(o.softmax(1).log(), y)):
            self.assertAlmostEqual(told(watched(loss, batches)), entropy, places=6)

    def test_places_that_are_ignored_count_for_nothing(self):
        batches = classes(shape=(5,))
        for _, y in batches:
            y[:, 3:] = -100
        labels = torch.cat([y[:, :3].reshape(-1) for _, y in batches])
        entropy = torch.distributions.Categorical(torch.bincount(labels).double()).entropy().item()
        watch = watched(lambda o, y: F.cross_entropy(o[:, :, None].expand(-1, -1, 5), y), batches)
        self.assertAlmostEqual(told(watch), entropy, places=6)
        flat = watched(lambda o, y: F.cross_entropy(o[:, None].expand(-1, 5, -1).flatten(0, 1), y.flatten()), batches)
        self.assertAlmostEqual(told(flat), entropy, places=6)

    def test_the_variance_of_the_columns_for_the_squared_error(self):
        batches = values()
        variance = torch.cat([y for _, y in batches]).double().var(0, unbiased=False).mean().item()
        self.assertAlmostEqual(told(watched(F.mse_loss, batches, 3, 1e-5)), variance, delta=1e-6 * variance)

    def test_labels_that_say_nothing_are_not_learned(self):
        watch = watched(F.cross_entropy, classes(240), rate=0.02)
        self.assertEqual(watch.diagnose().outcome, "not_learning")

    def test_a_network_that_learns_is_healthy(self):
        batches = [(x, x[:, :4].argmax(1)) for x, _ in classes(300)]
        self.assertEqual(watched(F.cross_entropy, batches, rate=0.3).diagnose().outcome, "healthy")


class NotKnown(unittest.TestCase):
    def check(self, *arguments, **options):
        watch = watched(*arguments, **options)
        self.assertGreater(watch.steps, 0)
        self.assertIn(told(watch), (None,))

    def test_of_other_losses_nothing_is_said(self):
        weights = torch.tensor([1.0, 2.0, 1.0, 5.0])
        for name, loss in (
            ("weighted", lambda o, y: F.cross_entropy(o, y, weight=weights)),
            ("smoothed", lambda o, y: F.cross_entropy(o, y, label_smoothing=0.1)),
            ("summed", lambda o, y: F.cross_entropy(o, y, reduction="sum")),
            ("with a penalty", lambda o, y: F.cross_entropy(o, y) + 0.01 * o.square().mean()),
            ("times a factor", lambda o, y: F.cross_entropy(o, y) / 4),
            ("of several", lambda o, y: [F.cross_entropy(o, y), o.square().mean()]),
            ("of what is no probability", F.nll_loss),
            ("one that turns to another", lambda o, y: F.cross_entropy(o, y) if y[0] == 0 else o.square().mean()),
        ):
            with self.subTest(name):
                self.check(loss, classes())

    def test_of_targets_that_do_not_vary_nothing_is_said(self):
        self.check(lambda o, y: F.mse_loss(o, torch.zeros_like(o)), classes())
        self.check(lambda o, y: F.mse_loss(o, torch.full_like(o, 0.9)), classes())
        self.check(F.cross_entropy, [(x, torch.zeros_like(y)) for x, y in classes()])

    def test_of_few_updates_and_of_targets_that_are_computed_nothing_is_said(self):
        self.check(F.cross_entropy, classes(4))
        self.check(lambda o, y: F.mse_loss(o, o.flip(0)), classes())

    def test_what_is_told_stays(self):
        self.assertEqual(told(watched(F.cross_entropy, classes(), baseline=1.25)), 1.25)


class Pairs(unittest.TestCase):
    def test_every_loss_that_broadcasts_outputs_against_targets_is_named(self):
        for loss in (F.mse_loss, F.smooth_l1_loss, F.huber_loss):
            watch = watched(loss, [(x, y[:, 0]) for x, y in values()], 1, 1e-5)
            (line,) = watch.diagnose().loop
            self.assertIn("outputs (20, 1) and targets (20,) are broadcast", line)
            self.assertIn(line, watch.notes())

    def test_one_shape_and_one_target_for_all_are_right(self):
        for loss in (
            lambda o, y: F.mse_loss(o[:, 0], y[:, 0]),
            lambda o, y: F.mse_loss(o, y[:, :1]),
            lambda o, y: F.mse_loss(o, torch.tensor(1.0)),
            lambda o, y: F.mse_loss(o, y[:1, :1]),
            lambda o, y: F.l1_loss(o, y[:, :1].expand(-1, 1)),
        ):
            self.assertEqual(watched(loss, values(), 1, 1e-5).diagnose().loop, [])


if __name__ == "__main__":
    unittest.main()
