#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sets up PyPI's PyTorch 2.x for the tests, in a virtual environment of its own, without CUDA, and the trainers that
plumb has callbacks for.

    tools/setup_torch2.py FOLDER

PyPI's wheel is linked against CUDA's libraries, 4 GB that a test on the CPU never calls. It gets the
CUDA runtime, and for the others libraries of the same names and symbol versions whose functions do
nothing. About 3 GB and some minutes, once; needs a C compiler and binutils.
"""

import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile
import venv

TORCH = "torch==2.15.0"
#: Its interpreter runs the kernels for GPUs on the CPU. Added to an environment that was set up without it.
TRITON = "triton==3.9.0"
#: With --no-deps, so that CUDA's wheels stay away.
WITH_IT = ["nvidia-cuda-runtime==13.2.*", "numpy==2.4.*"]
NEEDS = ["filelock", "typing-extensions>=4.13", "sympy>=1.13.3", "networkx", "jinja2", "fsspec", "setuptools>=77"]
#: They ask for torch, and so for CUDA's wheels.
TRAINERS = ["lightning==2.6.6", "torchmetrics==1.9.0", "accelerate==1.15.0", "keras==3.15.1"]
TRAINERS_NEED = (
    "lightning-utilities==0.15.3 transformers==5.24.0 psutil pyyaml tqdm packaging absl-py rich namex h5py optree ml-dtypes"
).split()
IMPORTS = "import torch, nanobind, lightning.pytorch, transformers, accelerate, keras"
STUB_NAMES = r"(cublas|cudnn|cufft|cusparse|cusolver|nccl|pnccl|nvshmem|nvrtc|cuFile|cupti|nvJit|curand)"
#: What is no part of CUDA, or comes with the runtime.
REAL = ("libcudart.", "libc10", "libtorch", "libshm", "libgomp", "libgfortran", "libcaffe2")


WITH_TORCH = {**os.environ, "KERAS_BACKEND": "torch"}


def readelf(what, path):
    return subprocess.run(["readelf", "-W", what, path], capture_output=True, text=True, check=True).stdout


class Wanted:
    """What the libraries of a folder want of others: names, versions, and symbols by version."""

    def __init__(self, files):
        self.libraries = set()
        self.versions = collections.defaultdict(set)
        self.symbols = collections.defaultdict(set)
        self.unversioned = set()
        for path in files:
            self.libraries |= set(re.findall(r"\(NEEDED\).*\[(.+?)\]", readelf("-d", path)))
            library = None
            for line in readelf("-V", path).splitlines():
                if found := re.search(r"Version: 1  File: (\S+)", line):
                    library = found[1]
                elif found := re.search(r"Name: (\S+)  Flags: \S+  Version", line):
                    self.versions[library].add(found[1])
            for line in readelf("--dyn-syms", path).splitlines():
                words = line.split()
                if len(words) < 8 or words[6] != "UND":
                    continue
                name, _, version = words[7].replace("@@", "@").partition("@")
                if version:
                    self.symbols[version].add(name)
                elif re.match(STUB_NAMES, name):
                    self.unversioned.add(name)


def make_stubs(folder):
    """Makes the libraries that torch/lib lacks, in it."""
    files = glob.glob(f"{folder}/lib*.so*") + glob.glob(f"{folder}/../_C*.so")
    wanted = Wanted(files)
    there = {os.path.basename(f) for f in files}
    system = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    missing = sorted(n for n in wanted.libraries - there if n not in system and not n.startswith(REAL))
    missing += ["libcusolver.so.12"] if "libcusolver.so.12" not in missing else []  # loaded by name
    unversioned = sorted(wanted.unversioned)
    with tempfile.TemporaryDirectory() as work:
        for name in missing:
            source, script = f"{work}/stub.c", f"{work}/stub.map"
            versions = sorted(wanted.versions.get(name, ()))
            functions = unversioned + [s for v in versions for s in sorted(wanted.symbols[v])]
            unversioned = []  # any one library may have them
            with open(source, "w") as c, open(script, "w") as m:
                c.writelines(f"int {function}(void) {{ return 1; }}\n" for function in functions)
                m.writelines(f"{v} {{ global: {' '.join(s + ';' for s in sorted(wanted.symbols[v]))} }};\n" for v in versions)
            command = ["cc", "-shared", "-fPIC", "-w", "-fno-builtin", source, f"-Wl,-soname,{name}", "-o", f"{folder}/{name}"]
            subprocess.run(command + ([f"-Wl,--version-script,{script}"] if versions else []), check=True)
    return missing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    folder = os.path.abspath(parser.parse_args().folder)
    python = os.path.join(folder, "bin", "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if os.path.exists(python) and subprocess.run([python, "-c", IMPORTS], capture_output=True, env=WITH_TORCH).returncode == 0:
        if subprocess.run([python, "-c", "import triton"], capture_output=True).returncode != 0:
            subprocess.run([*pip, "--no-deps", TRITON], check=True)
        return
    venv.create(folder, with_pip=True, clear=True)
    subprocess.run([*pip, *NEEDS, "nanobind==3.1.0"], check=True)
    subprocess.run([*pip, "--no-deps", TORCH, TRITON, *WITH_IT, *TRAINERS], check=True)
    subprocess.run([*pip, *TRAINERS_NEED], check=True)
    places = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], capture_output=True, text=True, check=True
    )
    stubs = make_stubs(os.path.join(places.stdout.strip(), "torch", "lib"))
    print(f"setup_torch2: {TORCH} is in {folder}, with stubs of {', '.join(stubs)}")
    check = subprocess.run([python, "-c", IMPORTS], capture_output=True, text=True, env=WITH_TORCH)
    if check.returncode != 0:
        sys.exit(f"setup_torch2: torch or a trainer does not import:\n{check.stderr}")


if __name__ == "__main__":
    main()
