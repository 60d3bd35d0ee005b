# SPDX-License-Identifier: Apache-2.0
"""Which loss a JAX function computes, what the best constant answer reaches, and what follows from both for the verdict."""

import os
import tempfile
import unittest
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax

import plumb.jax
from plumb.jax._loss import find_loss
from plumb.jax._rewrite import is_inlined

N, COLUMNS = 16, 5
X, WEIGHT, NARROW = jnp.ones((N, 7)), jnp.ones((7, COLUMNS)), jnp.ones((7, 1))
LABELS, VALUES = jnp.zeros(N, int), jnp.ones((N, COLUMNS))
of_labels = optax.softmax_cross_entropy_with_integer_labels
of_rows = optax.softmax_cross_entropy


def one_hot(y):
    return jax.nn.one_hot(y, COLUMNS)


def by_hand_binary(z, y):
    return -(y * jnp.log(jax.nn.sigmoid(z)) + (1 - y) * jnp.log(1 - jax.nn.sigmoid(z))).mean()


#: name: (loss of outputs and targets, targets), by what it is, and its factor.
FOUND = {
    ("cross_entropy", 1.0): {
        "optax": (lambda z, y: of_labels(z, y).mean(), LABELS),
        "optax of rows": (lambda z, y: of_rows(z, y).mean(), VALUES),
        "one_hot": (lambda z, y: of_rows(z, one_hot(y)).mean(), LABELS),
        "labels as floats": (lambda z, y: of_labels(z, y.astype(int)).mean(), jnp.ones(N)),
        "take_along_axis": (lambda z, y: -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean(), LABELS),
        "indices": (lambda z, y: -jax.nn.log_softmax(z)[jnp.arange(N), y].mean(), LABELS),
        "log of softmax": (lambda z, y: -(jnp.log(jax.nn.softmax(z)) * one_hot(y)).sum(1).mean(), LABELS),
        "logsumexp": (lambda z, y: (jax.nn.logsumexp(z, 1) - (z * one_hot(y)).sum(1)).mean(), LABELS),
        "vmap of a sample": (lambda z, y: jax.vmap(lambda z, y: -jax.nn.log_softmax(z)[y])(z, y).mean(), LABELS),
        "jit within": (jax.jit(lambda z, y: jax.jit(of_labels)(z, y).mean()), LABELS),
        "remat": (jax.checkpoint(lambda z, y: of_labels(z, y).mean()), LABELS),
        "transposed": (lambda z, y: -jax.nn.log_softmax(z.T, 0)[y, jnp.arange(N)].mean(), LABELS),
    },
    ("cross_entropy", 1.0, "weights"): {
        "a mask of labels": (lambda z, y: (of_labels(z, y) * (y != 0)).sum() / (y != 0).sum(), LABELS),
        "where": (lambda z, y: of_labels(z, jnp.maximum(y, 0)).mean(where=y >= 0), LABELS),
        "select": (lambda z, y: jnp.where(y > 0, of_labels(z, y), 0).sum() / (y > 0).sum(), LABELS),
    },
    ("cross_entropy", 0.25): {"a quarter": (lambda z, y: of_labels(z, y).mean() / 4, LABELS)},
    ("binary_cross_entropy", 1.0): {
        "optax": (lambda z, y: optax.sigmoid_binary_cross_entropy(z, y).mean(), VALUES),
        "by hand": (by_hand_binary, VALUES),
    },
    ("mse", 1.0): {
        "by hand": (lambda z, y: ((z - y) ** 2).mean(), VALUES),
        "the other way round": (lambda z, y: jnp.square(y - z).mean(), VALUES),
        "optax": (lambda z, y: optax.squared_error(z, y).mean(), VALUES),
        "targets that are scaled": (lambda z, y: ((z - (y - 3) / 7) ** 2).mean(), VALUES),
    },
    ("mse", 0.5): {"optax": (lambda z, y: optax.l2_loss(z, y).mean(), VALUES)},
    ("mse", COLUMNS): {"sum of the columns": (lambda z, y: ((z - y) ** 2).sum(1).mean(), VALUES)},
    ("cross_entropy", None): {
        "summed": (lambda z, y: of_labels(z, y).sum(), LABELS),
    },
    (None, None): {
        "weights of classes": (lambda z, y: (of_labels(z, y) * jnp.arange(1.0, 6.0)[y]).mean(), LABELS),
        "focal": (lambda z, y: optax.sigmoid_focal_loss(z, y, gamma=2.0).mean(), VALUES),
        "huber": (lambda z, y: optax.huber_loss(z, y).mean(), VALUES),
        "absolute": (lambda z, y: jnp.abs(z - y).mean(), VALUES),
        "two losses": (lambda z, y: of_labels(z, y).mean() + (z**2).mean(), LABELS),
        "of itself": (lambda z, y: ((z - jnp.roll(z, 1, 0)) ** 2).mean(), VALUES),
        "nothing to compare with": (lambda z, y: (z**2).mean() + z.sum(), VALUES),
    },
}


def found_of(loss, *arguments):
    """loss: of (weight, ...)."""
    closed = jax.make_jaxpr(loss)(*arguments)
    return find_loss(closed, [True] + [False] * (len(arguments) - 1), is_inlined)


class Losses(unittest.TestCase):
    def check(self, found, kind, factor, name):
        self.assertEqual(None if found is None else found.kind, kind, name)
        if kind is not None:
            self.assertAlmostEqual(found.factor, factor, delta=1e-4, msg=name) if factor else self.assertTrue(np.isnan(found.factor), name)

    def test_however_they_are_written(self):
        for (kind, factor, *weights), ways in FOUND.items():
            for name, (loss, targets) in ways.items():
                found = found_of(lambda w, x, y: loss(x @ w, y), WEIGHT, X, targets)
                self.check(found, kind, factor, name)
                self.assertEqual(found is not None and found.weights is not None, bool(weights), name)

    def test_of_one_output(self):
        for targets in (LABELS, jnp.ones(N)):
            found = found_of(lambda w, x, y: optax.sigmoid_binary_cross_entropy((x @ w)[:, 0], y).mean(), NARROW, X, targets)
            self.check(found, "binary_cross_entropy", 1.0, "squeezed")
        found = found_of(lambda w, x, y: (((x @ w).squeeze(-1) - y) ** 2).mean(), NARROW, X, jnp.ones(N))
        self.check(found, "mse", 1.0, "squeezed")

    def test_targets_that_it_closes_over(self):
        labels, values = jnp.arange(N) % COLUMNS, jnp.sin(jnp.arange(N * COLUMNS).reshape(N, COLUMNS))
        self.check(found_of(lambda w, x: of_labels(x @ w, labels).mean(), WEIGHT, X), "cross_entropy", 1.0, "labels")
        self.check(found_of(lambda w: ((X @ w - values) ** 2).mean(), WEIGHT), "mse", 1.0, "values")

    def test_a_penalty_is_no_part_of_it(self):
        found = found_of(lambda w, x, y: of_labels(x @ w, y).mean() + 0.01 * (w**2).sum(), WEIGHT, X, LABELS)
        self.check(found, "cross_entropy", None, "penalty")

    def test_tokens_that_are_the_next_ones(self):
        tokens = jnp.zeros((8, 6), int)
        found = found_of(lambda w, t: of_labels(jax.nn.one_hot(t[:, :-1], 7) @ w, t[:, 1:]).mean(), WEIGHT, tokens)
        self.check(found, "cross_entropy", 1.0, "tokens")

    def test_in_few_bits(self):
        half = jnp.bfloat16
        found = found_of(lambda w, x, y: of_labels(x.astype(half) @ w.astype(half), y).mean(), WEIGHT, X, LABELS)
        self.check(found, "cross_entropy", 1.0, "bfloat16")

    def test_outputs_that_are_probabilities(self):
        for act, are in ((jax.nn.softmax, True), (jax.nn.sigmoid, False), (lambda z: z, False), (jax.nn.log_softmax, False)):
            found = found_of(lambda w, x, y: of_labels(act(x @ w), y).mean(), WEIGHT, X, LABELS)
            self.check(found, "cross_entropy", 1.0, str(act))
            self.assertEqual(found.are_probabilities, are)

    def test_what_is_too_large_is_not_computed(self):
        found = found_of(lambda w, x, y: of_labels(x @ w, y).mean(), jnp.ones((7, 3000)), jnp.ones((4000, 7)), jnp.zeros(4000, int))
        self.assertIsNone(found)


def rows(i, n=32, classes=4):
    draw = np.random.default_rng(i)
    x = draw.normal(size=(n, 20))
    y = x[:, :classes].argmax(1)
    return x.astype(np.float32), y


def parameters(outputs, depth=2, width=32):
    draw = np.random.default_rng(0)
    sizes = [20, *[width] * depth, outputs]
    return [jnp.asarray(draw.normal(size=(a, b)) * (2 / a) ** 0.5, jnp.float32) for a, b in zip(sizes, sizes[1:])]


def outputs_of(params, x):
    for w in params[:-1]:
        x = jax.nn.relu(x @ w)
    return x @ params[-1]


def trained(loss_of, batches, outputs=4, rate=0.1, steps=60, record="every=5", jit=lambda w: w.jit, **options):
    """(watch, diagnosis) of a training with a loss of (outputs, targets)."""
    params = parameters(outputs)
    w = plumb.jax.watch(
        lambda p, x, y: loss_of(outputs_of(p, x), y), run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record=record, **options
    )

    @jit(w)
    def step(params, x, y):
        value, grads = jax.value_and_grad(w)(params, x, y)
        return jax.tree.map(lambda p, g: p - rate * g, params, grads), value

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for i in range(steps):
            params, _ = step(params, *batches(i))
        found = w.diagnose()
        w.close()
    return w, found


def told(watch):
    return watch.run().info.get("baseline_loss")


def mean_cross_entropy(z, y):
    return of_labels(z, y).mean()


def entropy(frequencies):
    return float(-(frequencies * np.log(frequencies)).sum())


def shown(watch, batches):
    """The targets of the steps that were measured."""
    return np.concatenate([batches(i)[1] for i, yes in enumerate(watch.run().steps["measured"]) if yes])


class Baselines(unittest.TestCase):
    def test_the_entropy_of_the_labels(self):
        def batches(i):
            return rows(i)[0], np.random.default_rng(i).choice(4, 32, p=[0.6, 0.2, 0.15, 0.05])

        def in_rows(i):
            return batches(i)[0], np.eye(4, dtype=np.float32)[batches(i)[1]]

        for loss, given, options in (
            (mean_cross_entropy, batches, {}),
            (lambda z, y: of_rows(z, jax.nn.one_hot(y, 4)).mean(), batches, {}),
            (lambda z, y: of_rows(z, y).mean(), in_rows, {}),
            (mean_cross_entropy, batches, {"jit": lambda w: jax.jit}),
            (lambda z, y: mean_cross_entropy(z, y) / 8, batches, {}),
        ):
            w, _ = trained(loss, given, **options)
            counts = np.bincount(shown(w, batches))
            factor = 0.125 if loss(jnp.zeros((1, 4)), given(0)[1][:1]) < 1 else 1
            self.assertAlmostEqual(told(w) / factor, entropy(counts / counts.sum()), places=6)

    def test_of_a_batch_that_is_always_the_same(self):
        x, y = rows(0, 120)
        w = plumb.jax.watch(
            lambda p: mean_cross_entropy(outputs_of(p, x), y), run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record="every=1"
        )
        step, params = w.jit(jax.value_and_grad(w)), parameters(4)
        for _ in range(12):
            params = jax.tree.map(lambda p, g: p - 0.1 * g, params, step(params)[1])
        w.close()
        self.assertAlmostEqual(told(w), entropy(np.bincount(y) / len(y)), places=6)

    def test_labels_that_are_left_out_count_for_nothing(self):
        def batches(i):
            return rows(i)[0], np.random.default_rng(i).choice(5, 32, p=[0.4, 0.1, 0.2, 0.2, 0.1]) - 1

        w, _ = trained(lambda z, y: of_labels(z, jnp.maximum(y, 0)).mean(where=y >= 0), batches)
        counts = np.bincount(shown(w, batches)[shown(w, batches) >= 0])
        self.assertAlmostEqual(told(w), entropy(counts / counts.sum()), places=6)

    def test_the_variance_of_the_columns(self):
        def batches(i):
            draw = np.random.default_rng(i)
            return rows(i)[0], (np.array([5, -2, 100.0]) + np.array([1, 3, 0.5]) * draw.normal(size=(32, 3))).astype(np.float32)

        for loss, factor in (
            (lambda z, y: ((z - y) ** 2).mean(), 1),
            (lambda z, y: optax.l2_loss(z, y).mean(), 0.5),
            (lambda z, y: ((z - y) ** 2).sum(1).mean(), 3),
        ):
            w, _ = trained(loss, batches, 3, 1e-5)
            variance = shown(w, batches).astype(np.float64).var(0).mean()
            self.assertAlmostEqual(told(w) / (factor * variance), 1, places=5)

    def test_the_entropy_of_each_column(self):
        def batches(i):
            return rows(i)[0], (np.random.default_rng(i).uniform(size=(32, 3)) < [0.1, 0.5, 0.7]).astype(np.float32)

        w, _ = trained(lambda z, y: optax.sigmoid_binary_cross_entropy(z, y).mean(), batches, 3)
        expected = np.mean([entropy(np.array([p, 1 - p])) for p in shown(w, batches).mean(0)])
        self.assertAlmostEqual(told(w), expected, places=6)

    def test_of_what_is_none_nothing_is_said(self):
        def soft(i):
            x, y = rows(i)
            return x, (0.9 * np.eye(4)[y] + 0.025).astype(np.float32)

        for name, loss, batches in (
            ("weights", lambda z, y: (of_labels(z, y) * jnp.arange(1.0, 5.0)[y]).mean(), rows),
            ("summed", lambda z, y: of_labels(z, y).sum(), rows),
            ("soft labels", lambda z, y: of_rows(z, y).mean(), soft),
            ("one class", mean_cross_entropy, lambda i: (rows(i)[0], np.zeros(32, int))),
            ("labels below 0", mean_cross_entropy, lambda i: (rows(i)[0], rows(i)[1] - 1)),
            ("soft halves", lambda z, y: optax.sigmoid_binary_cross_entropy(z, y).mean(), soft),
            ("targets that do not vary", lambda z, y: ((z - y) ** 2).mean(), lambda i: (rows(i)[0], np.full((32, 4), 0.9, np.float32))),
            ("sizes of which each has a factor", lambda z, y: of_labels(z, y).sum() / 32, lambda i: rows(i, 32 - 16 * (i % 10 == 0))),
        ):
            with self.subTest(name):
                self.assertIsNone(told(trained(loss, batches, rate=1e-3)[0]))
        self.assertIsNone(told(trained(mean_cross_entropy, rows, steps=20)[0]))  # of few updates

    def test_what_is_told_stays(self):
        self.assertEqual(told(trained(mean_cross_entropy, rows, baseline=1.25)[0]), 1.25)

    def test_samples_in_an_order(self):
        def batches(i):
            x, y = rows(i, 128)
            return x[y == i // 30][:16], y[y == i // 30][:16]

        _, found = trained(mean_cross_entropy, batches, record="every=1", steps=120)
        self.assertIn("sorted_batches", [f.rule for f in found])
        _, found = trained(mean_cross_entropy, rows, record="every=1", steps=120)
        self.assertNotIn("sorted_batches", [f.rule for f in found])

    def test_training_has_the_same_bits(self):
        """But for a measured step, in which XLA fuses less."""
        for record in ("off", "every=1"):
            params, ours = parameters(4), parameters(4)

            def loss(p, x, y):
                return mean_cross_entropy(outputs_of(p, x), y)

            w = plumb.jax.watch(loss, run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record=record)
            plain, watched = jax.jit(jax.value_and_grad(loss)), w.jit(jax.value_and_grad(w))
            for i in range(4):
                value, grads = plain(params, *rows(i))
                other, its = watched(ours, *rows(i))
                np.testing.assert_allclose(value, other, rtol=0 if record == "off" else 1e-6)
                params, ours = (jax.tree.map(lambda p, g: p - 0.1 * g, p, g) for p, g in ((params, grads), (ours, its)))
            w.close()
            for a, b in zip(params, ours):
                np.testing.assert_allclose(a, b, rtol=0, atol=0 if record == "off" else 1e-6)


class Pairs(unittest.TestCase):
    def test_a_loss_that_broadcasts_outputs_against_targets_is_named(self):
        def batches(i):
            return rows(i)[0], np.random.default_rng(i).normal(size=32).astype(np.float32)

        for loss in (lambda z, y: ((z - y) ** 2).mean(), lambda z, y: optax.l2_loss(z - y).mean()):
            w, found = trained(loss, batches, 1, 1e-3, steps=12)
            (line,) = found.loop
            self.assertIn("outputs (32, 1) and targets (32,) are broadcast", line)
            self.assertIn(line, w.notes())
            self.assertIn("training_loop", [finding.rule for finding in found])
            self.assertNotEqual(found.outcome, "healthy")
            self.assertIsNone(told(w))

    def test_one_shape_and_one_target_for_all_are_right(self):
        def batches(i):
            return rows(i)[0], np.random.default_rng(i).normal(size=(32, 1)).astype(np.float32)

        for loss in (
            lambda z, y: ((z - y) ** 2).mean(),
            lambda z, y: ((z[:, 0] - y[:, 0]) ** 2).mean(),
            lambda z, y: ((z - y[:1]) ** 2).mean(),
            lambda z, y: ((z - 1.0) ** 2).mean(),
        ):
            self.assertEqual(trained(loss, batches, 1, 1e-3, steps=12)[1].loop, [])


class Verdicts(unittest.TestCase):
    def test_losses_of_several_parts_end_no_books(self):
        """A variational autoencoder, and a contrastive loss of two passes."""

        def auto(z, y):
            return (z**2).sum(1).mean() + 0.1 * (jnp.exp(z) - 1 - z).sum(1).mean()

        def contrastive(z, y):
            z = z / jnp.linalg.norm(z, axis=1, keepdims=True)
            return of_labels(z[:16] @ z[16:].T / 0.2, jnp.arange(16)).mean()

        for loss in (auto, contrastive):
            w, found = trained(loss, rows, rate=0.01)
            self.assertNotIn(found.outcome, ("not_recorded", "not_measured"))
            self.assertGreater(len(w.run().ledger["step"]), 0)

    def test_pixels_that_are_not_scaled_are_not_healthy(self):
        def pixels(i):
            x, y = rows(i)
            return np.clip(128 + 40 * x, 0, 255), y

        _, found = trained(mean_cross_entropy, pixels, steps=120)
        self.assertEqual((found.outcome, found[0].rule), ("not_learning", "input_scale"), found.verdict)
        _, found = trained(mean_cross_entropy, lambda i: (pixels(i)[0] / 64 - 2, pixels(i)[1]), steps=120)
        self.assertEqual((found.outcome, list(found)), ("healthy", []))

    def test_labels_that_say_nothing_are_not_learned(self):
        def batches(i):
            return rows(i)[0], np.random.default_rng(1000 + i).integers(0, 4, 32)

        self.assertEqual(trained(mean_cross_entropy, batches, rate=0.02, steps=120)[1].outcome, "not_learning")

    def test_an_activation_before_the_loss(self):
        def binary(z, y):
            return optax.sigmoid_binary_cross_entropy(z, jax.nn.one_hot(y, 4)).mean()

        for name, loss, severity in (
            ("softmax", lambda z, y: mean_cross_entropy(jax.nn.softmax(z), y), "critical"),
            ("softmax by hand", lambda z, y: mean_cross_entropy(jnp.exp(z) / jnp.exp(z).sum(1, keepdims=True), y), "critical"),
            ("softmax, rows", lambda z, y: of_rows(jax.nn.softmax(z), jax.nn.one_hot(y, 4)).mean(), "critical"),
            ("sigmoid", lambda z, y: mean_cross_entropy(jax.nn.sigmoid(z), y), "critical"),
            ("sigmoid, binary", lambda z, y: binary(jax.nn.sigmoid(z), y), "critical"),
            ("tanh", lambda z, y: mean_cross_entropy(jnp.tanh(z), y), None),
            ("relu", lambda z, y: mean_cross_entropy(jax.nn.relu(z), y), None),
        ):
            _, found = trained(loss, rows)
            self.assertEqual([f.rule for f in found][:1], ["logits_activation"], name)
            if severity:
                self.assertEqual(found[0].severity, severity, name)
            self.assertIn("loss", found.verdict)

    def test_losses_of_logits_are_left_alone(self):
        for name, loss in (
            ("optax", mean_cross_entropy),
            ("log_softmax before it", lambda z, y: mean_cross_entropy(jax.nn.log_softmax(z), y)),
            ("log of softmax", lambda z, y: -(jnp.log(jax.nn.softmax(z)) * jax.nn.one_hot(y, 4)).sum(1).mean()),
            ("binary", lambda z, y: optax.sigmoid_binary_cross_entropy(z, jax.nn.one_hot(y, 4)).mean()),
            ("binary by hand", lambda z, y: by_hand_binary(z, jax.nn.one_hot(y, 4))),
            ("squares of probabilities", lambda z, y: ((jax.nn.softmax(z) - jax.nn.one_hot(y, 4)) ** 2).sum(1).mean()),
        ):
            _, found = trained(loss, rows, rate=0.3, steps=120)
            self.assertEqual((name, found.outcome, [f.rule for f in found]), (name, "healthy", []))


if __name__ == "__main__":
    unittest.main()
