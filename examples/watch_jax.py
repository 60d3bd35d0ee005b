#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb in JAX: the loss function of a deep sigmoid network is watched; the training step stays as it is."""

import flax.linen as nn
import jax
import optax

import plumb.jax


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(16):
            x = nn.sigmoid(nn.Dense(32)(x))
        return nn.Dense(4)(x)


key = jax.random.PRNGKey(0)
labels = jax.random.randint(key, (32,), 0, 4)
x = jax.random.normal(key, (32, 16)) + labels[:, None]
net, optimizer = Net(), optax.sgd(0.05)
params = net.init(key, x)
state = optimizer.init(params)

w = plumb.jax.watch(lambda p, x, y: optax.softmax_cross_entropy_with_integer_labels(net.apply(p, x), y).mean(), run="watch_jax.plumb")


@w.jit  # in the place of jax.jit
def step(params, state, x, y):
    loss, gradients = jax.value_and_grad(w)(params, x, y)
    updates, state = optimizer.update(gradients, state)
    return optax.apply_updates(params, updates), state, loss


for _ in range(20):
    params, state, loss = step(params, state, x, labels)
w.close()
print(w.diagnose())
