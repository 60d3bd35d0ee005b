#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one hook costs with the sketch that it makes, beside what people write into hooks: one number, or a
histogram as wandb's and TensorBoard's helpers make it.

All look at the same tensors, one after the other, each hook called by itself; the figure is the median over the rounds of the
thread's processor time a call, in microseconds.

    PYTHONPATH=build/dev/python/package python3 bench/attach/hook_cost.py [--rounds N] [--dtype float32]
"""

import argparse
import os
import statistics
import tempfile
import time

import numpy
import torch

import plumb._torch.watch  # tells _core the types of torch
from plumb import _core

SIZES = (64, 1024, 16 << 10, 256 << 10, 4 << 20)
#: Bytes that the tensors of one round have together, so that large ones come from memory.
ROUND = 64 << 20
MOST_CALLS = 64
#: TensorBoard's default bins: 1.1^k from 1e-12 up to 1e20, both signs.
EDGES = 1e-12 * 1.1 ** numpy.arange(775)
EDGES = numpy.concatenate([-EDGES[::-1], [0.0], EDGES])


def wandb_histogram(t):
    return torch.histc(t, 64, t.min().item(), t.max().item()).tolist()


def tensorboard_histogram(t):
    return numpy.histogram(t.float().numpy().reshape(-1), bins=EDGES)[0]


class Sketches:
    """Gradient hooks of a watched model, called as autograd calls them."""

    def __init__(self):
        self.core = _core.Watcher(os.path.join(tempfile.mkdtemp(), "run.plumb"), "every=1")
        layers = [self.core.add_layer(f"l{i}", "Linear", "linear") for i in range(MOST_CALLS)]
        self.hooks = [_core.gradient_hook(self.core, layer, _core.Layout.rows) for layer in layers]
        self.step = 0

    def begin(self):
        self.core.begin_step(self.step, True)
        self.core.in_backward = True
        self.step += 1

    def end(self):
        self.core.in_backward = False
        self.core.end_step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--dtype", default="float32")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dtype = getattr(torch, arguments.dtype)
    others = {
        ".norm().item()": lambda t: t.norm().item(),
        "histogram, wandb": wandb_histogram,
        "histogram, TensorBoard": tensorboard_histogram,
    }
    print(f"{'values':>9} {'sketch':>9} " + " ".join(f"{name:>22}" for name in others) + f" {'of .norm()':>11}")
    for size in SIZES:
        calls = max(1, min(MOST_CALLS, ROUND // (size * 4)))
        tensors = [torch.randn(max(1, size // 64), min(size, 64)).to(dtype) for _ in range(calls)]
        sketches, times = Sketches(), {"sketch": [], **{name: [] for name in others}}
        for _ in range(arguments.rounds):
            sketches.begin()
            begin = time.thread_time()
            for hook, tensor in zip(sketches.hooks, tensors):
                hook((tensor,))
            times["sketch"].append(time.thread_time() - begin)
            sketches.end()
            for name, look in others.items():
                if size > 256 << 10 and "TensorBoard" in name and len(times[name]) >= 3:
                    continue  # seconds each
                begin = time.thread_time()
                for tensor in tensors:
                    look(tensor)
                times[name].append(time.thread_time() - begin)
        us = {name: 1e6 * statistics.median(found) / calls for name, found in times.items()}
        print(
            f"{size:>9} {us['sketch']:>9.2f} "
            + " ".join(f"{us[name]:>22.1f}" for name in others)
            + f" {us['sketch'] / us['.norm().item()']:>11.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
