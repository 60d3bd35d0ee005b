#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times training steps of plumb side by side with PyTorch eager, in one run, on one core.

For each shape the two take turns for several rounds; a ratio is the median of the rounds' ratios. Both are
pinned to the same core with one thread. PyTorch's BLAS is told the processor's core type where its own
detection is known to miss (OpenBLAS 0.3.21 runs AVX-512 machines newer than itself with SSE kernels), so
that the comparison is with PyTorch at its best.

The share of the matrix product's rate and the costs of measuring are taken within one process, a step or a few
taking turns with what they are compared with, so that what disturbs the machine disturbs both: steps that are all
alike by the median of the turns, the default schedule, which thins out, by the sums over whole trainings. Where
something is recorded, one compute thread may use two cores: a run file is written by a thread of its own, which on
a single core would take its time from the training.

usage: bench_training.py STEP_BENCH [--rounds N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SHAPES = [(100, 32, 32), (100, 64, 64), (100, 128, 128), (20, 512, 256)]
SPEED_GOALS = {32: 10.0, 64: 3.5, 128: 1.6, 512: 1.1}
ALL_GOALS = {32: 1.6, 128: 1.2, 512: 1.08}
LOG_GOAL = 1.03
LOG_STEPS = {32: 3000, 64: 1500, 128: 400, 512: 100}  # the schedule thins out: a few steps are no fair training
PEAK_GOAL = 0.85
THREADS_GOAL = 1.7


def prepare_environment():
    """Restarts with one thread a library and the BLAS kernels of this processor."""
    if os.environ.get("PLUMB_BENCH_READY"):
        return
    environment = dict(os.environ, PLUMB_BENCH_READY="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        if "avx512f" in file.read():
            environment.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)


def plumb_step(program, depth, width, batch, threads, mode, steps, core):
    command = [program, str(depth), str(width), str(batch), str(threads), mode, str(steps)]
    if core is not None:
        command = ["taskset", "-c", core if isinstance(core, str) else str(core), *command]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(output)


class TorchStep:
    """The same network, data and optimiser in PyTorch eager."""

    def __init__(self, torch, depth, width, batch):
        layers = []
        for _ in range(depth):
            layers += [torch.nn.Linear(width, width), torch.nn.Tanh()]
        self.model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=0.01)
        self.loss = torch.nn.functional.cross_entropy
        self.x = torch.randn(batch, width)
        self.y = torch.arange(batch) % 10

    def median_s(self, steps):
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self.optimiser.zero_grad()
            self.loss(self.model(self.x), self.y).backward()
            self.optimiser.step()
            times.append(time.perf_counter() - start)
        return statistics.median(times)


def flops(depth, width, batch):
    """Of a step: each layer's y, grad_weight and, but for the first, grad_x."""
    return 2.0 * (3 * depth - 1) * batch * width * width


def verdict(value, goal, at_least):
    reached = value >= goal if at_least else value <= goal
    return "reached" if reached else "NOT reached"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step_bench")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    prepare_environment()
    import torch  # after the environment is set

    torch.set_num_threads(1)
    os.sched_setaffinity(0, {options.core})
    print(f"PyTorch {torch.__version__}, one core\n")
    header = f"{'depth x width, batch':<22}{'plumb ms':>10}{'PyTorch ms':>12}{'ratio':>8}{'goal':>7}  "
    print(header + "GFLOP/s")
    for depth, width, batch in SHAPES:
        steps = max(8, min(200, int(2e9 / flops(depth, width, batch)) * 2))
        torch_step = TorchStep(torch, depth, width, batch)
        torch_step.median_s(3)
        ratios, ours, theirs = [], [], []
        for _ in range(options.rounds):
            ours.append(plumb_step(options.step_bench, depth, width, batch, 1, "off", steps,
                                   options.core)["median_s"])
            theirs.append(torch_step.median_s(max(5, steps // 4)))
            ratios.append(theirs[-1] / ours[-1])
        ratio, mine = statistics.median(ratios), statistics.median(ours)
        rate = flops(depth, width, batch) / mine / 1e9
        print(f"{depth:>4} x {width:<4} {batch:<10}{mine * 1e3:>10.3f}"
              f"{statistics.median(theirs) * 1e3:>12.3f}{ratio:>8.2f}{SPEED_GOALS[width]:>7.2f}  "
              f"{rate:.1f}  {verdict(ratio, SPEED_GOALS[width], True)}")
    rounds = [plumb_step(options.step_bench, 20, 512, 256, 1, "share", 30, options.core)
              for _ in range(options.rounds)]
    share = statistics.median(one["share"] for one in rounds)
    fastest = max(one["best_gflops"] for one in rounds) / max(one["best_peak_gflops"] for one in rounds)
    print(f"\nW=512 beside the best square product, in turns: {share:.1%} of its rate, goal {PEAK_GOAL:.0%}: "
          f"{verdict(share, PEAK_GOAL, True)}; the fastest step of the fastest product "
          f"({max(one['best_peak_gflops'] for one in rounds):.1f} GFLOP/s): {fastest:.1%}")

    cores = "0,1" if (os.cpu_count() or 1) >= 2 else "0"
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    print(f"\n{'cost of measuring':<22}{'off ms':>10}{'all ms':>10}{'ratio':>8}{'goal':>7}"
          f"{'default':>10}{'goal':>7}")
    for depth, width, batch in SHAPES:
        steps = max(20, min(2000, int(2e9 / flops(depth, width, batch)) * 4))
        every, default = [], []
        for _ in range(options.rounds):
            every.append(plumb_step(options.step_bench, depth, width, batch, 1, "cost", steps, cores))
            default.append(plumb_step(options.step_bench, depth, width, batch, 1, "default", LOG_STEPS[width],
                                      cores)["ratio"])
        off, measured, cost = (statistics.median(one[key] for one in every)
                               for key in ("off_s", "measured_s", "ratio"))
        usual = statistics.median(default)
        goal = ALL_GOALS.get(width)
        goal_text = f"{goal:>7.2f}" if goal else f"{'-':>7}"
        reached = verdict(cost, goal, False) if goal else ""
        print(f"{depth:>4} x {width:<4} {batch:<10}{off * 1e3:>10.3f}{measured * 1e3:>10.3f}{cost:>8.3f}{goal_text}"
              f"{usual:>10.3f}{LOG_GOAL:>7.2f}  {reached}; default {verdict(usual, LOG_GOAL, False)}")

    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    if (os.cpu_count() or 1) >= 2:
        rounds = [plumb_step(options.step_bench, 20, 512, 256, 2, "threads", 30, None)
                  for _ in range(options.rounds)]
        gain = statistics.median(1 / one["ratio"] for one in rounds)
        print(f"\ntwo threads at W=512: {gain:.2f} times one, goal {THREADS_GOAL}: "
              f"{verdict(gain, THREADS_GOAL, True)}")


if __name__ == "__main__":
    main()
