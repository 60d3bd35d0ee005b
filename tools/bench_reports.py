#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a long run costs to read: a training of 300 layers with 1000 recorded steps, then `plumb diagnose` and `plumb
report` of it.

Prints one line a command: seconds (the median of several), peak memory, and the size of what it wrote.

usage: bench_reports.py PLUMB [--layers N] [--steps N] [--rounds N]
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time


def run(command):
    """Seconds and peak memory in MB of a command; fails if it does."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plumb")
    parser.add_argument("--layers", type=int, default=300)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recorded, page = os.path.join(folder, "long.plumb"), os.path.join(folder, "long.html")
        network = f"flatten > {options.layers - 1} x [dense 32 > relu] > dense 10"
        train = [options.plumb, "train", network, "--data", "glyphs?n=500", "--steps", str(options.steps), "--record",
                 "every=1", "--init", "he_normal", "--bias-init", "zeros", "--lr", "0.001", "-q", "-o", recorded]
        commands = {
            "train": (train, recorded, 1),
            "diagnose": ([options.plumb, "diagnose", recorded], None, options.rounds),
            "report": ([options.plumb, "report", recorded, "-o", page], page, options.rounds),
        }
        print(f"{options.layers} layers x {options.steps} recorded steps")
        for name, (command, wrote, rounds) in commands.items():
            rows = [run(command) for _ in range(rounds)]
            seconds = statistics.median(row[0] for row in rows)
            memory = max(row[1] for row in rows)
            size = f", writes {os.path.getsize(wrote) / 1e6:.2f} MB" if wrote else ""
            print(f"  {name:<9} {seconds:6.2f} s  {memory:6.0f} MB{size}")


if __name__ == "__main__":
    main()
