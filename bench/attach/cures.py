#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb.cure on nine PyTorch models that know nothing of plumb: six sick, three healthy. One row of a Markdown table
each; with --page what was found, whole.

    PYTHONPATH=build/dev/python/package python3 bench/attach/cures.py [--proof-seeds N] [--models WORD ...] [--page]
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import torch  # noqa: E402
from patients import PATIENTS  # noqa: E402

import plumb  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proof-seeds", type=int, default=8)
    parser.add_argument("--budget", type=int, default=64)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, (make_model, train) in PATIENTS.items():
        if options.models and not any(word in name for word in options.models):
            continue
        cure = plumb.cure(make_model, train, higher_is_better=True, budget=options.budget, proof_seeds=options.proof_seeds,
                          progress=False)
        arms = [cure.proof[a].mean_value if a in cure.proof else float("nan")
                for a in ("untreated", "cured", "random change", "rate alone")]
        told = " | ".join("" if value != value else f"{value:.3f}" for value in arms)
        change = cure.winner.id if cure.winner is not None else ""
        effect = str(cure.over_untreated) if cure.over_untreated is not None else f"untreated {cure.untreated.mean_value:.3f}"
        print(f"| {name} | {cure.ending} | {change} | {told} | {effect} | {cure.trainings:.0f} |", flush=True)
        if options.page:
            print(cure, "\n", flush=True)


if __name__ == "__main__":
    main()
