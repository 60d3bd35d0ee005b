# SPDX-License-Identifier: Apache-2.0
"""plumb.keras in model.fit(), on the backend that KERAS_BACKEND names: torch or jax."""

import os
import tempfile
import unittest
import warnings

import keras
import numpy as np

import plumb.keras

L = keras.layers
BACKEND = keras.backend.backend()
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def table(n=96, width=16, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = (y[:, None] / 2 - 1) * np.where(np.arange(width) % 2, 1, -1) + 0.3 * rng.standard_normal((n, width))
    return x.astype("float32"), y


def images(n=48, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 8, 8, 3)).astype("float32"), rng.integers(0, 5, n)


def mlp():
    return keras.Sequential([L.Input((16,)), L.Dense(12, activation="relu"), L.Dense(8), L.Activation("tanh"), L.Dense(5)])


def cnn():
    x = inputs = L.Input((8, 8, 3))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = L.BatchNormalization()(x)
    y = L.Conv2D(8, 3, padding="same")(x)
    x = L.add([x, y])
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(5)(L.Dropout(0.2)(x)))


def sigmoids(depth=16, width=32):
    return keras.Sequential([L.Input((16,)), *[L.Dense(width, activation="sigmoid") for _ in range(depth)], L.Dense(5)])


def fit(make, data, watched=True, epochs=1, optimizer=None, validation=None, **options):
    keras.backend.clear_session()  # names begin anew
    keras.utils.set_random_seed(3)
    model = make()
    model.compile(optimizer or keras.optimizers.SGD(0.05, momentum=0.9), LOSS, metrics=["accuracy"])
    callback = plumb.keras.Watch(run=file(), record="every=1", **options)
    history = model.fit(*data, batch_size=16, epochs=epochs, verbose=0, shuffle=False, validation_data=validation,
                        callbacks=[callback] if watched else [])
    return model, history.history["loss"], callback.watch


def rms(x):
    return float(np.sqrt(np.mean(np.square(np.asarray(x, np.float64)))))


class Keras(unittest.TestCase):
    def same(self, make, data):
        plain, before, _ = fit(make, data, watched=False, epochs=2)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="plumb")
            ours, after, watch = fit(make, data, epochs=2)
        exact = BACKEND == "torch"  # XLA fuses otherwise where a tap stands between
        np.testing.assert_allclose(before, after, rtol=0 if exact else 1e-5)
        for a, b in zip(plain.get_weights(), ours.get_weights()):
            np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-6)
        return watch.run()

    def test_an_mlp_trains_as_without_and_all_its_layers_are_seen(self):
        run = self.same(mlp, table())
        linear = [layer["path"] for layer in run.layers if layer["family"] == "linear"]
        self.assertEqual(linear, ["dense", "dense_1", "dense_2"])
        for path in linear:
            for role in ("z", "grad_z"):
                self.assertEqual(len(run.find(path, role)), 12, (path, role))
        self.assertEqual([layer["family"] for layer in run.layers].count("activation"), 2)
        self.assertEqual(len(run.activations["step"]), 2 * 12)
        self.assertEqual(len(run.find("dense.kernel", "grad_weight")), 12)
        self.assertGreaterEqual(len(run.find("dense.kernel", "update")), 11)
        self.assertEqual({p["path"]: p["use"] for p in run.params}["dense.kernel"], "weight")
        self.assertEqual({layer["path"]: layer["fan_in"] for layer in run.layers}["dense_1"], 12)
        self.assertEqual({layer["path"]: layer["fan_in"] for layer in run.layers}["dense"], 16)

    def test_images_residuals_and_norms(self):
        run = self.same(cnn, images())
        families = [layer["family"] for layer in run.layers]
        self.assertEqual(families.count("linear"), 3)
        self.assertEqual(families.count("residual"), 1)
        self.assertEqual(families.count("normalisation"), 1)
        self.assertEqual(len(run.find("conv2d.kernel", "grad_weight")), 6)

    def test_values_are_those_of_the_model(self):
        data = table(16)
        keras.utils.set_random_seed(3)
        model = mlp()
        first = model.layers[0]
        kernel, bias = first.get_weights()
        model.compile(keras.optimizers.SGD(0.05), LOSS)
        callback = plumb.keras.Watch(run=file(), record="every=1")
        loss = model.evaluate(*data, batch_size=16, verbose=0)
        model.fit(*data, batch_size=16, verbose=0, shuffle=False, callbacks=[callback])
        run = callback.watch.run()
        name = next(layer["path"] for layer in run.layers if layer["family"] == "linear")
        (row,) = run.find(name, "z")
        self.assertEqual(row["count"], 16 * 12)
        self.assertAlmostEqual(2 ** row["log2_rms"] / rms(data[0] @ kernel + bias), 1, places=4)
        self.assertAlmostEqual(run.steps["loss"][0], loss, places=5)
        (weight,) = run.find(name + ".kernel", "weight")
        self.assertAlmostEqual(2 ** weight["log2_rms"] / rms(kernel), 1, places=5)
        (gradient,) = run.find(name + ".kernel", "grad_weight")
        moved = (kernel - first.get_weights()[0]) / 0.05  # what plain SGD took off
        self.assertAlmostEqual(2 ** gradient["log2_rms"] / rms(moved), 1, places=3)

    def test_a_deep_sigmoid_network_is_named_in_kerass_words(self):
        _, _, watch = fit(sigmoids, table())
        found = {f.rule: f for f in watch.diagnose()}
        self.assertIn("vanishing_gradient", found)
        self.assertEqual(found["vanishing_gradient"].cause_kind, "activation_derivative")
        self.assertTrue(any(r.code and "keras.layers" in r.code for r in found["vanishing_gradient"].remedies))

    def test_nothing_is_left_behind_and_a_second_fit_is_a_run_of_its_own(self):
        model = mlp()
        optimizer = keras.optimizers.Adam(1e-3)
        model.compile(optimizer, LOSS)
        names = set(vars(model)), set(vars(optimizer))
        activation = model.layers[0].activation
        for _ in range(2):
            callback = plumb.keras.Watch(run=file(), record="every=1")
            model.fit(*table(), batch_size=32, verbose=0, validation_data=table(16), callbacks=[callback])
            run = callback.watch.run()
            self.assertEqual(list(run.steps["step"]), [0, 1, 2])
            self.assertEqual(run.info["end"], "finished")
            self.assertIs(model.layers[0].activation, activation)
            self.assertNotIn("apply", set(vars(optimizer)) - names[1])
            self.assertNotIn("compute_loss_and_updates", set(vars(model)) - names[0])
        model.fit(*table(), verbose=0)

    def test_a_model_can_be_saved_while_it_is_watched(self):
        path = os.path.join(tempfile.mkdtemp(), "model.keras")
        keras.utils.set_random_seed(3)
        model = mlp()
        model.compile("adam", LOSS)
        saving = keras.callbacks.ModelCheckpoint(path, save_freq=1)
        model.fit(*table(), batch_size=32, verbose=0, callbacks=[plumb.keras.Watch(run=file(), record="every=1"), saving])
        again = keras.models.load_model(path)
        np.testing.assert_allclose(again.predict(table()[0], verbose=0), model.predict(table()[0], verbose=0), rtol=1e-5)

    @unittest.skipUnless(BACKEND == "torch", "a watch of JAX has no log()")
    def test_the_validation_loss_is_recorded(self):
        _, _, watch = fit(mlp, table(), epochs=2, validation=table(32, seed=1))
        values = [v for v in watch.run().steps["validation_loss"] if np.isfinite(v)]
        self.assertEqual(len(values), 2)


if __name__ == "__main__":
    unittest.main()
