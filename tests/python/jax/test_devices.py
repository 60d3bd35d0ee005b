# SPDX-License-Identifier: Apache-2.0
"""plumb.jax where a step is computed by several devices, or for several samples at once: the record is
that of the whole, whatever its parts."""

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"

import unittest
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec as P
from test_jax import batch, cross_entropy, equinox, file, linen, nnx

import plumb.jax

DEVICES = 4
STEPS = 2
LINE = Mesh(np.array(jax.devices()), ("d",))
GRID = Mesh(np.array(jax.devices()).reshape(2, 2), ("d", "m"))
SHUFFLED = Mesh(np.array(jax.devices())[[3, 1, 0, 2]], ("d",))


def descend(params, grads):
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)


def split(x):
    return x.reshape(DEVICES, -1, *x.shape[1:])


# Ways to compute the same step; of (loss, jit) they make a step (params, x, y) -> (params, loss).


def alone(loss, jit):
    @jit
    def step(params, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        return descend(params, grads), value

    return step


def sharded(mesh, of_batch, of_params=P()):
    def way(loss, jit):
        step = alone(loss, jit)

        def put(x, spec):
            fits = all(s is None or n % DEVICES == 0 for n, s in zip(x.shape, spec)) and len(spec) <= x.ndim
            return jax.device_put(x, NamedSharding(mesh, spec if fits else P()))

        def run(params, x, y):
            params = jax.tree.map(lambda p: put(p, of_params), params)
            return step(params, put(x, of_batch), put(y, P(*of_batch[:1])))

        return run

    return way


def explicit(loss, jit):
    mesh = jax.make_mesh((DEVICES,), ("d",), axis_types=(AxisType.Explicit,))
    run = sharded(mesh, P("d"))(loss, jit)

    def within(*arguments):
        with jax.set_mesh(mesh):
            return run(*arguments)

    return within


def pmapped(loss, jit):
    def body(params, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        return descend(params, jax.lax.pmean(grads, "d")), jax.lax.pmean(value, "d")

    step = jax.pmap(body, axis_name="d", in_axes=(None, 0, 0), out_axes=None)
    return lambda params, x, y: step(params, split(x), split(y))


def shard_mapped(check_vma, mesh=LINE, mean_inside=False):
    def way(loss, jit):
        def body(params, x, y):
            if mean_inside:
                value, grads = jax.value_and_grad(lambda *a: loss(*a))(params, x, y)
                return descend(params, grads), value
            value, grads = jax.value_and_grad(loss)(params, x, y)
            if check_vma:  # grads have been added up
                grads = jax.tree.map(lambda g: g / mesh.shape["d"], grads)
            else:
                grads = jax.lax.pmean(grads, "d")
            return descend(params, grads), jax.lax.pmean(value, "d")

        return jit(
            jax.shard_map(body, mesh=mesh, in_specs=(P(), P("d"), P("d")), out_specs=(P(), P()), check_vma=check_vma)
        )

    return way


def vmapped(loss, jit):
    @jit
    def step(params, x, y):
        values, grads = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(params, split(x), split(y))
        return descend(params, jax.tree.map(lambda g: g.mean(0), grads)), values.mean()

    return step


def vmapped_in_shard_map(loss, jit):
    def body(params, x, y):
        values, grads = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(params, x[:, None], y[:, None])
        grads = jax.tree.map(lambda g: jax.lax.pmean(g.mean(0), "d"), grads)
        return descend(params, grads), jax.lax.pmean(values.mean(), "d")

    return jit(
        jax.shard_map(body, mesh=LINE, in_specs=(P(), P("d"), P("d")), out_specs=(P(), P()), check_vma=False)
    )


def vmapped_of_sharded(loss, jit):
    @jit
    def step(params, x, y):
        values, grads = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(params, x[:, None], y[:, None])
        return descend(params, jax.tree.map(lambda g: g.mean(0), grads)), values.mean()

    def run(params, x, y):
        return step(params, jax.device_put(x, NamedSharding(LINE, P("d"))), y)

    return run


WAYS = {
    "jit, batch split": sharded(LINE, P("d")),
    "jit, batch split over devices in another order": sharded(SHUFFLED, P("d")),
    "jit, batch split over both axes": sharded(GRID, P(("d", "m"))),
    "jit, batch and columns of weights split": sharded(GRID, P("d"), P(None, "m")),
    "jit, batch and rows of weights split": sharded(LINE, P("d"), P("d")),
    "jit, explicit sharding": explicit,
    "pmap": pmapped,
    "shard_map": shard_mapped(True),
    "shard_map, a second axis does the same": shard_mapped(True, GRID),
    "shard_map, check_vma=False": shard_mapped(False),
    "vmap": vmapped,
    "vmap in shard_map": vmapped_in_shard_map,
    "vmap, batch split": vmapped_of_sharded,
}


def trained(way, loss, params, jit=jax.jit):
    step, losses = way(loss, jit), []
    for i in range(STEPS):
        params, value = step(params, *batch(i))
        losses.append(float(value))
    return params, losses


class Devices(unittest.TestCase):
    def watched(self, way, loss, params, own_jit, record="every=1"):
        w = plumb.jax.watch(loss, run=file(), record=record)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            ended, losses = trained(way, w, params, jax.jit if own_jit else w.jit)
            w.close()
        self.assertIsNone(w._taps.error)
        return w.run(), ended, losses

    def check_same(self, run, expected, name):
        self.assertEqual(len(run.steps["loss"]), STEPS, name)
        np.testing.assert_allclose(run.steps["loss"], expected.steps["loss"], rtol=1e-6, err_msg=name)
        compared = 0
        for layer in expected.layers:
            for role in ("z", "a", "grad_z", "grad_a"):
                compared += self.check_rows(run, expected, layer["path"], role, name)
        for param in expected.params:
            for role in ("weight", "grad_weight", "update"):
                compared += self.check_rows(run, expected, param["path"], role, name)
        self.assertGreater(compared, 10)
        for key in ("units", "dead_units"):
            np.testing.assert_array_equal(run.activations[key], expected.activations[key], name)
        np.testing.assert_allclose(run.activations["active_fraction"], expected.activations["active_fraction"], atol=2e-3)

    def check_rows(self, run, expected, path, role, name):
        ours, theirs = run.find(path, role), expected.find(path, role)
        self.assertEqual(len(ours), len(theirs), (name, path, role))
        for one, other in zip(ours, theirs):
            self.assertEqual(one["count"], other["count"], (name, path, role))
            if other["log2_rms"] > -25:  # of a bias of attention's keys there is but rounding
                self.assertAlmostEqual(one["log2_rms"], other["log2_rms"], delta=2e-5, msg=(name, path, role))
        return len(theirs)

    def check_ways(self, made, ways=WAYS):
        params, loss = made
        expected, _, losses = self.watched(alone, loss, params, True)
        for name, way in ways.items():
            plain, before = trained(way, loss, params)
            for own_jit in (True,) if way is pmapped else (True, False):
                run, ended, after = self.watched(way, loss, params, own_jit)
                np.testing.assert_allclose(before, after, rtol=1e-6, err_msg=name)
                for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(ended)):
                    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=name)
                self.check_same(run, expected, name)

    def test_linen_whatever_the_way(self):
        self.check_ways(linen())

    def test_equinox(self):
        some = ("jit, batch split", "pmap", "shard_map", "vmap")
        self.check_ways(equinox(), {name: WAYS[name] for name in some})

    def test_nnx(self):
        some = ("jit, batch and columns of weights split", "pmap", "shard_map, check_vma=False", "vmap")
        self.check_ways(nnx(), {name: WAYS[name] for name in some})

    def test_a_mean_within_the_loss(self):
        params, loss = linen()
        expected, _, _ = self.watched(alone, loss, params, True)
        run, _, _ = self.watched(
            shard_mapped(True, mean_inside=True), lambda *a: jax.lax.pmean(loss(*a), "d"), params, False
        )
        self.check_same(run, expected, "mean inside")

    def test_values_are_those_of_numpy(self):
        params, loss = linen(depth=2)
        layers = [params["params"][f"Dense_{i}"] for i in range(3)]
        weights = [(np.asarray(l["kernel"], np.float64), np.asarray(l["bias"], np.float64)) for l in layers]
        x, y = map(np.asarray, batch(0))
        values, reads = [], []
        read = x.astype(np.float64)
        for weight, bias in weights:
            reads.append(read)
            values.append(read @ weight + bias)
            read = np.maximum(values[-1], 0)
        exponents = np.exp(values[-1] - values[-1].max(1, keepdims=True))
        grad = (exponents / exponents.sum(1, keepdims=True) - np.eye(3)[y]) / len(y)
        grads = {}
        for i in (2, 1, 0):
            grads[i] = grad
            if i > 0:
                grad = (grad @ weights[i][0].T) * (values[i - 1] > 0)
        for name, way in WAYS.items():
            run, _, _ = self.watched(way, loss, params, own_jit=True)
            for i in range(3):
                expected = (("z", values[i]), ("grad_z", grads[i]), ("grad_weight", reads[i].T @ grads[i]))
                for role, true in expected:
                    row = run.find(f"Dense_{i}.kernel" if role == "grad_weight" else f"Dense_{i}", role)[0]
                    self.assertEqual(row["count"], true.size, (name, i, role))
                    self.assertAlmostEqual(2 ** row["log2_rms"] / np.sqrt((true**2).mean()), 1, delta=3e-6, msg=(name, i, role))

    def test_images_and_attention_split(self):
        import flax.linen as fl

        class Net(fl.Module):
            @fl.compact
            def __call__(self, x):
                x = x.reshape(len(x), 5, 2, 1)
                x = fl.relu(fl.Conv(8, (3, 3))(x))
                x = x.reshape(len(x), 10, 8)
                x = x + fl.SelfAttention(2)(fl.LayerNorm()(x))
                return fl.Dense(3)(x.mean(1))

        net = Net()
        params = net.init(jax.random.PRNGKey(0), jnp.zeros((1, 10)))
        some = ("jit, batch split", "jit, batch and columns of weights split", "pmap", "shard_map", "vmap")
        self.check_ways((params, lambda p, x, y: cross_entropy(net.apply(p, x), y)), {n: WAYS[n] for n in some})

    def test_steps_without_taps_have_the_same_bits(self):
        params, loss = linen()
        for name in ("jit, batch split over both axes", "jit, batch and columns of weights split", "shard_map", "vmap"):
            way = WAYS[name]
            plain, before = trained(way, loss, params)
            _, ended, after = self.watched(way, loss, params, False, record="off")
            self.assertEqual(before, after, name)
            for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(ended)):
                np.testing.assert_array_equal(a, b, name)

    def test_outside_of_jit(self):
        params, loss = linen()
        expected, _, _ = self.watched(alone, loss, params, True)
        run, _, _ = self.watched(lambda l, _: sharded(LINE, P("d"))(l, lambda f: f), loss, params, True)
        self.check_same(run, expected, "no jit")

    def test_remat_and_scan(self):
        weights = jax.random.normal(jax.random.PRNGKey(0), (5, 10, 10)) * 0.3

        def loss(p, x, y):
            x, _ = jax.lax.scan(lambda h, w: (jnp.tanh(h @ w), None), x, p["layers"])
            return (jax.checkpoint(lambda x: jnp.tanh(x @ p["last"]))(x) ** 2).mean()

        some = ("jit, batch split", "pmap", "shard_map", "vmap")
        self.check_ways(({"last": weights[0], "layers": weights}, loss), {n: WAYS[n] for n in some})

    # What cannot be measured is said, and computed as without.

    def check_refused(self, compute, says):
        params, loss = linen()
        expected = compute(loss, params)
        w = plumb.jax.watch(loss, run=file(), record="every=1")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for _ in range(3):
                found = jax.block_until_ready(compute(w, params))
            w.close()
            w.close()
        ours = [str(one.message) for one in said if "plumb measures no more" in str(one.message)]
        self.assertEqual(len(ours), 1, ours)
        self.assertIn(says, ours[0])
        for a, b in zip(jax.tree.leaves(expected), jax.tree.leaves(found)):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)

    def test_several_trainings_at_once(self):
        def ensemble(map_):
            def compute(loss, params):
                many = jax.tree.map(lambda p: jnp.stack([p + i for i in range(DEVICES)]), params)
                return map_(jax.grad(loss), in_axes=(0, None, None))(many, *batch(0))

            return compute

        self.check_refused(ensemble(jax.vmap), "several trainings")
        self.check_refused(ensemble(jax.pmap), "several trainings")

    def test_a_mesh_that_is_manual_in_part(self):
        def compute(loss, params):
            def body(p, x, y):
                return jax.tree.map(lambda g: g / 2, jax.grad(loss)(p, x, y))

            specs = (P(), P("d"), P("d"))
            step = jax.shard_map(body, mesh=GRID, in_specs=specs, out_specs=P(), axis_names={"d"})
            return jax.jit(step)(params, *batch(0))

        self.check_refused(compute, "shard_map over d alone")


if __name__ == "__main__":
    unittest.main()
