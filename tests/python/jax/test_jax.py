# SPDX-License-Identifier: Apache-2.0
"""plumb.jax on loss functions of flax.linen, flax.nnx, equinox and plain JAX."""

import os
import tempfile
import unittest
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax

import plumb.jax

KEY = jax.random.PRNGKey(0)


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def batch(i, n=32, width=10, classes=3):
    key = jax.random.fold_in(KEY, i)
    return jax.random.normal(key, (n, width)), jax.random.randint(key, (n,), 0, classes)


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def linen(activation=None, depth=3, width=16):
    import flax.linen as nn

    act = activation or nn.relu

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(depth):
                x = act(nn.Dense(width)(x))
            return nn.Dense(3)(x)

    net = Net()
    return net.init(KEY, jnp.zeros((1, 10))), lambda params, x, y: cross_entropy(net.apply(params, x), y)


def equinox():
    import equinox as eqx

    params, static = eqx.partition(eqx.nn.MLP(10, 3, 16, 2, key=KEY), eqx.is_array)
    return params, lambda p, x, y: cross_entropy(jax.vmap(eqx.combine(p, static))(x), y)


def nnx():
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.a, self.b = nnx.Linear(10, 16, rngs=rngs), nnx.Linear(16, 3, rngs=rngs)

        def __call__(self, x):
            return self.b(jax.nn.tanh(self.a(x)))

    graph, params = nnx.split(Net(nnx.Rngs(0)))
    return params, lambda p, x, y: cross_entropy(nnx.merge(graph, p)(x), y)


def train(params, loss, steps=4, lr=0.1, jit=jax.jit):
    optimizer = optax.sgd(lr)
    state = optimizer.init(params)

    @jit
    def step(params, state, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, value

    losses = []
    for i in range(steps):
        params, state, value = step(params, state, *batch(i))
        losses.append(float(value))
    return params, losses


class Jax(unittest.TestCase):
    def check(self, made, linear, jit_of=lambda w: w.jit, record="every=1"):
        params, loss = made
        plain, before = train(params, loss)
        w = plumb.jax.watch(loss, run=file(), record=record)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours, after = train(params, w, jit=jit_of(w))
            w.close()
        np.testing.assert_allclose(before, after, rtol=1e-6)
        for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(ours)):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-6)
        run = w.run()
        np.testing.assert_allclose(run.steps["loss"], before, rtol=1e-6)
        self.assertEqual([x["path"] for x in run.layers if x["family"] == "linear"], linear)
        for path in linear:
            for role in ("z", "grad_z"):
                self.assertEqual(len(run.find(path, role)), int(sum(run.steps["measured"])), (path, role))
        return run

    def test_linen(self):
        run = self.check(linen(), ["Dense_0", "Dense_1", "Dense_2", "Dense_3"])
        self.assertEqual([x["family"] for x in run.layers].count("activation"), 3)
        self.assertEqual(len(run.find("Dense_0.kernel", "grad_weight")), 4)
        self.assertEqual(len(run.find("Dense_0.kernel", "update")), 3)  # that of the last step nobody sees
        self.assertEqual({x["path"]: x["inputs"] for x in run.layers}["Dense_1"], ["relu"])
        self.assertEqual(len(run.activations["step"]), 4 * 3)

    def test_equinox(self):
        self.check(equinox(), ["layers.0", "layers.1", "layers.2"])

    def test_nnx(self):
        run = self.check(nnx(), ["a", "b"])
        self.assertEqual({x["path"]: x["inputs"] for x in run.layers}["b"], ["tanh"])

    def test_only_some_steps_are_measured(self):
        run = self.check(linen(), ["Dense_0", "Dense_1", "Dense_2", "Dense_3"], record="every=2")
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1, 0])

    def test_in_ones_own_jit(self):
        run = self.check(linen(), ["Dense_0", "Dense_1", "Dense_2", "Dense_3"], jit_of=lambda w: jax.jit, record="every=2")
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1, 0])

    def test_values_are_those_of_jax(self):
        params, loss = linen()
        x, y = batch(0)
        w = plumb.jax.watch(loss, run=file(), record="every=1")
        jax.block_until_ready(jax.jit(jax.value_and_grad(w))(params, x, y))
        w.close()
        run = w.run()
        first = params["params"]["Dense_0"]
        z = np.asarray(x @ first["kernel"] + first["bias"], np.float64)
        grad = np.asarray(jax.grad(loss)(params, x, y)["params"]["Dense_0"]["kernel"], np.float64)
        for path, role, true in (("Dense_0", "z", z), ("Dense_0.kernel", "grad_weight", grad)):
            row = run.find(path, role)[0]
            self.assertEqual(row["count"], true.size)
            self.assertAlmostEqual(2 ** row["log2_rms"] / np.sqrt((true**2).mean()), 1, places=5)

        def from_z(z):
            a, rest = jax.nn.relu(z), params["params"]
            for i in (1, 2):
                a = jax.nn.relu(a @ rest[f"Dense_{i}"]["kernel"] + rest[f"Dense_{i}"]["bias"])
            return cross_entropy(a @ rest["Dense_3"]["kernel"] + rest["Dense_3"]["bias"], y)

        true = np.asarray(jax.grad(from_z)(x @ first["kernel"] + first["bias"]), np.float64)
        self.assertAlmostEqual(2 ** run.find("Dense_0", "grad_z")[0]["log2_rms"] / np.sqrt((true**2).mean()), 1, places=5)

    def test_a_deep_sigmoid_network_is_named(self):
        params, loss = linen(jax.nn.sigmoid, depth=16, width=32)
        w = plumb.jax.watch(loss, run=file(), record="every=1")
        train(params, w, steps=6, jit=w.jit)
        found = {f.rule for f in w.diagnose()}
        self.assertIn("vanishing_gradient", found)

    def test_residuals_norms_and_attention(self):
        import flax.linen as nn

        class Block(nn.Module):
            @nn.compact
            def __call__(self, x):
                x = x + nn.SelfAttention(2)(nn.LayerNorm()(x))
                return x + nn.Dense(16)(nn.gelu(nn.Dense(32)(nn.LayerNorm()(x))))

        class Net(nn.Module):
            @nn.compact
            def __call__(self, tokens):
                x = nn.Embed(20, 16)(tokens)
                for _ in range(2):
                    x = Block()(x)
                return nn.Dense(20)(nn.LayerNorm()(x))

        net = Net()
        tokens = jax.random.randint(KEY, (4, 7), 0, 20)
        params = net.init(KEY, tokens)
        w = plumb.jax.watch(lambda p, t: cross_entropy(net.apply(p, t), t), run=file(), record="every=1")
        jax.block_until_ready(jax.jit(jax.value_and_grad(w))(params, tokens))
        w.close()
        families = [x["family"] for x in w.run().layers]
        self.assertEqual(families.count("residual"), 4)
        self.assertEqual(families.count("normalisation"), 5)
        self.assertEqual(families.count("attention"), 2)
        self.assertEqual(families.count("linear"), 2 * (4 + 2) + 1)

    def test_scan_remat_and_vmap_go_through(self):
        weights = jax.random.normal(KEY, (5, 10, 10)) * 0.3

        def loss(p, x):
            x, _ = jax.lax.scan(lambda h, w: (jnp.tanh(h @ w), None), x, p["layers"])
            x = jax.checkpoint(lambda x: jnp.tanh(x @ p["last"]))(x)
            return (x**2).mean()

        params = {"last": weights[0], "layers": weights}
        w = plumb.jax.watch(loss, run=file(), record="every=1")
        x = batch(0)[0]
        a, b = jax.jit(jax.grad(loss))(params, x), jax.jit(jax.grad(w))(params, x)
        for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b)):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
        jax.block_until_ready(jax.jit(jax.vmap(jax.grad(w), (None, 0)))(params, x))
        w.close()
        self.assertIsNone(w._taps.error)


    def test_a_second_watch_sees_all_sites(self):
        params, loss = linen()
        first = plumb.jax.watch(loss, run=file(), record="every=1")
        train(params, first, jit=first.jit)
        second = plumb.jax.watch(loss, run=file(), record="every=1")
        train(params, second, steps=3, jit=second.jit)
        train(params, first, steps=1, jit=first.jit)  # both go on
        for w, steps in ((first, 5), (second, 3)):
            w.close()
            run = w.run()
            self.assertEqual([len(run.find(f"Dense_{i}", "grad_z")) for i in range(4)], [steps] * 4)

    def test_two_losses_in_one_step(self):
        params, loss = linen()
        both = [plumb.jax.watch(lambda p, x, y, s=s: s * loss(p, x, y), run=file(), record="every=1") for s in (1.0, 8.0)]

        @jax.jit
        def step(params, x, y):
            return [jax.grad(w)(params, x, y) for w in both]

        jax.block_until_ready(step(params, *batch(0)))
        sizes = []
        for w in both:
            w.close()
            sizes.append(w.run().find("Dense_0", "grad_z")[0]["log2_rms"])
        self.assertAlmostEqual(sizes[1] - sizes[0], 3, places=5)

    def test_a_nan_is_recorded_and_named(self):
        params, loss = linen()
        w = plumb.jax.watch(loss, run=file(), record="every=1")
        step = w.jit(jax.value_and_grad(w))
        for i in range(6):
            x, y = batch(i)
            jax.block_until_ready(step(params, x.at[3, 2].set(jnp.nan) if i >= 4 else x, y))
        found = w.diagnose()
        w.close()
        run = w.run()
        self.assertEqual(list(np.isnan(run.steps["loss"])), [False] * 4 + [True] * 2)
        self.assertEqual([row["nonfinite"] > 0 for row in run.find("Dense_0", "z")], [False] * 4 + [True] * 2)
        self.assertIn("non_finite", [f.rule for f in found])

    def test_steps_between_have_the_same_bits(self):
        for made in (linen(), equinox(), nnx()):
            params, loss = made
            plain, before = train(params, loss)
            w = plumb.jax.watch(loss, run=file(), record="off")
            ours, after = train(params, w, jit=w.jit)
            w.close()
            self.assertEqual(before, after)
            for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(ours)):
                np.testing.assert_array_equal(a, b)


if __name__ == "__main__":
    unittest.main()
