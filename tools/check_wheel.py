#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the Python package with pip, installs it into clean virtual environments, and uses it there.

    tools/check_wheel.py PLUMB FOLDER [--torch PYTHON ...]

PLUMB is the built program, which makes a run to read; FOLDER gets wheels and environments. Every Python
of WITH that this machine has is tried; the others are named. In each the package is all there is: no torch, no numpy.
A wheel of the stable ABI is built once, and used with every later Python.
Each PYTHON is an interpreter that has PyTorch: the wheel of its version is used there to watch a training.
Exit code 0 when it works, 1 when not, 77 where pip cannot fetch what the build needs (ctest: skipped).
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import time

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
if sys.argv[2] == "page":
    with open(run.report("report.html")) as file:
        text = file.read()
    assert text.startswith("<!doctype html>") and len(text) > 100_000, text[:200]
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

WATCH = """
import sys
import torch, torch.nn as nn
import plumb
assert plumb.__file__.startswith(sys.argv[1]), plumb.__file__
torch.manual_seed(0)
parts = [m for _ in range(16) for m in (nn.Linear(16, 16), nn.Sigmoid())]
model = nn.Sequential(*parts, nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with plumb.watch(model, optimizer, run=sys.argv[2], record="every=1") as w:
    for _ in range(5):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.randn(32, 16)), torch.randint(0, 3, (32,))).backward()
        optimizer.step()
assert "vanishing_gradient" in [f.rule for f in w.diagnose()], w.diagnose()
run = plumb.load(sys.argv[2])
assert len(run.find("0", "grad_z")) == 5 and len(run.find("0.weight", "update")) == 5
if sys.argv[3] == "page":
    w.report(sys.argv[2] + ".html")
print("plumb", plumb.__version__, "with PyTorch", torch.__version__)
"""


def run(*command, **environment):
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def with_ccache():
    """The environment in which a build takes from ccache what was compiled for another Python, or for the preset release.

    Each Python would have it built by the compiler that itself was built with, by its name: ccache keeps them apart.
    """
    if shutil.which("ccache") is None:
        return {}
    ours = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": ROOT, "CCACHE_NOHASHDIR": "1"}
    return {"CXX": "c++", **ours} if "CXX" not in os.environ else ours


def page():
    """Whether a build of plumb made the page that goes into the wheel."""
    made = [f"{ROOT}/build/{build}/web/serve_page.cpp" for build in ("release", "dev")]
    return "page" if any(map(os.path.exists, made)) else "no page"


def python_of(version):
    """One that runs: what stands on the PATH may only stand for others; those that pyenv keeps are asked too."""
    kept = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python{version}")))
    for python in (shutil.which(f"python{version}"), *kept):
        if python and run(python, "-c", "import venv").returncode == 0:
            return python
    return None


def build(inside, wheels):
    """The wheel, built into the folder by the Python of an environment. Returns its path, or an exit code."""
    begun = time.monotonic()
    package = os.path.join(ROOT, "python")
    built = run(inside, "-m", "pip", "wheel", "--no-deps", "--retries", "1", "-w", wheels, package, **with_ccache())
    if built.returncode != 0:
        text = built.stdout + built.stderr
        print(text[-4000:], file=sys.stderr)
        return 77 if any(words in text for words in OFFLINE) else 1
    (wheel,) = glob.glob(os.path.join(wheels, "*.whl"))
    size = os.path.getsize(wheel)
    print(
        f"check_wheel: {os.path.basename(wheel)}, {size / 1e6:.1f} MB, built in {time.monotonic() - begun:.0f} s, with {page()}",
        flush=True,
    )
    return wheel


def check(python, folder, program, stable):
    """The version's wheel, built and used; `stable` is one of the stable ABI that an earlier version built, or None.
    Returns an exit code and the wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    clean = os.path.join(folder, "venv")
    made = run(python, "-m", "venv", clean)
    if made.returncode != 0:
        print(f"check_wheel: {python} makes no virtual environment; skipped")
        return 77, None
    inside = os.path.join(clean, "bin", "python")
    if stable:
        print(f"check_wheel: {os.path.basename(stable)} once more")
    wheel = stable or build(inside, os.path.join(folder, "wheels"))
    if isinstance(wheel, int):
        return wheel, None
    installed = run(inside, "-m", "pip", "install", "--no-index", wheel)
    if installed.returncode != 0:
        print(installed.stdout + installed.stderr, file=sys.stderr)
        return 1, wheel
    example = os.path.join(folder, "run.plumb")
    probed = run(program, "probe", "20 x [dense 16 > sigmoid] > dense 2", "--data", "spirals", "-o", example)
    if probed.returncode != 0:
        print(probed.stderr, file=sys.stderr)
        return 1, wheel
    used = subprocess.run([inside, "-I", "-c", USE, example, page()], cwd=folder, capture_output=True, text=True, check=False)
    print(used.stdout + used.stderr, end="", flush=True)
    return used.returncode, wheel


def check_with_torch(python, folder, wheels):
    """The wheel of its version, for an interpreter that has PyTorch. Returns an exit code."""
    version = run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
    wheel = wheels.get(version)
    if wheel is None or run(python, "-c", "import torch").returncode != 0:
        print(f"check_wheel: not tried with {python}: no PyTorch, or no wheel for Python {version}")
        return 77
    there = os.path.join(folder, version, "there")
    shutil.rmtree(there, ignore_errors=True)
    clean = os.path.join(folder, version, "venv", "bin", "python")  # Debian's pip refuses to install by itself
    put = run(clean, "-m", "pip", "install", "--no-index", "--target", there, wheel)
    if put.returncode != 0:
        print(put.stdout + put.stderr, file=sys.stderr)
        return 1
    used = subprocess.run(
        [python, "-c", WATCH, there, os.path.join(folder, "watched.plumb"), page()],
        env={**os.environ, "PYTHONPATH": there}, cwd=folder, capture_output=True, text=True, check=False,
    )
    print(used.stdout + used.stderr, end="")
    return used.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--torch", action="append", default=[], metavar="PYTHON")
    arguments = parser.parse_args()
    folder = os.path.abspath(arguments.folder)
    codes, missing, wheels, stable = [], [], {}, None
    for version in WITH:
        python = python_of(version)
        if python is None:
            missing.append(version)
            continue
        code, wheel = check(python, os.path.join(folder, version), os.path.abspath(arguments.program), stable)
        codes.append(code)
        if wheel is not None:
            wheels[version] = wheel
            stable = wheel if "-abi3-" in os.path.basename(wheel) else stable
    if missing:
        print(f"check_wheel: not tried, for this machine has no Python {', '.join(missing)}")
    codes += [check_with_torch(python, folder, wheels) for python in arguments.torch]
    if any(code not in (0, 77) for code in codes):
        sys.exit(1)
    sys.exit(0 if 0 in codes else 77)


if __name__ == "__main__":
    main()
