#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb cure, plumb sweep and plumb zoo cure with two ranks of MPI: the same as one process, also after kills.
Skipped (77) where plumb was built without MPI or there is no mpirun.

usage: ranks_test.py PLUMB [unittest options]
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PLUMB = ""
MPIRUN = shutil.which("mpirun")
# Containers run tests as root, and have fewer cores than ranks.
RANKS = ["-n", "2", "--oversubscribe"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
SMALL = ["--data", "glyphs?n=400", "--steps", "60", "-q"]
CURE = ["cure", "flatten > 8 x [dense 16 > sigmoid] > dense 10", *SMALL, "--proof-seeds", "3", "--budget", "30", "--json"]
GRID = ["sweep", "flatten > {depth} x [dense 8 > tanh] > dense 10", *SMALL, "--axis", "depth=1,3,5", "--axis",
        "lr=0.01:1:x10", "--seeds", "2", "--json"]
ZOO = ["zoo", "cure", "sigmoid_depth", "relu_he", "--seeds", "1", "--proof-seeds", "3", "--details"]
TIMEOUT_S = 300
KILLS = 5


class RanksTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def one(self, arguments):
        result = subprocess.run([PLUMB, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                                cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def start(self, arguments):
        return subprocess.Popen([MPIRUN, *RANKS, PLUMB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, cwd=self.folder, env=ENVIRONMENT, start_new_session=True)

    def two(self, arguments):
        process = self.start(arguments)
        printed, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, errors)
        return printed

    def test_two_ranks_are_one_process(self):
        for arguments in (CURE, GRID, ZOO):
            self.assertEqual(self.two(arguments), self.one(arguments), arguments[0])

    def test_both_ranks_work_and_the_first_alone_writes(self):
        self.assertEqual(self.two([*GRID, "--log", "log.jsonl"]), self.one(GRID))
        self.assertEqual([file.name for file in self.folder.iterdir()], ["log.jsonl"])
        self.assertEqual(len((self.folder / "log.jsonl").read_text().splitlines()), 18)

    def test_a_killed_job_goes_on_from_its_log(self):
        begin = time.monotonic()
        whole = self.two(CURE)
        lasts_s = time.monotonic() - begin
        random.seed(9)
        for _ in range(KILLS):
            process = self.start([*CURE, "--log", "log.jsonl"])
            time.sleep(random.uniform(0.3, lasts_s))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(self.two([*CURE, "--log", "log.jsonl"]), whole)

    def test_what_is_wrong_is_said_and_ends_the_job(self):
        process = self.start(["sweep", "dense {width}", "--axis", "width=4", "--axis", "length=2", "-q"])
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("'length' is no setting", errors)


def has_mpi():
    """Without MPI, plumb refuses to be one of several processes."""
    result = subprocess.run([PLUMB, *GRID, "--steps", "0"], capture_output=True, text=True, check=False,
                            env={**os.environ, "OMPI_COMM_WORLD_SIZE": "2"})
    return "built without it" not in result.stderr


if __name__ == "__main__":
    PLUMB = os.path.abspath(sys.argv.pop(1))
    if MPIRUN is None or not has_mpi():
        print("skipped: no mpirun, or plumb was built without MPI (-DPLUMB_MPI=ON)")
        sys.exit(77)
    unittest.main()
