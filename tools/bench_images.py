#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times training steps of residual networks on 3x32x32 images side by side with PyTorch eager.

The presets resnet20 and resnet56 (He et al. 2015 for CIFAR-10, shortcuts of option A), batch 64, momentum, one
thread. PyTorch's side is the function whose outputs and gradients tools/compare_torch.py holds against the presets.
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


def run_plumb(program, depth, steps, core):
    command = ["taskset", "-c", str(core), program, f"resnet{depth}", "3x32x32", "64", "1", str(steps)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def torch_step(torch, model):
    """A function that trains so many steps and gives the median of their processor times."""
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

    from torch_modules import deep_image_network

    torch.set_num_threads(1)
    os.sched_setaffinity(0, {options.core})
    print(f"PyTorch {torch.__version__}, one core; residual networks on 64 images of 3x32x32\n")
    print(f"{'network':<12}{'plumb ms':>10}{'PyTorch ms':>12}{'ratio':>8}{'goal':>7}")
    for depth in (20, 56):
        train = torch_step(torch, deep_image_network(depth, residual=True))
        train(2)
        ratios, ours, theirs = [], [], []
        for _ in range(options.rounds):
            result = run_plumb(options.network_bench, depth, options.steps, options.core)
            ours.append(result["median_thread_cpu_s"])
            theirs.append(train(max(3, options.steps // 2)))
            ratios.append(theirs[-1] / ours[-1])
        ratio = statistics.median(ratios)
        reached = "reached" if ratio >= SPEED_GOAL else "NOT reached"
        print(f"resnet{depth:<6}{statistics.median(ours) * 1e3:>10.1f}"
              f"{statistics.median(theirs) * 1e3:>12.1f}{ratio:>8.2f}{SPEED_GOAL:>7.2f}  {reached}")
    share = result["peak_bytes"] / result["needed_bytes"]
    print(f"\nmemory of resnet56: peak {result['peak_bytes'] / 2**20:.0f} MiB, {share:.2f} times the "
          f"{result['needed_bytes'] / 2**20:.0f} MiB that it must keep, goal {MEMORY_GOAL}: "
          f"{'reached' if share <= MEMORY_GOAL else 'NOT reached'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
