#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the Python package with pip, installs it into clean virtual environments, and uses it there.

    tools/check_wheel.py PLUMB FOLDER

PLUMB is the built program, which makes a run to read; FOLDER gets wheels and environments. Every Python
of WITH that this machine has is tried; the others are named. In each the package is all there is: no torch, no numpy.
Exit code 0 when it works, 1 when not, 77 where pip cannot fetch what the build needs (ctest: skipped).
"""

import argparse
import os
import shutil
import subprocess
import sys

WITH = ("3.10", "3.11", "3.12", "3.13")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: What pip says where there is no network.
OFFLINE = ("No matching distribution", "Could not find a version", "NewConnectionError", "Temporary failure in name")

USE = """
import importlib.resources, sys
import plumb
files = importlib.resources.files("plumb")
for name in ("py.typed", "_core.pyi", "jax/__init__.py"):
    assert (files / name).is_file(), name
run = plumb.load(sys.argv[1])
assert [f.rule for f in run.findings][:1] == ["vanishing_gradient"], run.findings
assert len(run.sketches["log2_rms"]) > 50 and type(run.sketches["log2_rms"]).__module__ == "array"
assert "vanishing" in str(run.diagnose()) and "<svg" in run._repr_html_()
try:
    plumb.watch(None)
except ModuleNotFoundError as error:
    assert error.name == "torch"
else:
    raise AssertionError("watch() without torch")
try:
    plumb.load(sys.argv[1] + ".nothing")
except plumb.StoreError:
    pass
else:
    raise AssertionError("load() of nothing")
print("plumb", plumb.__version__, "under Python", sys.version.split()[0])
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(python, folder, program):
    """The version's wheel, built and used. Returns an exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    wheels, clean = os.path.join(folder, "wheels"), os.path.join(folder, "venv")
    made = run(python, "-m", "venv", clean)
    if made.returncode != 0:
        print(f"check_wheel: {python} makes no virtual environment; skipped")
        return 77
    inside = os.path.join(clean, "bin", "python")
    built = run(inside, "-m", "pip", "wheel", "--no-deps", "--retries", "1", "-w", wheels, os.path.join(ROOT, "python"))
    if built.returncode != 0:
        text = built.stdout + built.stderr
        print(text[-4000:], file=sys.stderr)
        return 77 if any(words in text for words in OFFLINE) else 1
    (wheel,) = os.listdir(wheels)
    size = os.path.getsize(os.path.join(wheels, wheel))
    print(f"check_wheel: {wheel}, {size / 1e6:.1f} MB")
    installed = run(inside, "-m", "pip", "install", "--no-index", os.path.join(wheels, wheel))
    if installed.returncode != 0:
        print(installed.stdout + installed.stderr, file=sys.stderr)
        return 1
    example = os.path.join(folder, "run.plumb")
    probed = run(program, "probe", "20 x [dense 16 > sigmoid] > dense 2", "--data", "spirals", "-o", example)
    if probed.returncode != 0:
        print(probed.stderr, file=sys.stderr)
        return 1
    used = subprocess.run([inside, "-I", "-c", USE, example], cwd=folder, capture_output=True, text=True, check=False)
    print(used.stdout + used.stderr, end="")
    return used.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    codes, missing = [], []
    for version in WITH:
        python = shutil.which(f"python{version}")
        if python is None:
            missing.append(version)
            continue
        codes.append(check(python, os.path.join(arguments.folder, version), os.path.abspath(arguments.program)))
    if missing:
        print(f"check_wheel: not tried, for this machine has no Python {', '.join(missing)}")
    if 1 in codes:
        sys.exit(1)
    sys.exit(0 if 0 in codes else 77)


if __name__ == "__main__":
    main()
