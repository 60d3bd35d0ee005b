#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""numpy_figure_one.py TENSORS.npz [SEEDS]: the curves of `plumb lab figure-1`, computed apart from plumb.

TENSORS holds the images of one full batch, as plumb writes them:

  plumb probe "flatten > dense 10" --data glyphs --limit 1000 --batch 1000 --validation 0 --shuffle false --seed 1 --no-check \\
    --save-tensors TENSORS.npz

Trains 2, 3 and 4 hidden layers of 30 sigmoids by the protocol (weights N(0, 1/fan_in), biases N(0, 1), binary cross-entropy
summed over ten sigmoid outputs, full batches, rate 0.1, weight decay 5/1000 on the weights) in double, with weights of its
own, and prints of each hidden layer's mean dJ/db the mean of log10 of its norm over SEEDS (16) seeds, and the deviation from
seed to seed. plumb/lab/experiments/figure_one_curves.cpp has the table.
"""

import sys

import numpy as np

EPOCHS = (0, 20, 100, 240, 499)
RATE, DECAY, WIDTH = 0.1, 5.0 / 1000, 30


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def curves(x, y, hidden, seeds):
    """log10 of the norms, [epoch of EPOCHS][seed][layer]."""
    rng = np.random.default_rng(20100 + hidden)
    sizes = [x.shape[1]] + hidden * [WIDTH] + [10]
    weights = [rng.standard_normal((seeds, a, b)) / np.sqrt(a) for a, b in zip(sizes, sizes[1:])]
    biases = [rng.standard_normal((seeds, 1, b)) for b in sizes[1:]]
    result = []
    for epoch in range(max(EPOCHS) + 1):
        activations = [np.broadcast_to(x, (seeds, *x.shape))]
        for weight, bias in zip(weights, biases):
            activations.append(sigmoid(activations[-1] @ weight + bias))
        delta = (activations[-1] - y) / len(x)
        norms = []
        for layer in reversed(range(len(weights))):
            grad_weight = np.swapaxes(activations[layer], 1, 2) @ delta
            grad_bias = delta.sum(axis=1, keepdims=True)
            norms.append(np.linalg.norm(grad_bias[:, 0], axis=1))
            if layer > 0:
                a = activations[layer]
                delta = (delta @ np.swapaxes(weights[layer], 1, 2)) * a * (1 - a)
            weights[layer] = weights[layer] * (1 - RATE * DECAY) - RATE * grad_weight
            biases[layer] = biases[layer] - RATE * grad_bias
        if epoch in EPOCHS:
            result.append(np.log10(np.stack(norms[::-1][:-1], axis=1)))
    return np.array(result)


def main():
    tensors = np.load(sys.argv[1])
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 16
    x = tensors["x"].reshape(len(tensors["x"]), -1)
    # The gradient of cross-entropy is below zero at the label alone.
    y = np.eye(10)[tensors["grad_out/1"].argmin(axis=1)]
    for hidden in (2, 3, 4):
        logs = curves(x, y, hidden, seeds)
        for epoch, of_seeds in zip(EPOCHS, logs):
            mean, spread = of_seeds.mean(axis=0), of_seeds.std(axis=0, ddof=1)
            print(f"    {{{hidden}, {epoch}, {{{', '.join(f'{m:.3f}' for m in mean)}}}, {{{', '.join(f'{s:.3f}' for s in spread)}}}}},", flush=True)


main()
