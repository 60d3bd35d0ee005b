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
#: Of each command, at random moments: of one rank, of the other and of all in turns.
KILLS = {"cure": 20, "sweep": 8, "zoo": 4}


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

    def results(self, log):
        """The lines of a log, which stand in the order in which the trainings ended."""
        return sorted((self.folder / log).read_text().splitlines())

    def ranks_of(self, process):
        """The process ids of a job's ranks, as many as have been started."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False)
        return [int(line) for line in found.stdout.split()]

    def test_two_ranks_and_two_jobs_are_one_worker(self):
        for arguments in (CURE, GRID, ZOO):
            with self.subTest(arguments[0]):
                whole = self.one([*arguments, "--log", "one.jsonl"])
                self.assertEqual(self.one([*arguments, "--jobs", "2", "--log", "jobs.jsonl"]), whole)
                self.assertEqual(self.two([*arguments, "--log", "ranks.jsonl"]), whole)
                self.assertEqual(self.results("jobs.jsonl"), self.results("one.jsonl"))
                self.assertEqual(self.results("ranks.jsonl"), self.results("one.jsonl"))
                for log in self.folder.iterdir():
                    log.unlink()

    def test_both_ranks_work_and_the_first_alone_writes(self):
        self.assertEqual(self.two([*GRID, "--log", "log.jsonl"]), self.one(GRID))
        self.assertEqual([file.name for file in self.folder.iterdir()], ["log.jsonl"])
        self.assertEqual(len((self.folder / "log.jsonl").read_text().splitlines()), 18)

    def test_a_killed_job_goes_on_from_its_log(self):
        random.seed(9)
        for arguments in (CURE, GRID, ZOO):
            with self.subTest(arguments[0]):
                begin = time.monotonic()
                whole = self.two([*arguments, "--log", "whole.jsonl"])
                lasts_s = time.monotonic() - begin
                for i in range(KILLS[arguments[0]]):
                    self.kill_once([*arguments, "--log", "log.jsonl"], i % 3, random.uniform(0.1, lasts_s))
                self.assertEqual(self.two([*arguments, "--log", "log.jsonl"]), whole)
                # What was written when a kill came may be half a line, which is made again.
                self.assertLessEqual(set(self.results("whole.jsonl")), set(self.results("log.jsonl")))
                for log in self.folder.iterdir():
                    log.unlink()

    def kill_once(self, arguments, which, after_s):
        """Kills the first rank, the last one, or all at once. A dead rank ends the job."""
        process = self.start(arguments)
        time.sleep(after_s)
        ranks = self.ranks_of(process)
        try:
            if which == 2 or len(ranks) < 2:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(ranks[which], signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended before
        process.communicate(timeout=TIMEOUT_S)
        deadline = time.monotonic() + 30
        while self.is_alive(ranks) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(self.is_alive(ranks), "a rank outlives its job")

    @staticmethod
    def is_alive(pids):
        states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids if Path(f"/proc/{pid}/stat").exists()]
        return any(state != "Z" for state in states)

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
