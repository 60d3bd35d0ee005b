#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What watching costs, beside hooks that take .norm().item() or a histogram of the same tensors.

One process; the variants take turns, step by step, and the figure is the median of the paired ratios of
processor time to a plain step that stood beside it. Those that measure some steps alone take turns
in blocks of steps, and the figure is the median of the blocks' ratios.

    PYTHONPATH=build/dev/python/package python3 bench/attach/cost.py [--rounds N] [--models mlp ...]
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

import plumb  # noqa: E402


def mlp():
    layers = []
    for _ in range(50):
        layers += [nn.Linear(128, 128), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 5)), lambda: (torch.randn(128, 128), torch.randint(0, 5, (128,)))


def transformer():
    return models.GPT(256, 6, 100, tied=False), lambda: (torch.randint(0, 100, (8, 16)), torch.randint(0, 100, (8, 16)))


def resnet18():
    class Net(models.ResNet):
        def __init__(self):
            super().__init__(1, 8)
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
            stages, channels = [], 64
            for stage in range(4):
                for block in range(2):
                    out = 64 << stage
                    stages.append(models.BasicBlock(channels, out, 2 if stage and not block else 1))
                    channels = out
            self.layer1, self.layer2 = nn.Sequential(*stages[:4]), nn.Sequential(*stages[4:])
            self.fc = nn.Linear(channels, 5)

    return Net(), lambda: (torch.randn(8, 3, 64, 64), torch.randint(0, 5, (8,)))


MODELS = {"mlp": mlp, "transformer": transformer, "resnet18": resnet18}


class Hooks:
    """What people write: a number of every output, its gradient, every weight and its gradient."""

    def __init__(self, model, look):
        self.model, self.look, self.seen = model, look, []
        for m in model.modules():
            if next(m.children(), None) is None:
                m.register_forward_hook(self.hook)

    def hook(self, module, inputs, output):
        if torch.is_tensor(output):
            self.seen.append(self.look(output.detach()))
            if output.requires_grad:
                output.grad_fn.register_prehook(lambda g: self.seen.append(self.look(g[0])) if g[0] is not None else None)

    def after_backward(self):
        for p in self.model.parameters():
            self.seen.append(self.look(p.detach()))
            if p.grad is not None:
                self.seen.append(self.look(p.grad))
        self.seen.clear()


#: norm: one number; histogram: 64 bins between the extremes, as wandb's and TensorBoard's hooks make.
LOOKS = {
    "norm.item": lambda t: t.norm().item(),
    "histogram": lambda t: torch.histc(t, 64).tolist(),
}


SOME_STEPS = ("log", "budget 0.02")
BLOCK = 30


class Variant:
    def __init__(self, name, kind, seed=0):
        torch.manual_seed(seed)
        self.model, self.batch = MODELS[name]()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9)
        self.hooks = Hooks(self.model, LOOKS[kind]) if kind in LOOKS else None
        self.watch = None
        records = {"every step": "every=1", "no step": "off", "log": "log", "budget 0.02": "log"}
        if kind in records:
            path = os.path.join(tempfile.mkdtemp(), "run.plumb")
            budget = 0.02 if kind.startswith("budget") else None
            self.watch = plumb.watch(self.model, self.optimizer, run=path, record=records[kind], budget=budget)

    def step(self, x, y):
        start = time.process_time()
        self.optimizer.zero_grad()
        models.cross_entropy(self.model(x), y).backward()
        if self.hooks is not None:
            self.hooks.after_backward()
        self.optimizer.step()
        return time.process_time() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--variants", nargs="*", default=["every step", "norm.item", "histogram", "log", "budget 0.02"])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.models:
        plain = Variant(name, "plain")
        others = {kind: Variant(name, kind) for kind in arguments.variants}
        ratios = {kind: [] for kind in others}
        plain_times = []
        for round_ in range(arguments.rounds):
            x, y = plain.batch()
            for kind, variant in others.items():
                if kind in SOME_STEPS:
                    continue
                base = plain.step(x, y)
                own = variant.step(x, y)
                if round_ >= 3:
                    plain_times.append(base)
                    ratios[kind].append(own / base)
        for kind in others.keys() & set(SOME_STEPS):
            for _ in range(max(2, arguments.rounds // 8)):
                base = sum(plain.step(x, y) for _ in range(BLOCK))
                ratios[kind].append(sum(others[kind].step(x, y) for _ in range(BLOCK)) / base)
        text = ", ".join(
            f"{kind} {statistics.median(r):.3f} (mean {statistics.mean(r):.3f})" for kind, r in ratios.items()
        )
        print(f"{name}: plain step {1e3 * statistics.median(plain_times):.2f} ms; {text}", flush=True)
        for variant in others.values():
            if variant.watch is not None:
                variant.watch.close()


if __name__ == "__main__":
    main()
