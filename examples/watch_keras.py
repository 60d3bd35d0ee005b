#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb in Keras 3: a deep sigmoid network is fitted, watched by a callback. KERAS_BACKEND is torch or jax."""

import keras
import numpy as np

import plumb.keras

keras.utils.set_random_seed(0)
labels = np.random.randint(0, 4, 512)
x = (np.random.randn(512, 16) + labels[:, None]).astype("float32")

layers = [keras.layers.Dense(32, activation="sigmoid") for _ in range(16)]
model = keras.Sequential([keras.Input((16,)), *layers, keras.layers.Dense(4)])
model.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

callback = plumb.keras.Watch(run="watch_keras.plumb")
model.fit(x, labels, batch_size=32, epochs=2, verbose=0, callbacks=[callback])
print(callback.watch.diagnose())
