#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a watch with a budget costs a whole training, from plumb.watch() to the end of close().

Two trainings of one process take turns, in blocks of steps: one watched, one not. The figures are the ratios of their sums,
of time that went by and of processor time, the thread that writes the file included. The watch's clock leaves out the other
one's turns.

    PYTHONPATH=build/release/python/package python3 bench/attach/budget.py [--models mlp ...] [--steps 300 3000]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "python"))

import models  # noqa: E402
import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
from cost import mlp, transformer  # noqa: E402

import plumb  # noqa: E402


def cnn():
    layers, channels = [], 3
    for out in (16, 16, 32, 32):
        layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
        channels = out
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))
    return model, lambda: (torch.randn(16, 3, 20, 20), torch.randint(0, 5, (16,)))


MODELS = {"mlp": mlp, "cnn": cnn, "transformer": transformer}
BLOCK = 10


class Clocks:
    """Of time that went by and of processor time of all threads, of one of two trainings."""

    def __init__(self):
        self.spent = [0.0, 0.0]
        self.began = None

    def __enter__(self):
        self.began = time.perf_counter(), time.process_time()

    def __exit__(self, *error):
        now = time.perf_counter(), time.process_time()
        self.spent = [s + n - b for s, n, b in zip(self.spent, now, self.began)]


class WithoutOthers:
    """The clock of a watch that leaves out the other training's turns."""

    def __init__(self, clock):
        self.clock, self.others, self.began = clock, (0.0, 0.0), None

    def __call__(self):
        return tuple(a - b for a, b in zip(self.clock(), self.others))

    def __enter__(self):
        self.began = self.clock()

    def __exit__(self, *error):
        self.others = tuple(o + a - b for o, a, b in zip(self.others, self.clock(), self.began))


class Training:
    def __init__(self, name):
        torch.manual_seed(0)
        self.model, _ = MODELS[name]()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9)
        self.clocks = Clocks()

    def run(self, batches):
        with self.clocks:
            for x, y in batches:
                self.optimizer.zero_grad()
                models.cross_entropy(self.model(x), y).backward()
                self.optimizer.step()


def pair(name, steps, budget):
    """(ratio of time that went by, ratio of processor time, measured steps, what the watch says of its budget)"""
    plain, watched = Training(name), Training(name)
    batch = MODELS[name]()[1]
    for training in (plain, watched):
        training.run([batch() for _ in range(3)])  # what torch prepares at first is nobody's cost
        training.clocks = Clocks()
    with tempfile.TemporaryDirectory() as folder:
        with watched.clocks:
            watch = plumb.watch(watched.model, watched.optimizer, run=os.path.join(folder, "run.plumb"), budget=budget)
        pace = watch._steps.pace
        clock = pace.clock = WithoutOthers(pace.clock)
        for i in range(steps // BLOCK):
            with clock:
                batches = [batch() for _ in range(BLOCK)]
                if i % 2:
                    plain.run(batches)
            watched.run(batches)
            if i % 2 == 0:
                with clock:
                    plain.run(batches)
        with watched.clocks:
            watch.close()
        measured = len(set(plumb.load(watch.path).sketches["step"]))
        said = [note for note in watch.notes() if "budget" in note]
    by_time, by_processor = (w / p for w, p in zip(watched.clocks.spent, plain.clocks.spent))
    return by_time, by_processor, measured, said


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--steps", nargs="*", type=int, default=[300, 3000])
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.models:
        for steps in arguments.steps:
            found = [pair(name, steps, arguments.budget) for _ in range(arguments.rounds)]
            by_time, by_processor, measured = zip(*(one[:3] for one in found))
            print(
                f"{name}, {steps} steps: time {statistics.median(by_time):.4f} ({min(by_time):.4f} to {max(by_time):.4f}), "
                f"processor {statistics.median(by_processor):.4f} ({min(by_processor):.4f} to {max(by_processor):.4f}), "
                f"{statistics.median(measured):.0f} measured, load {os.getloadavg()[0]:.1f} {' '.join(found[-1][3])}",
                flush=True,
            )


if __name__ == "__main__":
    main()
