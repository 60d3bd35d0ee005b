#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times training steps of recurrent networks side by side with PyTorch eager, in one run, on one core.

Each network takes sequences [32, 500, 2] of the adding problem, hidden 64, its last state to a linear layer, mean
squared error, SGD; forward, backward and update. The two take turns for several rounds; a ratio is the median of
the rounds' ratios. With --measure the cost of measuring every time step of every training step is given too: there
a measured and an unmeasured training take turns within one process.

usage: bench_sequences.py SEQUENCE_BENCH [--rounds N] [--length T] [--measure]
"""

import argparse
import json
import os
import statistics
import subprocess
import time

from bench_training import prepare_environment, verdict

GOALS = {"lstm": 3.0, "gru": 3.0, "rnn": 4.0}
MEASURE_GOAL = 1.15
BATCH, HIDDEN = 32, 64


def plumb_step(program, kind, length, mode, steps):
    command = [program, f"{kind} {HIDDEN}", str(length), str(BATCH), mode, str(steps)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(output)


class TorchStep:
    """The same network and optimiser in PyTorch eager."""

    def __init__(self, torch, kind, length):
        layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind]
        self.layer, self.head = layer(2, HIDDEN, batch_first=True), torch.nn.Linear(HIDDEN, 1)
        parameters = [*self.layer.parameters(), *self.head.parameters()]
        self.optimiser = torch.optim.SGD(parameters, lr=0.01)
        self.loss = torch.nn.functional.mse_loss
        self.x, self.y = torch.rand(BATCH, length, 2), torch.rand(BATCH, 1)

    def best_s(self, steps):
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self.optimiser.zero_grad()
            self.loss(self.head(self.layer(self.x)[0][:, -1]), self.y).backward()
            self.optimiser.step()
            times.append(time.perf_counter() - start)
        return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequence_bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--length", type=int, default=500)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    prepare_environment()
    import torch  # after the environment is set

    torch.set_num_threads(1)
    os.sched_setaffinity(0, {0})
    print(f"PyTorch {torch.__version__}, one core, the fastest of {options.steps} steps a round\n")
    print(f"{'network':<12}{'plumb ms':>10}{'PyTorch ms':>12}{'ratio':>8}{'goal':>7}")
    for kind, goal in GOALS.items():
        torch_step = TorchStep(torch, kind, options.length)
        rounds = []
        for _ in range(options.rounds):
            ours = plumb_step(options.sequence_bench, kind, options.length, "off", options.steps)["min_s"]
            rounds.append((torch_step.best_s(options.steps), ours))
        ratio = statistics.median(theirs / ours for theirs, ours in rounds)
        theirs, ours = (statistics.median(column) for column in zip(*rounds))
        print(f"{kind + ' ' + str(HIDDEN):<12}{1e3 * ours:>10.2f}{1e3 * theirs:>12.2f}{ratio:>8.2f}{goal:>7.1f}  "
              f"{verdict(ratio, goal, True)}", flush=True)
    if not options.measure:
        return
    print(f"\n{'network':<12}{'off ms':>10}{'measured ms':>12}{'ratio':>8}{'goal':>7}")
    for kind in GOALS:
        rounds = [plumb_step(options.sequence_bench, kind, options.length, "cost", 8 * options.steps)
                  for _ in range(options.rounds)]
        off, measured, ratio = (statistics.median(one[key] for one in rounds)
                                for key in ("off_s", "measured_s", "ratio"))
        print(f"{kind + ' ' + str(HIDDEN):<12}{1e3 * off:>10.2f}{1e3 * measured:>12.2f}{ratio:>8.2f}"
              f"{MEASURE_GOAL:>7.2f}  {verdict(ratio, MEASURE_GOAL, False)}", flush=True)


if __name__ == "__main__":
    main()
