#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb cure and plumb sweep as a person uses them: what they keep, what is dry, kills and what goes on after them.

usage: cure_test.py PLUMB [unittest options]
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PLUMB = ""
SICK = "flatten > 8 x [dense 16 > sigmoid] > dense 10"
SMALL = ["--data", "glyphs?n=400", "--steps", "60", "-q"]
CURE = ["cure", SICK, *SMALL, "--proof-seeds", "3", "--budget", "30"]
GRID = ["sweep", "flatten > {depth} x [dense 8 > tanh] > dense 10", *SMALL, "--axis", "depth=1,3,5", "--axis",
        "lr=0.01:1:x10", "--seeds", "2"]
TIMEOUT_S = 300
KILLS = 20


class CureTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def plumb(self, *arguments, code=0):
        result = subprocess.run([PLUMB, *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT_S,
                                check=False, cwd=self.folder)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout

    def killed(self, arguments, after_s, how=signal.SIGKILL):
        """What was printed before it was killed, or ended by itself."""
        process = subprocess.Popen([PLUMB, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   cwd=self.folder)
        time.sleep(after_s)
        process.send_signal(how)
        return process.communicate(timeout=TIMEOUT_S)[0]

    def test_a_sick_network_is_cured_and_what_was_proven_can_be_copied(self):
        report = json.loads(self.plumb(*CURE, "--json", "-o", "cured.toml", "--page", "cure.html", "--runs", "runs"))
        self.assertIn(report["ending"], ("cured", "better"))
        proof = report["proof"]
        self.assertEqual(len({len(proof[arm]["trainings"]) for arm in ("untreated", "cured", "random", "rate")}), 1)
        self.assertGreaterEqual(len(proof["cured"]["trainings"]), 3)
        self.assertGreater(proof["over_untreated"]["low"], 0)
        self.assertIn("</html>", (self.folder / "cure.html").read_text())
        self.plumb("diagnose", "runs/proof-untreated-1000.plumb", "--no-check")
        before = self.plumb("config", "runs/proof-untreated-1000.plumb")
        self.assertIn("sigmoid", before)
        self.plumb("train", "--config", "cured.toml", "-q", "--no-record", "--no-check")

    def test_what_is_kept_stays_and_what_is_dry_trains_nothing(self):
        dry = json.loads(self.plumb(*CURE, "--dry-run", "--json", "--runs", "runs"))
        self.assertEqual((dry["ending"], dry["trainings"]), ("predicted", 0))
        self.assertGreater(len(dry["search"]["changes"]), 3)
        self.assertEqual(list((self.folder / "runs").iterdir()), [])
        kept = json.loads(self.plumb(*CURE, "--dry-run", "--json", "--keep", "activation,joins,norm,depth"))
        for change in kept["search"]["changes"]:
            self.assertNotIn("network", change["settings"], change)
        init = json.loads(self.plumb(*CURE, "--dry-run", "--json", "--only", "init"))
        for change in init["search"]["changes"]:
            self.assertLessEqual(set(change["settings"]), {"init", "gain", "bias-init", "network"}, change)
        self.plumb(*CURE, "--keep", "hope", code=1)

    def test_settings_beside_a_run_are_taken(self):
        self.plumb("train", SICK, *SMALL, "--no-check", "--lr", "0.2", "-o", "sick.plumb")
        plain, given = (json.loads(self.plumb("cure", "sick.plumb", *more, "--dry-run", "--json", "-q"))["untreated"]["command"]
                        for more in ([], ["--lr", "7", "--steps", "20"]))
        self.assertIn(SICK, given)
        self.assertIn("--lr 0.2", plain)
        self.assertIn("--steps 60", plain)
        self.assertIn("--lr 7", given)
        self.assertIn("--steps 20", given)

    def test_two_jobs_are_one(self):
        self.assertEqual(self.plumb(*CURE, "--json", "--jobs", "2"), self.plumb(*CURE, "--json"))
        self.assertEqual(self.plumb(*GRID, "--json", "--jobs", "2"), self.plumb(*GRID, "--json"))

    def test_a_cure_goes_on_after_kills(self):
        begin = time.monotonic()
        whole = self.plumb(*CURE, "--json")
        lasts_s = time.monotonic() - begin
        random.seed(7)
        for _ in range(KILLS):
            printed = self.killed([*CURE, "--json", "--log", "log.jsonl", "--jobs", "2"],
                                  random.uniform(0.05, lasts_s))
            self.assertTrue(whole.startswith(printed), printed)  # also if it was killed in the middle of it
        self.assertEqual(self.plumb(*CURE, "--json", "--log", "log.jsonl"), whole)

    def test_ctrl_c_ends_it_with_what_is_finished(self):
        begin = time.monotonic()
        whole = json.loads(self.plumb(*CURE, "--json"))
        lasts_s = time.monotonic() - begin
        stopped = json.loads(self.killed([*CURE, "--json"], 0.7 * lasts_s, signal.SIGINT))
        self.assertIn(stopped["ending"], ("interrupted", whole["ending"]))
        for candidate, full in zip(stopped["candidates"], whole["candidates"]):
            for one, other in zip(candidate["arm"]["trainings"], full["arm"]["trainings"]):
                if one["finished"]:
                    self.assertEqual(one, other)

    def test_a_sweep_writes_a_table_and_goes_on_after_kills(self):
        self.plumb(*GRID, "-o", "whole.csv")
        whole = (self.folder / "whole.csv").read_text()
        lines = whole.splitlines()
        self.assertEqual(lines[0], "depth,lr,seed,score,loss,log2_reach,outcome,rules,problem")
        self.assertEqual(len(lines), 1 + 3 * 3 * 2)
        random.seed(8)
        for _ in range(5):
            self.killed([*GRID, "--log", "log.jsonl"], random.uniform(0.02, 0.5))
        self.plumb(*GRID, "--log", "log.jsonl", "-o", "again.csv")
        self.assertEqual((self.folder / "again.csv").read_text(), whole)
        (self.folder / "grid.toml").write_text('network = "flatten > {depth} x [dense 8 > tanh] > dense 10"\n'
                                               'data = "glyphs?n=400"\nsteps = 60\nseeds = 2\n'
                                               'axis = "depth=1,3,5; lr=0.01:1:x10"\n')
        self.plumb("sweep", "--config", "grid.toml", "-q", "-o", "file.csv")
        self.assertEqual((self.folder / "file.csv").read_text(), whole)

    def test_a_budget_that_cannot_do_names_the_least_that_can(self):
        result = subprocess.run([PLUMB, "cure", SICK, *SMALL, "--budget", "35"], capture_output=True, text=True,
                                check=False, cwd=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("at least 38", result.stderr)

    def test_a_budget_may_be_minutes(self):
        report = json.loads(self.plumb(*CURE[:-1], "30min", "--json"))
        self.assertIn(report["ending"], ("cured", "better"))
        for budget in ("0", "-3", "2.5", "10 parsecs", "min", "0.0001min"):
            result = subprocess.run([PLUMB, *CURE[:-1], budget], capture_output=True, text=True, check=False, cwd=self.folder)
            self.assertEqual(result.returncode, 1, budget)
            self.assertIn("budget: ", result.stderr)

    def test_a_dry_run_of_a_healthy_training_prescribes_nothing(self):
        healthy = ["flatten > dense 32 > relu > dense 10", *SMALL, "--init", "he_normal", "--lr", "0.1"]
        self.plumb("train", *healthy, "--steps", "300", "--no-check", "-o", "well.plumb")
        for patient in (["well.plumb", "-q"], healthy):
            printed = self.plumb("cure", *patient, "--dry-run")
            self.assertIn("was not sick", printed)
            self.assertNotIn("plumb train", printed)

    def test_recorded_trainings_are_gone_on_with_beside_their_log(self):
        both = [*CURE, "--json", "--log", "log.jsonl", "--runs", "runs"]
        self.killed(both, 1.5)
        whole = self.plumb(*both)
        self.assertEqual(self.plumb(*both), whole)
        names = sorted(run.name for run in (self.folder / "runs").iterdir() if run.suffix == ".plumb")
        self.assertIn("untreated-0.plumb", names)
        self.assertGreater(len(names), 10)
        self.assertEqual(self.plumb(*CURE, "--json"), whole)
        # Runs of something else are not lost to a log that is gone on with, nor without one.
        before = (self.folder / "runs" / "untreated-0.plumb").read_bytes()
        self.plumb(*both, "--lr", "0.5", code=1)
        self.plumb(*CURE, "--runs", "runs", code=1)
        self.assertEqual((self.folder / "runs" / "untreated-0.plumb").read_bytes(), before)

    def test_a_combination_that_cannot_be_leaves_no_run(self):
        self.plumb("sweep", "flatten > dense 8 > {what} > dense 10", *SMALL, "--axis", "what=tanh,maxpool 2", "--runs", "runs")
        self.assertEqual([run.name for run in (self.folder / "runs").iterdir()], ["point-0-0.plumb"])

    def test_what_is_wrong_is_said_before_anything_is_trained(self):
        self.plumb(*CURE, "--log", "/nonexistent/log", code=1)
        for text in ("buy milk\n", '{"buy": "milk"}', '{"buy": "milk"}\n', '{\n  "buy": "milk"\n}'):
            (self.folder / "notes.txt").write_text(text)
            self.plumb(*CURE, "--log", "notes.txt", code=1)
            self.assertEqual((self.folder / "notes.txt").read_text(), text)
        result = subprocess.run([PLUMB, "cure", "none.plumb"], capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertIn("none.plumb: no such file", result.stderr)
        self.plumb("sweep", "dense {width}", "--axis", "width=4", "--axis", "length=2", code=1)
        self.plumb("sweep", "dense {width}", "--axis", "width=", code=1)


if __name__ == "__main__":
    PLUMB = os.path.abspath(sys.argv.pop(1))
    unittest.main()
