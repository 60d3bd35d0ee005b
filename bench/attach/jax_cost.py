#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What plumb.jax.watch costs: processor time of a training step, of variants that take turns in one process.

    PYTHONPATH=build/dev/python/package bench/attach/jax_cost.py [ROUNDS] [MODEL...]

Each figure is the median of the ratios to the plain step just before it. everything: all sites, parameters,
gradients and updates, every step; unmeasured: the version of Watch.jit that is run in the steps between.
"""

import os
import statistics
import sys
import tempfile
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import optax

import plumb.jax

KEY = jax.random.PRNGKey(0)


def mlp():
    """50 relu layers of 128, batch 128."""
    params = [jax.random.normal(jax.random.fold_in(KEY, i), (128, 128)) * (2 / 128) ** 0.5 for i in range(50)]
    x, y = jax.random.normal(KEY, (128, 128)), jax.random.normal(KEY, (128, 128))

    def loss(params, x, y):
        for w in params:
            x = jax.nn.relu(x @ w)
        return ((x - y) ** 2).mean()

    return params, loss, (x, y)


def decoder():
    """6 blocks of 256 with 4 heads, 2 x 128 tokens."""
    import flax.linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            x = nn.Embed(100, 256)(tokens)
            mask = nn.make_causal_mask(tokens)
            for _ in range(6):
                x = x + nn.SelfAttention(4)(nn.LayerNorm()(x), mask)
                x = x + nn.Dense(256)(nn.gelu(nn.Dense(1024)(nn.LayerNorm()(x))))
            return nn.Dense(100)(nn.LayerNorm()(x))

    net = Net()
    tokens = jax.random.randint(KEY, (2, 128), 0, 100)

    def loss(params, x, y):
        return optax.softmax_cross_entropy_with_integer_labels(net.apply(params, x), y).mean()

    return net.init(KEY, tokens), loss, (tokens, tokens)


MODELS = {"mlp": mlp, "decoder": decoder}


class Training:
    def __init__(self, make, record):
        params, loss, self.batch = make()
        self.watch = None if record is None else plumb.jax.watch(loss, run=tempfile.mktemp(), record=record)
        loss = self.watch or loss
        optimizer = optax.sgd(1e-3, momentum=0.9)
        jit = self.watch.jit if self.watch else jax.jit

        @jit
        def step(params, state, x, y):
            value, grads = jax.value_and_grad(loss)(params, x, y)
            updates, state = optimizer.update(grads, state)
            return optax.apply_updates(params, updates), state, value

        self.step, self.state = step, (params, optimizer.init(params))

    def run(self):
        begin = time.process_time()
        *self.state, loss = jax.block_until_ready(self.step(*self.state, *self.batch))
        return time.process_time() - begin


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for name in sys.argv[2:] or MODELS:
        make = MODELS[name]
        plain = Training(make, None)
        variants = {"everything": Training(make, "every=1"), "unmeasured": Training(make, "off"), "plain again": Training(make, None)}
        for _ in range(3):
            for one in (plain, *variants.values()):
                one.run()
        ratios = {key: [] for key in variants}
        times = []
        for _ in range(rounds):
            for key, variant in variants.items():
                times.append(plain.run())
                ratios[key].append(variant.run() / times[-1])
        figures = ", ".join(f"{key} {statistics.median(r):.3f}" for key, r in ratios.items())
        print(f"{name}: plain {1e3 * statistics.median(times):.2f} ms; {figures}; load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
