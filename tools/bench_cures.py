#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb cure on kinds of sick models that others published: AutoTrainer (Zhang, Zhai, Ma and Shen 2021) and
DeepDiagnosis (Wardat, Cruz, Le and Rajan 2022) take deep sigmoid and exponential nets, narrow relu nets with a small uniform start, and
tanh nets whose weights all start at zero or at one, or normal with deviation 1, on blobs, circles and MNIST. Their exact models and
draws are not rebuilt here: each is drawn anew from its kind. Prints how each cure ended.

A cure's log and its report go to FOLDER, so that a second call goes on where the first one was stopped.

usage: bench_cures.py PLUMB FOLDER [--mnist DIR] [--draws N] [--jobs N]
"""

import argparse
import collections
import json
import math
import random
import subprocess
import sys
from pathlib import Path

# name: (layer widths by data, activation, settings)
KINDS = {
    "deep sigmoid": ("sigmoid", ["--init", "glorot_uniform", "--bias-init", "zeros"]),
    "deep exponential": ("exponential", ["--init", "glorot_uniform", "--bias-init", "zeros"]),
    "narrow relu, uniform start": ("relu", ["--init", "uniform:0.05", "--bias-init", "zeros"]),
    "tanh, zero start": ("tanh", ["--init", "zeros", "--bias-init", "zeros"]),
    "tanh, one start": ("tanh", ["--init", "constant:1", "--bias-init", "zeros"]),
    "tanh, normal start": ("tanh", ["--init", "normal:1", "--bias-init", "zeros"]),
}
DEPTHS = {"deep sigmoid": (8, 14), "deep exponential": (3, 8), "narrow relu, uniform start": (4, 8)}
WIDTHS = {"narrow relu, uniform start": (3, 8)}
ENDINGS = ("cured", "better", "any_rate", "not_proven", "not_found", "inconclusive", "not_sick")


def write_points(path, name, draw):
    """900 points in the plane: three normal clusters, or two rings with noise."""
    lines = ["x,y,kind"]
    centres = [(4 * math.cos(a), 4 * math.sin(a)) for a in (0.3, 2.4, 4.5)]
    for i in range(900):
        if name == "blobs":
            kind = i % 3
            x, y = (centre + draw.gauss(0, 1) for centre in centres[kind])
        else:
            kind, angle = i % 2, draw.uniform(0, 2 * math.pi)
            radius = (1.0, 0.5)[kind]
            x, y = radius * math.cos(angle) + draw.gauss(0, 0.08), radius * math.sin(angle) + draw.gauss(0, 0.08)
        lines.append(f"{x:.6f},{y:.6f},{kind}")
    path.write_text("\n".join(lines) + "\n")


def specimen(kind, data, classes, draw):
    """The arguments of plumb that make one."""
    activation, settings = KINDS[kind]
    depth = draw.randint(*DEPTHS.get(kind, (3, 6)))
    width = draw.randint(*WIDTHS.get(kind, (24, 64)))
    network = f"{depth} x [dense {width} > {activation}] > dense {classes}"
    if data.startswith("mnist"):
        network = "flatten > " + network
    trainer = draw.choice((["--optimizer", "sgd", "--lr", "0.01"], ["--optimizer", "sgd", "--momentum", "0.9", "--lr", "0.01"],
                           ["--optimizer", "adam", "--lr", "0.001"]))
    return [network, "--data", data, "--steps", "400", "--batch", "32", *settings, *trainer]


def cure(plumb, arguments, log, jobs):
    report = log.with_suffix(".json")
    if report.exists():
        return json.loads(report.read_text())
    command = [plumb, "cure", *arguments, "--json", "-q", "--proof-seeds", "5", "--log", str(log), "--jobs", str(jobs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    report.write_text(result.stdout)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plumb")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mnist", help="a folder with MNIST's files; left out without it")
    parser.add_argument("--draws", type=int, default=3, help="specimens of each kind and data")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    sources = {}
    for name, classes in (("blobs", 3), ("circles", 2)):
        path = options.folder / f"{name}.csv"
        write_points(path, name, random.Random(name))
        sources[name] = (f"csv:{path}?label=kind", classes, [])
    if options.mnist:
        sources["MNIST"] = (f"mnist:{options.mnist}", 10, ["--limit", "2000"])

    total = collections.Counter()
    print(f"{'kind':<28}{'data':<9}" + "".join(f"{ending:>13}" for ending in ENDINGS))
    for kind in KINDS:
        for name, (data, classes, more) in sources.items():
            endings = collections.Counter()
            for number in range(options.draws):
                draw = random.Random(f"{kind} {name} {number}")
                log = options.folder / f"{kind} {name} {number}.jsonl".replace(" ", "-").replace(",", "")
                arguments = [*specimen(kind, data, classes, draw), *more, "--seed", str(number)]
                endings[cure(options.plumb, arguments, log, options.jobs)["ending"]] += 1
            total += endings
            print(f"{kind:<28}{name:<9}" + "".join(f"{endings[ending]:>13}" for ending in ENDINGS), flush=True)
    sick = sum(total.values()) - total["not_sick"] - total["inconclusive"]
    print(f"{'all':<37}" + "".join(f"{total[ending]:>13}" for ending in ENDINGS))
    print(f"cured: {total['cured']} of {sick} that failed again; proven better or cured: "
          f"{total['cured'] + total['better']}")


if __name__ == "__main__":
    main()
