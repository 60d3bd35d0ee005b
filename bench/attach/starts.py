#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb.init_ against PyTorch's own starts: short trainings of the same data, order and seeds. One line a model,
as a row of a Markdown table: mean accuracy of both, and the paired difference with its 95 % interval.

    PYTHONPATH=build/dev/python/package python3 bench/attach/starts.py [--seeds N] [--models WORD ...]
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import torch  # noqa: E402
from patients import STARTS, trainer  # noqa: E402

import plumb  # noqa: E402
from plumb import _core  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--residual", default="auto")
    parser.add_argument("--orthogonal", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, (make, x, y, optimizer, steps, batch) in STARTS.items():
        if options.models and not any(word in name for word in options.models):
            continue
        train = trainer(x, y, optimizer, steps, batch)
        scores = {"default": [], "init_": []}
        for seed in range(options.seeds):
            for kind, found in scores.items():
                torch.manual_seed(seed)
                model = make()
                if kind == "init_":
                    plumb.init_(model, x[:128], seed=seed, residual=options.residual, orthogonal=options.orthogonal)
                torch.manual_seed(seed)
                found.append(train(model))
        _, mean, low, high, _ = _core.paired_difference(scores["init_"], scores["default"])
        default, ours = (sum(found) / len(found) for found in scores.values())
        print(f"| {name} | {default:.3f} | {ours:.3f} | {mean:+.3f} ({low:+.3f} to {high:+.3f}) |", flush=True)


if __name__ == "__main__":
    main()
