#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times training steps of residual networks on 3x32x32 images side by side with PyTorch eager.

ResNet-20 and -56 of He et al. 2015 for CIFAR-10 (shortcuts of option B), batch 64, momentum, one thread.
The two take turns for several rounds; the ratio is the median of the rounds' ratios of the training thread's own
processor time, which other programs disturb less than the time that passed. The memory of plumb's ResNet-56
is its largest resident size while training beside the sum of activations, parameters, gradients and momentum.

usage: bench_images.py NETWORK_BENCH [--rounds N] [--steps N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SPEED_GOAL = 1.25
MEMORY_GOAL = 1.3


def resnet_text(blocks):
    def block(channels, first):
        stride = " stride=2" if first else ""
        head = "res proj=bn" if first else "res"
        return (f"{head}[conv {channels} 3x3{stride} bias=false > bn > relu > "
                f"conv {channels} 3x3 bias=false > bn] > relu")
    parts = ["conv 16 3x3 bias=false > bn > relu", f"{blocks} x [{block(16, False)}]"]
    for channels in (32, 64):
        parts += [block(channels, True), f"{blocks - 1} x [{block(channels, False)}]"]
    return " > ".join([*parts, "gap", "dense 10"])


def run_plumb(program, blocks, steps, core):
    command = ["taskset", "-c", str(core), program, resnet_text(blocks), "3x32x32", "64", "1", str(steps)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def torch_resnet(torch, blocks):
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, before, channels, stride):
            super().__init__()
            self.branch = nn.Sequential(
                nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
                nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
            self.shortcut = nn.Identity() if before == channels else nn.Sequential(
                nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

        def forward(self, x):
            return torch.relu(self.branch(x) + self.shortcut(x))

    layers, before = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for channels in (16, 32, 64):
        for index in range(blocks):
            layers.append(Block(before, channels, 2 if before != channels and index == 0 else 1))
            before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def torch_step(torch, blocks):
    """A function that trains so many steps and gives the median of their processor times."""
    model = torch_resnet(torch, blocks)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(64, 3, 32, 32), torch.arange(64) % 10

    def train(steps):
        times = []
        for _ in range(steps):
            start = time.thread_time()
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()
            times.append(time.thread_time() - start)
        return statistics.median(times)

    return train


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network_bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # before the import
    import torch

    torch.set_num_threads(1)
    os.sched_setaffinity(0, {options.core})
    print(f"PyTorch {torch.__version__}, one core; residual networks on 64 images of 3x32x32\n")
    print(f"{'network':<12}{'plumb ms':>10}{'PyTorch ms':>12}{'ratio':>8}{'goal':>7}")
    for blocks in (3, 9):
        train = torch_step(torch, blocks)
        train(2)
        ratios, ours, theirs = [], [], []
        for _ in range(options.rounds):
            result = run_plumb(options.network_bench, blocks, options.steps, options.core)
            ours.append(result["median_thread_cpu_s"])
            theirs.append(train(max(3, options.steps // 2)))
            ratios.append(theirs[-1] / ours[-1])
        ratio = statistics.median(ratios)
        reached = "reached" if ratio >= SPEED_GOAL else "NOT reached"
        print(f"resnet{6 * blocks + 2:<6}{statistics.median(ours) * 1e3:>10.1f}"
              f"{statistics.median(theirs) * 1e3:>12.1f}{ratio:>8.2f}{SPEED_GOAL:>7.2f}  {reached}")
    share = result["peak_bytes"] / result["needed_bytes"]
    print(f"\nmemory of resnet56: peak {result['peak_bytes'] / 2**20:.0f} MiB, {share:.2f} times the "
          f"{result['needed_bytes'] / 2**20:.0f} MiB that it must keep, goal {MEMORY_GOAL}: "
          f"{'reached' if share <= MEMORY_GOAL else 'NOT reached'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
