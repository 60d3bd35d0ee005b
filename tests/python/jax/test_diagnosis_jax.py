# SPDX-License-Identifier: Apache-2.0
"""Trainings in JAX that go wrong, and healthy ones beside them: what is found, and the code that is advised."""

import os
import tempfile
import unittest
import warnings

import equinox as eqx
import flax.linen as fl
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import plumb.jax
from plumb.jax import _words

KEY = jax.random.PRNGKey(0)
CENTRES = np.random.default_rng(0).normal(size=(4, 20))
HE = jax.nn.initializers.he_normal()


def rows(i, n=64, scale=1.0, shift=0.0):
    draw = np.random.default_rng(i)
    y = draw.integers(0, 4, n)
    x = CENTRES[y] + 0.7 * draw.normal(size=(n, 20))
    return jnp.asarray(shift + scale * x, jnp.float32), jnp.asarray(y)


def images(i, n=32):
    x, y = rows(i, n)
    picture = 0.3 * np.random.default_rng(i).normal(size=(n, 8, 8, 1))
    picture[:, :4, :5, 0] += np.asarray(x).reshape(n, 4, 5)
    return jnp.asarray(picture, jnp.float32), y


def sequences(i, n=32):
    x = np.random.default_rng(i).normal(size=(n, 24, 4))
    return jnp.asarray(x, jnp.float32), jnp.asarray((x[:, -1, 0] > 0).astype(int))


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


class Linen:
    @staticmethod
    def of(call, x):
        class Net(fl.Module):
            @fl.compact
            def __call__(self, x):
                return call(x)

        net = Net()
        return net.init(KEY, x[:1]), lambda p, x, y: cross_entropy(net.apply(p, x), y)

    @classmethod
    def mlp(cls, act, depth):
        def call(x):
            for _ in range(depth):
                x = act(fl.Dense(32)(x))
            return fl.Dense(4)(x)

        return cls.of(call, rows(0)[0])

    @classmethod
    def cnn(cls, bias):
        def call(x):
            for _ in range(4):
                x = fl.relu(fl.Conv(16, (3, 3), kernel_init=HE, bias_init=jax.nn.initializers.constant(bias))(x))
            return fl.Dense(4)(x.mean((1, 2)))

        return cls.of(call, images(0)[0])

    @classmethod
    def lstm(cls):
        return cls.of(lambda x: fl.Dense(2)(fl.RNN(fl.OptimizedLSTMCell(32))(x)[:, -1]), sequences(0)[0])


class Nnx:
    @staticmethod
    def of(net):
        graph, params = nnx.split(net)
        return params, lambda p, x, y: cross_entropy(nnx.merge(graph, p)(x), y)

    @classmethod
    def mlp(cls, act, depth):
        class Net(nnx.Module):
            def __init__(self, rngs):
                self.layers = nnx.List([nnx.Linear(20 if i == 0 else 32, 32, rngs=rngs) for i in range(depth)])
                self.head = nnx.Linear(32, 4, rngs=rngs)

            def __call__(self, x):
                for layer in self.layers:
                    x = act(layer(x))
                return self.head(x)

        return cls.of(Net(nnx.Rngs(0)))

    @classmethod
    def cnn(cls, bias):
        class Net(nnx.Module):
            def __init__(self, rngs):
                start = dict(kernel_init=HE, bias_init=jax.nn.initializers.constant(bias), rngs=rngs)
                self.convs = nnx.List([nnx.Conv(1 if i == 0 else 16, 16, (3, 3), **start) for i in range(4)])
                self.head = nnx.Linear(16, 4, rngs=rngs)

            def __call__(self, x):
                for conv in self.convs:
                    x = nnx.relu(conv(x))
                return self.head(x.mean((1, 2)))

        return cls.of(Net(nnx.Rngs(0)))


class Equinox:
    @staticmethod
    def of(model):
        params, static = eqx.partition(model, eqx.is_array)
        return params, lambda p, x, y: cross_entropy(jax.vmap(eqx.combine(p, static))(x), y)

    @classmethod
    def mlp(cls, act, depth):
        return cls.of(eqx.nn.MLP(20, 4, 32, depth, activation=act, key=KEY))

    @classmethod
    def cnn(cls, bias):
        class Net(eqx.Module):
            convs: list
            head: eqx.nn.Linear

            def __init__(self):
                keys = jax.random.split(KEY, 5)
                made = [eqx.nn.Conv2d(1 if i == 0 else 16, 16, 3, padding=1, key=keys[i]) for i in range(4)]
                start = lambda c: (c.weight * 6**0.5, jnp.full_like(c.bias, bias))  # noqa: E731
                self.convs = [eqx.tree_at(lambda c: (c.weight, c.bias), c, start(c)) for c in made]
                self.head = eqx.nn.Linear(16, 4, key=keys[4])

            def __call__(self, x):
                x = jnp.moveaxis(x, -1, 0)
                for conv in self.convs:
                    x = jax.nn.relu(conv(x))
                return self.head(x.mean((1, 2)))

        return cls.of(Net())

    @classmethod
    def lstm(cls):
        class Net(eqx.Module):
            cell: eqx.nn.LSTMCell
            head: eqx.nn.Linear

            def __call__(self, x):
                first = (jnp.zeros(32), jnp.zeros(32))
                (h, _), _ = jax.lax.scan(lambda state, x: (self.cell(x, state), None), first, x)
                return self.head(h)

        return cls.of(Net(eqx.nn.LSTMCell(4, 32, key=KEY), eqx.nn.Linear(32, 2, key=KEY)))


LIBRARIES = {"linen": Linen, "nnx": Nnx, "equinox": Equinox}


def trained(made, batches, transform, steps=60, **options):
    params, loss = made
    state = transform.init(params)
    w = plumb.jax.watch(loss, run=os.path.join(tempfile.mkdtemp(), "run.plumb"), record="every=5", **options)
    w.baseline(loss=float(np.log(4)), accuracy=0.25)

    @w.jit
    def step(params, state, x, y):
        value, grads = jax.value_and_grad(w)(params, x, y)
        updates, state = transform.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for i in range(steps):
            params, state, _ = step(params, state, *batches(i))
        found = w.diagnose()
        w.close()
    return found, w


def worst(found):
    return [f.rule for f in found if f.severity == "critical"]


class Diagnosis(unittest.TestCase):
    def of_each(self, make, batches, rate=0.1, **options):
        for name, library in LIBRARIES.items():
            yield name, trained(make(library), batches, optax.sgd(rate), **options)[0]

    def test_a_deep_sigmoid_network(self):
        for name, found in self.of_each(lambda lib: lib.mlp(jax.nn.sigmoid, 16), rows):
            self.assertEqual(found[0].rule, "vanishing_gradient", name)
            self.assertIn("activation derivative", found[0].cause + found[0].symptom + found.verdict)
            self.assertIn("x = jnp.tanh(x)  # in the place of sigmoid", [r.code for r in found[0].remedies])

    def test_healthy_networks(self):
        for name, found in self.of_each(lambda lib: lib.mlp(jax.nn.relu, 3), rows):
            self.assertEqual(worst(found), [], name)
        for name, found in self.of_each(lambda lib: lib.cnn(0.0), images):
            self.assertEqual(worst(found), [], name)

    def test_a_network_of_dead_relus(self):
        for name, found in self.of_each(lambda lib: lib.cnn(-3.0), images):
            self.assertTrue({"closed_units", "dead_units"} & {found[0].rule}, (name, found.verdict))
            codes = "\n".join(r.code or "" for f in found for r in f.remedies)
            if name == "equinox":
                self.assertIn("eqx.tree_at(lambda m: m.convs[", codes)
            else:
                self.assertIn("bias_init=jax.nn.initializers.constant(0)", codes)

    def test_a_rate_that_is_too_high(self):
        for options in ({}, {"optimizer": "sgd", "learning_rate": 30.0}):
            for name, found in self.of_each(lambda lib: lib.mlp(jax.nn.relu, 3), rows, 30.0, **options):
                self.assertEqual(found[0].rule, "update_too_large", (name, found.verdict))
                self.assertEqual(found[0].remedies[0].kind, "lower_rate", (name, found[0].cause_kind))

    def test_the_rate_is_seen_where_it_is_that_of_the_gradient(self):
        for transform, rate in ((optax.sgd(0.07), 0.07), (optax.adam(1e-3), 0)):
            _, w = trained(Linen.mlp(jnp.tanh, 2), rows, transform, 12)
            measured = np.asarray(w.run().steps["measured"]) == 1
            seen = np.asarray(w.run().steps["learning_rate"])[measured][:-1]
            np.testing.assert_allclose(seen, rate, rtol=5e-3)

    def test_inputs_that_are_not_scaled(self):
        def batches(i):
            return rows(i, scale=300.0, shift=2000.0)

        for name, found in self.of_each(lambda lib: lib.mlp(jax.nn.relu, 3), batches):
            self.assertEqual(found[0].rule, "input_scale", (name, found.verdict))

    def test_lstms_that_learn(self):
        for name in ("linen", "equinox"):
            found, _ = trained(LIBRARIES[name].lstm(), sequences, optax.adam(1e-2))
            self.assertEqual(worst(found), [], name)


class Code(unittest.TestCase):
    """What is advised can be run as it stands."""

    def words(self, library):
        return _words.Words(library, {"fc": {"weight": "kernel", "bias": "bias"}, "layers.0": {"weight": "weight", "bias": "bias"}})

    SCHEMES = (
        {"scheme": "he_normal"}, {"scheme": "he_uniform"}, {"scheme": "glorot_normal"}, {"scheme": "glorot_uniform", "gain": 1.4},
        {"scheme": "orthogonal"}, {"scheme": "orthogonal", "gain": 1.5}, {"gain": 1.7}, {"gain": 2**0.5}, {},
    )

    def test_starts_of_flax(self):
        for arguments in self.SCHEMES:
            code = self.words("linen").code_of("initialise", arguments, "fc", "fc")
            made = fl.Dense(64, **eval(f"dict({code.partition('  #')[0]})", {"jax": jax}))  # noqa: S307
            kernel = made.init(KEY, jnp.zeros((1, 256)))["params"]["kernel"]
            gain = arguments.get("gain", 2**0.5 if arguments.get("scheme", "he").startswith("he") else 1)
            if arguments.get("scheme", "").startswith("glorot"):
                expected = gain * (2 / (256 + 64)) ** 0.5
            elif arguments.get("scheme") == "orthogonal":
                expected = gain / 16
            else:
                expected = gain / 16
            self.assertAlmostEqual(float(kernel.std()) / expected, 1, delta=0.05, msg=(arguments, code))

    def test_starts_of_equinox(self):
        for arguments in self.SCHEMES:
            names = {"jax": jax, "eqx": eqx, "key": KEY, "model": eqx.nn.MLP(256, 4, 64, 1, key=KEY)}
            exec(self.words("equinox").code_of("initialise", arguments, "layers.0", "layers.0"), names)  # noqa: S102
            weight = names["model"].layers[0].weight
            self.assertEqual(weight.shape, (64, 256))
            if arguments.get("scheme", "he").startswith("he"):
                self.assertAlmostEqual(float(weight.std()) * 256**0.5 / arguments.get("gain", 2**0.5), 1, delta=0.05)
            exec(self.words("equinox").code_of("set_bias", {"value": 0.25}, "layers.0", "layers.0"), names)  # noqa: S102
            self.assertEqual(float(names["model"].layers[0].bias.mean()), 0.25)

    def test_starts_of_plain_parameters(self):
        names = {"jax": jax, "key": KEY, "params": {"fc": {"kernel": jnp.zeros((256, 64)), "bias": jnp.zeros(64)}}}
        exec(self.words("").code_of("initialise", {"scheme": "he_normal"}, "fc", "fc"), names)  # noqa: S102
        self.assertAlmostEqual(float(names["params"]["fc"]["kernel"].std()) * 16, 2**0.5, delta=0.05)

    def test_the_rest(self):
        x, names = jnp.ones((3, 4)), {"jax": jax, "jnp": jnp, "optax": optax, "rate": 0.1, "optimizer": optax.sgd(0.1)}
        for library in ("linen", "nnx", "equinox", ""):
            for kind, arguments in (
                ("replace_activation", {"activation": "tanh"}), ("replace_activation", {"activation": "gelu"}),
                ("lower_rate", {"rate": 0.01}), ("warm_up", {}), ("clip_norm", {"at": 3.0}), ("clip_norm", {"at": "its usual size"}),
                ("adaptive_optimiser", {}), ("clean_data", {}), ("lower_eps", {}),
            ):
                code = self.words(library).code_of(kind, arguments, "relu_1", "fc")
                exec(code, {**names, "x": x})  # noqa: S102

    def test_libraries_are_told_apart(self):
        for name, library in LIBRARIES.items():
            self.assertEqual(_words.library_of(library.mlp(jax.nn.relu, 1)[0]), name)
        self.assertEqual(_words.library_of({"w": 1}), "")


if __name__ == "__main__":
    unittest.main()
