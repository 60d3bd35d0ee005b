#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uses the program as a person would: right input, wrong input, Ctrl-C, kill -9, a pipe, a narrow terminal.

usage: cli_test.py PLUMB [unittest options]
"""

import gzip
import json
import os
import pty
import random
import re
import resource
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path
from xml.etree import ElementTree

PLUMB = ""
SICK = "flatten > 12 x [dense 16 > sigmoid] > dense 10"
SMALL = ["--data", "glyphs?n=200", "--batch", "20", "--epochs", "1"]
# What a loaded machine may take between a kill being asked for and it being done.
SLACK_S = 2.0
LONG = ["--data", "glyphs?n=200", "--batch", "20", "--steps", "100000000"]


def write_mnist(folder, images=20, rows=28, labels=None, magic=2051, cut=0):
    """A small MNIST in IDX form, with what is asked to be wrong about it."""
    pixels = bytes((7 * i) % 256 for i in range(images * rows * rows))
    labels = [i % 10 for i in range(images)] if labels is None else labels
    content = struct.pack(">IIII", magic, images, rows, rows) + pixels
    (folder / "train-images-idx3-ubyte").write_bytes(content[: len(content) - cut])
    (folder / "train-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 2049, len(labels)) + bytes(labels))


class CliTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def run_plumb(self, *arguments, **environment):
        return subprocess.run(
            [PLUMB, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
            cwd=self.folder, env={**os.environ, **environment})

    def fails(self, code, *arguments):
        """The one message on standard error of a command that must fail with this exit code."""
        result = self.run_plumb(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertNotIn("terminate called", result.stderr)
        return result.stderr

    def recorded(self, name="run.plumb", network=SICK, *more):
        path = self.folder / name
        result = self.run_plumb("train", network, *SMALL, "-o", path, *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return path

    # Right input

    def test_a_table_as_a_spreadsheet_gives_it_trains_and_says_what_it_was_taken_for(self):
        lines = ['id;visited;site;"age, years";weight_kg;outcome']
        for n in range(40):
            weight = "NA" if n % 17 == 0 else f"{50 + n},5"
            lines.append(f"{n + 1};2024-01-{10 + n % 9};{'abc'[n % 3]};{20 + n};{weight};{1 + n % 5}")
        (self.folder / "clinic.csv").write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
        arguments = ["train", "dense 4 > relu > dense 5", "--data", "csv:clinic.csv?label=outcome", "--epochs", 1,
                     "--standardise", "true"]
        result = self.run_plumb(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        notes = result.stderr.splitlines()
        self.assertEqual(
            notes[0],
            "clinic.csv: semicolons, decimal commas, header; 40 rows; 5 inputs from 'age, years', weight_kg, site "
            "(one-hot: a, b, c); missing: weight_kg (3), filled with the mean of the training part; dropped id (row "
            "numbers), visited (dates); label outcome: 5 classes, 1, 2, 3, 4, 5 as 0 to 4")
        self.assertEqual(
            notes[1], "inputs standardised: mean 0 and deviation 1 over the training part, each column")
        self.assertNotIn("clinic.csv:", self.run_plumb(*arguments, "--quiet").stderr)
        # A network that does not fit is told beside what the table was taken for.
        message = self.fails(1, "probe", "dense 3", "--data", "csv:clinic.csv?label=outcome")
        self.assertIn("label outcome: 5 classes", message)
        self.assertIn("expected [5]", message)
        self.assertIn("(did you mean 'outcome'?)",
                      self.fails(1, "probe", "dense 5", "--data", "csv:clinic.csv?label=outcme"))

    def test_weights_travel_as_safetensors(self):
        network = ["dense 4 > relu > dense 2", "--data", "spirals?n=100"]
        result = self.run_plumb("train", *network, "--epochs", 1, "--save-weights", "w.safetensors")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "w.safetensors").read_bytes()[8:9], b"{")
        # In another network the same layers have other names.
        result = self.run_plumb("probe", "res[dense 2] > dense 2", *network[1:], "--weights", "w.safetensors")
        self.assertEqual(result.returncode, 1)
        result = self.run_plumb("probe", "flatten > dense 4 > relu > dense 2", *network[1:],
                                "--weights", "w.safetensors")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("taken by order and shape: 0.weight as 1.weight", result.stderr)

    def test_a_deep_plain_network_with_batch_norm_explodes_and_does_not_vanish(self):
        rules = {}
        for preset in ("plain20", "plain56", "resnet56"):
            result = self.run_plumb("train", f"avgpool 2 > {preset} width=8", "--data", "glyphs?n=100", "--batch", 32,
                                    "--steps", 1, "--init", "he_normal", "--json")
            self.assertEqual(result.returncode, 0, result.stderr)
            findings = json.loads(result.stdout)["findings"]
            rules[preset] = {finding["rule"]: finding for finding in findings}
            self.assertNotIn("vanishing_gradient", rules[preset])
        self.assertNotIn("exploding_gradient", rules["plain20"])
        self.assertNotIn("exploding_gradient", rules["resnet56"])
        self.assertIn("normalisation", rules["plain56"]["exploding_gradient"]["cause"])

    def test_train_records_and_names_the_vanishing_gradient(self):
        path = self.recorded()
        result = self.run_plumb("diagnose", path, "--json")
        diagnosis = json.loads(result.stdout)
        self.assertIn("vanishing_gradient", [f["rule"] for f in diagnosis["findings"]])
        self.assertFalse(diagnosis["healthy"])
        self.assertNotIn("ledger", diagnosis)

    def test_the_ledger_of_any_measured_step_is_there_for_programs(self):
        path = self.recorded()
        ledgers = {}
        for step in ([], ["--step", 0]):
            told = self.run_plumb("diagnose", path, "--books", "--json", *step)
            self.assertEqual(told.returncode, 0, told.stderr)
            ledger = json.loads(told.stdout)["ledger"]
            parts = sum(sum(entry["parts"].values()) for entry in ledger["entries"])
            self.assertAlmostEqual(parts, ledger["total"], delta=1e-9 * abs(ledger["total"]))
            ledgers[ledger["step"]] = ledger["total"]
        self.assertEqual(len(ledgers), 2)
        self.assertIn(0, ledgers)
        self.assertIn("was not measured", self.fails(1, "diagnose", path, "--books", "--json", "--step", 10**6))

    def test_lab_lists_runs_and_writes_a_page(self):
        listing = self.run_plumb("lab")
        self.assertEqual(listing.returncode, 0, listing.stderr)
        self.assertIn("same-weight", listing.stdout)
        one = self.run_plumb("lab", "same-weight", "--weight", "2", "--depth", "4", "--json")
        self.assertEqual(one.returncode, 0, one.stderr)
        checks = json.loads(one.stdout)["experiments"][0]["checks"]
        self.assertEqual(next(c for c in checks if "shared weight (sum" in c["what"])["measured"], 32)
        page = self.run_plumb("lab", "chain-numbers", "-o", "lab.html")
        self.assertEqual(page.returncode, 0, page.stderr)
        self.assertIn("chain-numbers", (self.folder / "lab.html").read_text(encoding="utf-8"))
        self.assertIn("did you mean 'identity'?", self.fails(1, "lab", "identiti"))
        self.assertIn("no parameter 'factor'", self.fails(1, "lab", "identity", "--factor", "2"))
        self.assertIn("a whole number from", self.fails(1, "lab", "same-weight", "--depth", "x"))

    def test_the_zoo_is_listed_trained_and_scored(self):
        listing = self.run_plumb("zoo", "list", "--family", "signal")
        self.assertEqual(listing.returncode, 0, listing.stderr)
        self.assertIn("constant_start", listing.stdout)
        self.assertNotIn("sigmoid_depth", listing.stdout)
        one = self.run_plumb("zoo", "run", "constant_start", "--seed", "1", "-o", "zoo.plumb")
        self.assertEqual(one.returncode, 0, one.stderr)
        self.assertIn("symmetric_units", one.stdout)
        again = self.run_plumb("diagnose", "zoo.plumb", "--json")
        self.assertIn("symmetric_units", [f["rule"] for f in json.loads(again.stdout)["findings"]])
        score = self.run_plumb("zoo", "score", "constant_start", "relu_he", "--seeds", 1, "--json", "--log", "log.jsonl",
                               "--note", "here")
        self.assertEqual(score.returncode, 0, score.stderr)
        self.assertEqual([t["kind"] for t in json.loads(score.stdout)["trials"]], ["constant_start", "relu_he"])
        self.assertEqual(json.loads((self.folder / "log.jsonl").read_text())["note"], "here")
        self.assertIn("did you mean 'relu_he'?", self.fails(1, "zoo", "run", "relu_hi"))
        self.assertIn("expected open, unseen or all", self.fails(1, "zoo", "score", "--half", "seen"))
        self.assertIn("NAME is required", self.fails(2, "zoo", "run"))

    def test_a_healthy_network_is_left_in_peace(self):
        result = self.run_plumb("probe", "flatten > 8 x [dense 64 > relu] > dense 10", "--init",
                                "he_normal", "--bias-init", "zeros", *SMALL, "--json")
        self.assertEqual(json.loads(result.stdout)["findings"], [])

    def test_fixup_is_no_sickness_and_a_network_that_stays_at_zero_is(self):
        network = "flatten > dense 32 > 4 x [res[dense 32 > relu > dense 32] > relu] > dense 10"
        how = ["--init", "fixup", "--data", "glyphs?n=400", "--epochs", "2", "--json"]
        for record in ("log", "every=1"):
            told = json.loads(self.run_plumb("train", network, *how, "--record", record).stdout)
            self.assertEqual(told["findings"], [], record)
            self.assertIn("it reaches every layer", told["verdict"])
        findings = json.loads(self.run_plumb("train", network, *how, "--lr", "0").stdout)["findings"]
        worst = next(finding for finding in findings if finding["rule"] == "vanishing_gradient")
        self.assertEqual((worst["severity"], worst["path"]), ("critical", "10"))
        probed = json.loads(self.run_plumb("probe", network, "--init", "fixup", "--json").stdout)["findings"]
        self.assertEqual([finding["severity"] for finding in probed], ["note"])

    def test_toml_gives_what_the_flags_give_and_a_flag_wins(self):
        (self.folder / "a.toml").write_text(
            f'network = "{SICK}"\ndata = "glyphs?n=200"\nbatch = 20\nlr = 0.5\nclip_norm = 1.0\n')
        by_file = self.run_plumb("train", "--config", "a.toml", "--lr", "0.1", "--json")
        by_flag = self.run_plumb("train", SICK, "--data", "glyphs?n=200", "--batch", "20", "--lr", "0.1",
                                 "--clip-norm", "1", "--json")
        self.assertEqual(by_file.returncode, 0, by_file.stderr)
        self.assertEqual(json.loads(by_file.stdout)["loss"], json.loads(by_flag.stdout)["loss"])

    def test_report_is_one_page_and_export_is_valid(self):
        path = self.recorded()
        self.assertEqual(self.run_plumb("report", path, "-o", "r.html").returncode, 0)
        self.assertIn("<html", (self.folder / "r.html").read_text())
        json.loads(self.run_plumb("export", path, "--format", "json").stdout)
        csv = self.run_plumb("export", path, "--format", "csv").stdout.splitlines()
        self.assertGreater(len(csv), 100)
        self.assertEqual({line.count(",") for line in csv[1:]}, {csv[0].count(",")})

    def test_merge_makes_one_run_of_those_of_ranks(self):
        path = self.recorded()
        shutil.copy(self.folder / path, self.folder / "rank1.plumb")
        result = self.run_plumb("merge", path, "rank1.plumb", "-o", "whole.plumb")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"whole\.plumb: 2 ranks, \d+ steps, \d+ of them measured")
        one, whole = (json.loads(self.run_plumb("export", name).stdout) for name in (path, "whole.plumb"))
        for a, b in zip(one["steps"], whole["steps"]):
            for s, t in zip(a.get("sketches", []), b.get("sketches", [])):
                ranks = 1 if s["role"] in ("weight", "grad_weight", "update") else 2
                self.assertEqual(t["count"], ranks * s["count"])
                if isinstance(s["true_log2_rms"], float):
                    self.assertAlmostEqual(t["true_log2_rms"], s["true_log2_rms"], places=9)
        self.assertEqual(self.run_plumb("diagnose", "whole.plumb").returncode, 0)
        self.assertIn("-o", self.fails(1, "merge", path, "rank1.plumb", "-o", path))
        self.assertIn("--force", self.fails(1, "merge", path, "rank1.plumb", "-o", "whole.plumb"))
        self.fails(2, "merge", path, "-o", "other.plumb")
        self.assertEqual(self.run_plumb("train", "dense 3", "--data", "spirals", "--steps", "2", "-o", "other.plumb").returncode, 0)
        (self.folder / "link.plumb").symlink_to("whole.plumb")
        self.assertEqual(self.run_plumb("merge", path, "rank1.plumb", "-o", "link.plumb", "--force").returncode, 0)
        self.assertTrue((self.folder / "link.plumb").is_symlink())
        before = (self.folder / "whole.plumb").read_bytes()
        self.assertIn("rank 0 is that of rank 1", self.fails(1, "merge", path, path, "-o", "z.plumb"))
        for output in ("z.plumb", "whole.plumb"):
            told = self.fails(1, "merge", path, "other.plumb", "-o", output, "--force")
            self.assertIn("expected runs of the ranks of one training", told)
        self.assertEqual((self.folder / "whole.plumb").read_bytes(), before, "what cannot be merged replaces nothing")
        self.assertEqual([f.name for f in self.folder.glob("*") if f.name.startswith("z.") or ".new-" in f.name], [])
        self.assertEqual(self.run_plumb("train", SICK, *SMALL, "--lr", "0.7", "-o", "fast.plumb").returncode, 0)
        self.assertIn("the learning rate is 0.7", self.fails(1, "merge", path, "fast.plumb", "-o", "z.plumb"))

    def test_saved_weights_start_another_training(self):
        self.assertEqual(self.run_plumb("train", SICK, *SMALL, "--save-weights", "w.npz").returncode, 0)
        self.assertEqual(self.run_plumb("probe", SICK, *SMALL, "--weights", "w.npz").returncode, 0)

    def test_compare_names_runs_by_letter_and_file_and_says_what_differs(self):
        for name, rate in (("a.plumb", "0.1"), ("b.plumb", "0.2")):
            self.assertEqual(self.run_plumb("train", SICK, *SMALL, "--lr", rate, "-o", name).returncode, 0)
        text = self.run_plumb("compare", "a.plumb", "b.plumb", "--baseline", "b.plumb").stdout
        for part in ("A  a.plumb", "B  b.plumb", "Settings that differ", "B, baseline", "loss at the end"):
            self.assertIn(part, text)
        self.assertRegex(text, r"lr +0\.1 +0\.2")
        self.assertNotRegex(text, r"(?m)^seed ")
        self.assertIn("expected one of them", self.fails(2, "compare", "a.plumb", "b.plumb", "--baseline", "c.plumb"))
        self.assertIn("at most 8", self.fails(2, "report", *["a.plumb"] * 9))

    def test_help_of_every_command_works_and_completion_knows_the_options(self):
        for command in ("train", "probe", "diagnose", "report", "compare", "export", "merge", "demo", "zoo", "layers", "completion",
                        "evaluate", "predict", "config", "lr-find", "cure", "sweep"):
            result = self.run_plumb(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertEqual(self.run_plumb("help", command).stdout, result.stdout)
            self.assertGreater(len(result.stdout), 100, command)
        script = self.run_plumb("completion", "bash").stdout
        check = f"{script}\nCOMP_WORDS=(plumb train --weight-d); COMP_CWORD=2; _plumb; echo ${{COMPREPLY[@]}}"
        words = subprocess.run(["bash", "-c", check], capture_output=True, text=True, check=True).stdout
        self.assertIn("--weight-decay", words)

    def test_help_and_lists_fit_the_width_but_for_commands_to_copy(self):
        commands = ["train", "probe", "diagnose", "report", "compare", "export", "merge", "demo", "theory", "lab", "zoo", "layers", "completion",
                    "evaluate", "predict", "config", "lr-find", "cure", "sweep"]
        calls = [["--help"], *([command, "--help"] for command in commands), ["layers"], ["diagnose", "--rules"]]
        for width in ("", "60", "100"):
            for call in calls:
                for line in self.run_plumb(*call, COLUMNS=width, LC_ALL="C").stdout.splitlines():
                    example = line.startswith(("  plumb ", "  source "))
                    grammar = call == ["layers"] and width == "60"
                    if not (example or grammar):
                        self.assertLessEqual(len(line), int(width or 80), f"{call}: {line}")
        for width in (60, 80, 100):
            for command in commands:
                text = self.run_plumb(command, "--help", COLUMNS=str(width), LC_ALL="C").stdout
                footer = text[text.rindex("Examples:") :] if "Examples:" in text else ""
                for line, below in zip(footer.splitlines(), footer.splitlines()[1:]):
                    if line and below and not line.startswith((" ", "Examples:")) and not below.startswith(" "):
                        full = len(line) + 1 + len(below.split()[0])
                        self.assertGreater(full, width, f"{command}: broken too early: {line}")
        for more in ([], ["--diagram"], ["--depth", "100", "--width", "64"], ["--batch-norm"]):
            told = self.run_plumb("theory", "-a", "gelu", "--init", "he_normal", "--bias-std", "0.2", *more, COLUMNS="",
                                  LC_ALL="C").stdout
            self.assertLessEqual(max(map(len, told.splitlines())), 80, told)
        narrow = self.run_plumb("train", "--help", COLUMNS="60").stdout
        wide = self.run_plumb("train", "--help", COLUMNS="200").stdout
        self.assertEqual(narrow.split(), wide.split())

    def completed(self, script, *words):
        """What bash is offered for the last of these words; '=' and ':' part words there."""
        check = f"{script}\nCOMP_WORDS=(plumb {' '.join(words)}); COMP_CWORD={len(words)}; _plumb; echo ${{COMPREPLY[@]}}"
        result = subprocess.run(["bash", "-c", check], capture_output=True, text=True, check=True,
                                cwd=self.folder)
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    def test_completion_knows_the_values_of_options_and_they_work(self):
        script = self.run_plumb("completion", "bash").stdout
        self.assertEqual(self.completed(script, "train", "--init", "he_"), ["he_uniform", "he_normal"])
        self.assertEqual(self.completed(script, "train", "--init", "=", "he_"), ["he_uniform", "he_normal"])
        self.assertEqual(self.completed(script, "train", "--precision", "=")[0], "float")
        self.assertEqual(self.completed(script, "export", "--format", "''"), ["json", "csv", "time-csv"])
        self.assertIn("leaky_relu", self.completed(script, "theory", "-a", "''"))
        self.assertEqual(self.completed(script, "lab", "same"), ["same-weight"])
        self.assertEqual(self.completed(script, "zoo", "run", "sigmoid_depth_"), ["sigmoid_depth_adam"])
        self.assertIn("--seeds", self.completed(script, "zoo", "score", "--see"))
        self.assertIn("resnet20", self.completed(script, "layers", "res"))
        self.assertEqual(self.completed(script, "completion", "''"), ["bash", "zsh", "fish"])
        self.assertIn("csv:", self.completed(script, "probe", "--data", "''"))
        (self.folder / "some.csv").write_text("")
        self.assertEqual(self.completed(script, "probe", "--data", "csv", ":", "so"), ["some.csv"])
        self.assertEqual(self.completed(script, "diagnose", "so"), ["some.csv"])
        # Every word that stands for itself is one that the program takes.
        network = ["probe", "flatten > dense 8 > tanh > dense 10", "--batch", "4"]
        for option in ("--init", "--bias-init", "--precision", "--loss", "--optimiser", "--schedule", "--record",
                       "--standardise"):
            words = self.completed(script, "probe", option, "''")
            self.assertGreater(len(words), 1, option)
            for word in words:
                if word.endswith((":", "=")):
                    continue
                result = self.run_plumb(*network, "--data", "glyphs?n=20", option, word)
                refused = result.returncode != 0 and f"'{word}'" in result.stderr
                self.assertFalse(refused, result.stderr)
        for word in self.completed(script, "theory", "--activation", "''"):
            self.assertEqual(self.run_plumb("theory", "-a", word, "--weight-std", "1").returncode, 0, word)

    def test_presets_are_written_out_and_counted(self):
        text = self.run_plumb("layers", "resnet20", "--input", "3x32x32").stdout
        self.assertTrue(text.startswith("conv 16 3x3 bias=false > bn > relu > 3 x [res["), text[:80])
        self.assertIn("\n269722 parameters\n", text)
        self.assertLessEqual(max(len(line) for line in text.splitlines()[1:]), 80)
        self.assertIn("expected the shape of a sample", self.fails(1, "layers", "relu", "--input", "3x"))
        self.assertIn("6 n + 2", self.fails(1, "probe", "resnet21"))

    # What it looks like

    def test_output_into_a_pipe_is_plain_and_80_columns(self):
        result = self.run_plumb("train", SICK, *SMALL, COLUMNS="", LC_ALL="C")
        self.assertEqual(result.stderr, "")
        self.assertTrue(result.stdout.isascii())
        self.assertNotIn("\x1b", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 80)

    def test_a_terminal_gets_a_progress_line_and_colour_unless_refused(self):
        for no_colour in ("", "1"):
            controller, terminal = pty.openpty()
            environment = {**os.environ, "TERM": "xterm", "NO_COLOR": no_colour, "LC_ALL": "C.UTF-8",
                           "COLUMNS": "60"}
            process = subprocess.Popen([PLUMB, "train", SICK, *SMALL], stdout=terminal, stderr=terminal,
                                       cwd=self.folder, env=environment)
            os.close(terminal)
            output = b""
            while True:
                try:
                    piece = os.read(controller, 65536)
                except OSError:
                    break
                if not piece:
                    break
                output += piece
            os.close(controller)
            self.assertEqual(process.wait(), 0)
            text = output.decode()
            self.assertIn("step ", text)
            self.assertEqual(bool(re.search("\x1b\\[[0-9;]+m", text)), no_colour == "")
            drawn = re.findall("\r([^\r\n]*)\x1b\\[K", text)
            self.assertLess(max(map(len, drawn)), 60)  # a full line would wrap

    def test_theory_tells_depth_scales_phase_and_critical_gain(self):
        told = self.run_plumb("theory", "--activation", "tanh", "--weight-std", "1.5", "--bias-std", "0.05",
                              "--json")
        answer = json.loads(told.stdout)
        expected = {"q_star": 0.798387114308096, "chi1": 1.136707784095615, "xi_q": 1.45062254452,
                    "c_star": 0.052086236372, "xi_c": 16.2006416881, "xi_grad": -7.80419733004}
        for name, value in expected.items():
            self.assertAlmostEqual(answer[name], value, delta=1e-9 * abs(value) + 1e-12)
        self.assertEqual(answer["phase"], "chaotic")
        self.assertTrue(answer["trainable_depth_is_bound"])
        self.assertAlmostEqual(answer["critical"][0]["weight_std"], 1.1225390048, places=9)
        text = self.run_plumb("theory", "--activation", "tanh", "--weight-std", "1.5", "--bias-std", "0.05")
        self.assertIn("below 97.2", text.stdout)

    def test_theory_takes_initialisers(self):
        told = self.run_plumb("theory", "-a", "sigmoid", "--init", "pytorch", "--bias-init", "pytorch",
                              "--width", "256", "--json")
        self.assertAlmostEqual(json.loads(told.stdout)["chi1"], 0.019995815, places=8)
        relu = json.loads(self.run_plumb("theory", "-a", "relu", "--init", "he_normal", "--json").stdout)
        self.assertEqual((relu["phase"], relu["xi_grad"]), ("critical", "Infinity"))

    def test_theory_of_depth_batch_norm_residual_and_gates(self):
        told = self.run_plumb("theory", "-a", "relu", "--init", "he_normal", "--depth", "100", "--width", "64",
                              "--batch-norm", "--gate-bias", "1", "--json")
        answer = json.loads(told.stdout)
        self.assertAlmostEqual(answer["at_depth"]["log10_gradient_mean"], 0, places=9)
        self.assertAlmostEqual(answer["at_depth"]["log10_gradient_typical"], 100 * -0.040108598836 / 2 / 2.302585093,
                               places=8)
        self.assertAlmostEqual(answer["at_depth"]["log10_residual_gradient"], 50 * 0.30102999566, places=8)
        self.assertAlmostEqual(answer["batch_norm_growth"], 1.2111738962363, places=12)
        self.assertAlmostEqual(answer["gate"]["half_life"], 2.2127, places=4)
        self.assertIn("half is left after 2.213 steps", self.run_plumb("theory", "--gate-bias", "1").stdout)
        text = self.run_plumb("theory", "-a", "relu", "--init", "he_normal", "--depth", "100", "--width", "64")
        self.assertIn("in a network of width 64", text.stdout)

    def test_theory_stands_beside_what_a_probe_measures(self):
        network = "flatten > 20 x [dense 64 > sigmoid] > dense 10"
        told = self.run_plumb("probe", network, "--init", "glorot_normal", *SMALL, "--json")
        layers = json.loads(told.stdout)["theory"]["log10_rms"]
        self.assertEqual(len(layers), 21)
        self.assertLess(layers[0]["grad_z"]["theory"], -11)
        for layer in layers:
            self.assertAlmostEqual(layer["grad_z"]["theory"], layer["grad_z"]["measured"], delta=0.4)
        self.assertIn(" theory ", self.run_plumb("probe", network, *SMALL, COLUMNS="90").stdout)
        other = self.run_plumb("probe", "flatten > dense 8 > dropout 0.5 > dense 8 > dense 10", *SMALL, "--json")
        self.assertIsNone(json.loads(other.stdout)["theory"])

    def test_theory_draws_the_phase_diagram(self):
        told = self.run_plumb("theory", "-a", "gelu", "--bias-std", "0.2", "--diagram", LC_ALL="C")
        self.assertIn("unstable", told.stdout)
        self.assertTrue(told.stdout.isascii())
        rows = [line for line in told.stdout.split("\n") if "=--" in line or "==" in line]
        self.assertGreater(sum("C" in row for row in rows), 8)
        self.assertGreater(sum("U" in row for row in rows), 4)
        told = self.run_plumb("theory", "-a", "gelu", "--init", "he_normal", "--svg", "gelu.svg")
        self.assertEqual(told.returncode, 0, told.stderr)
        picture = ElementTree.parse(self.folder / "gelu.svg").getroot()
        self.assertEqual(len(picture.findall("{http://www.w3.org/2000/svg}g/*")), 81 * 41)
        self.assertEqual(len(picture.findall("{http://www.w3.org/2000/svg}circle")), 41)
        diagram = json.loads(self.run_plumb("theory", "-a", "gelu", "--diagram", "--json").stdout)["diagram"]
        self.assertEqual(len(diagram["log_chi1"]), len(diagram["bias_std"]))
        self.assertEqual(len(diagram["log_chi1"][0]), len(diagram["weight_std"]))

    # What people expect of a trainer

    def test_a_run_that_nobody_named_is_kept_and_said(self):
        told = self.run_plumb("train", SICK, *SMALL)
        runs = list((self.folder / "plumb-runs").iterdir())
        self.assertEqual(len(runs), 1)
        self.assertIn(f"Recorded in plumb-runs/{runs[0].name}.", told.stdout)
        self.assertRegex(runs[0].name, r"^\d{8}-\d{6}-flatten-12-x-dense-16\.plumb$")
        self.assertEqual(self.run_plumb("diagnose", runs[0]).returncode, 0)
        processes = [subprocess.Popen([PLUMB, "train", SICK, *SMALL, "--seed", str(seed)], cwd=self.folder,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for seed in range(6)]
        self.assertEqual([process.wait() for process in processes], [0] * 6)
        self.assertEqual(len(list((self.folder / "plumb-runs").glob("*.plumb"))), 7)
        self.assertEqual(len(list((self.folder / "plumb-runs").iterdir())), 7, "claims are left behind")

    def test_nothing_is_kept_where_nothing_was_asked_for(self):
        self.run_plumb("train", SICK, *SMALL, "--no-record")
        self.run_plumb("probe", SICK, *SMALL)
        self.run_plumb("lr-find", SICK, *SMALL[:2])
        self.assertEqual(list(self.folder.iterdir()), [])
        (self.folder / "plumb-runs").write_text("in the way")
        told = self.run_plumb("train", SICK, *SMALL)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("not recorded: plumb-runs", told.stderr)
        self.assertIn("dLoss/dz", told.stdout)

    def test_a_run_is_replaced_by_force_only(self):
        path = self.recorded()
        before = path.read_bytes()
        message = self.fails(1, "train", SICK, *SMALL, "-o", path)
        self.assertIn("--force replaces it", message)
        self.assertEqual(path.read_bytes(), before)
        self.recorded("run.plumb", SICK, "--force", "--seed", "2")
        self.assertNotEqual(path.read_bytes(), before)

    def test_help_shows_every_default(self):
        text = " ".join(self.run_plumb("train", "--help").stdout.split())
        for name, value in [("--batch,--batch-size COUNT", "32"), ("--epochs COUNT", "1"), ("--init NAME", "pytorch"),
                            ("--stop-on-nan BOOL", "true"), ("--threads COUNT", "1"), ("--data SOURCE", "glyphs")]:
            self.assertRegex(text, re.escape(name) + rf"(=| \[){value}")
        for part in ("by default 0.1, and 0.001 with rmsprop", "by default in plumb-runs/", "by default cross_entropy"):
            self.assertIn(part, text)

    def test_popular_names_are_taken(self):
        popular = self.run_plumb("train", "flatten > fc 8 > batchnorm > relu > linear 10", *SMALL, "--optimizer", "Adam",
                                 "--learning-rate", "0.01", "--loss", "cross-entropy", "--init", "xavier-uniform",
                                 "--batch-size", "25", "--json", "--no-record")
        self.assertEqual(popular.returncode, 0, popular.stderr)
        ours = self.run_plumb("train", "flatten > dense 8 > bn > relu > dense 10", *SMALL, "--optimiser", "adam", "--lr",
                              "0.01", "--loss", "cross_entropy", "--init", "glorot_uniform", "--batch", "25", "--json",
                              "--no-record")
        self.assertEqual(json.loads(popular.stdout)["loss"], json.loads(ours.stdout)["loss"])
        images = ["conv2d 4 3x3 > batchnorm2d > relu > maxpool2d 2 > flatten > layernorm > dense 10", *SMALL]
        self.assertEqual(self.run_plumb("probe", *images).returncode, 0)

    def test_the_rate_suits_the_optimiser(self):
        for more, rate in ([], "0.1"), (["--optimiser", "adamw"], "0.001"), (["--optimiser", "adam", "--lr", "1"], "1"):
            path = self.recorded("rate.plumb", SICK, "--force", *more)
            self.assertIn(f"\nlr = {rate}\n", self.run_plumb("config", path).stdout)
            head = self.run_plumb("diagnose", path).stdout
            self.assertIn(f"rate {rate}, init pytorch, batch 20", head)

    def test_the_settings_of_a_run_make_it_again(self):
        path = self.recorded("run.plumb", SICK, "--optimiser", "adam", "--seed", "18446744073709551615")
        toml = self.folder / "run.toml"
        toml.write_text(self.run_plumb("config", path).stdout)
        again = self.run_plumb("train", "--config", toml, "--json", "--no-record")
        self.assertEqual(again.returncode, 0, again.stderr)
        first = json.loads(self.run_plumb("diagnose", path, "--json").stdout)
        self.assertEqual(json.loads(again.stdout)["loss"], first["loss"])
        self.assertEqual(json.loads(again.stdout)["findings"], first["findings"])

    def test_a_config_file_takes_every_long_option(self):
        (self.folder / "all.toml").write_text(
            f'network = "{SICK}"\ndata = "glyphs?n=200"\nbatch_size = 20\noutput = "of-file.plumb"\nquiet = true\n'
            'save_weights = "of-file.npz"\njson = true\nforce = false\nfail_on = "critical"\ncheckpoint_every = 3\n')
        told = self.run_plumb("train", "--config", "all.toml")
        self.assertEqual(told.returncode, 3, told.stderr)
        self.assertEqual(told.stderr, "")
        json.loads(told.stdout)
        self.assertTrue((self.folder / "of-file.plumb").exists() and (self.folder / "of-file.npz").exists())
        self.assertEqual(self.run_plumb("train", "--config", "all.toml", "-o", "other.plumb").returncode, 3)
        self.assertTrue((self.folder / "other.plumb").exists())
        # The same file serves a probe, to which some of it means nothing.
        self.assertEqual(self.run_plumb("probe", "--config", "all.toml", "-o", "probe.plumb").returncode, 3)
        (self.folder / "bad.toml").write_text(f'network = "{SICK}"\ncheckpoint_every = -1\n')
        self.assertIn("bad.toml:2: checkpoint-every: '-1'", self.fails(1, "train", "--config", "bad.toml"))

    def test_each_command_that_reads_a_config_file_knows_all_its_long_options(self):
        self.run_plumb("train", SICK, "--data", "glyphs?n=40", "--no-record", "--no-check", "--save-weights", "w.npz")
        for command, model in [("train", []), ("probe", []), ("cure", []), ("lr-find", []), ("evaluate", ["w.npz"]),
                               ("predict", ["w.npz"])]:
            text = self.run_plumb(command, "--help").stdout
            options = set(re.findall(r"^ .{0,20}?--([a-z][a-z0-9-]*)", text.split("Examples:")[0], re.M))
            options -= {"help", "config", "resume"}  # a checkpoint that is not there is told first
            self.assertGreater(len(options), 30)
            (self.folder / "all.toml").write_text(
                "no-such-key = 1\n" + "".join(f'{name} = "?"\n' for name in sorted(options)))
            message = self.fails(1, command, *model, "--config", "all.toml")
            unknown = re.findall(r"unknown key '([^']*)'", message)
            self.assertEqual(unknown, ["no-such-key"], command)

    def test_a_list_of_a_config_file_is_what_stands_between_commas(self):
        (self.folder / "list.toml").write_text(f'network = "{SICK}"\nkeep = ["init", "depht"]\n')
        self.assertIn("--keep: 'depht'", self.fails(1, "cure", "--config", "list.toml"))

    def test_a_training_goes_on_from_its_checkpoint_to_the_same_bits(self):
        network = ["flatten > dense 8 > bn > relu > dropout 0.2 > dense 10", *SMALL[:4], "--optimiser", "adam",
                   "--schedule", "cosine", "--no-record"]
        self.run_plumb("train", *network, "--epochs", "4", "--save-weights", "whole.npz")
        first = self.run_plumb("train", *network, "--epochs", "4", "--steps", "0", "--checkpoint", "half.npz")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.run_plumb("train", *network, "--epochs", "4", "--checkpoint", "part.npz", "--checkpoint-every", "7")
        # A whole one has nothing left to do; a longer one has.
        done = self.run_plumb("train", "--resume", "half.npz", "--no-record", "--save-weights", "done.npz")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "done.npz").read_bytes(), (self.folder / "whole.npz").read_bytes())
        self.assertIn("is the checkpoint of another training",
                      self.fails(1, "train", *network, "--checkpoint", "half.npz"))

    def test_a_trained_network_is_evaluated_and_asked(self):
        table = "".join(f"{n / 10},{n % 7},{'=high' if n > 50 else 'low'}\n" for n in range(100))
        (self.folder / "a.csv").write_text("x,y,kind\n" + table)
        # Other rows, of one class alone and in another order.
        (self.folder / "b.csv").write_text("x,y,kind\n9.1,3,=high\n9.2,4,=high\n0.1,3,=high\n")
        trained = self.run_plumb("train", "dense 8 > relu > dense 2", "--data", "csv:a.csv?label=kind", "--standardise",
                                 "true", "--optimiser", "adam", "--lr", "0.05", "--epochs", "60", "--batch", "10", "-o",
                                 "run.plumb", "--save-weights", "w.npz", "--checkpoint", "c.npz")
        self.assertEqual(trained.returncode, 0, trained.stderr)
        told = json.loads(self.run_plumb("evaluate", "run.plumb", "--json").stdout)
        self.assertEqual(told["samples"], 10)
        self.assertGreaterEqual(told["accuracy"], 0.9)
        self.assertEqual(sorted(told["classes"]), ["=high", "low"])
        for model in ("run.plumb", "c.npz"):
            other = self.run_plumb("evaluate", model, "--data", "csv:b.csv?label=kind", "--json")
            self.assertEqual(other.returncode, 0, other.stderr)
            other = json.loads(other.stdout)
            high = other["classes"].index("=high")
            self.assertEqual(other["confusion"][high][high], 2)
            self.assertEqual(other["confusion"][high][1 - high], 1)
            self.assertEqual(sum(other["confusion"][1 - high]), 0)
        self.assertIn("recall precision", self.run_plumb("evaluate", "run.plumb").stdout)
        lines = self.run_plumb("predict", "run.plumb", "--data", "csv:b.csv?label=kind").stdout.splitlines()
        self.assertEqual(lines[0].split(",")[:3], ["sample", "label", "predicted"])
        self.assertEqual([line.split(",")[2] for line in lines[1:]], ["'=high", "'=high", "low"])
        for line in lines[1:]:
            self.assertAlmostEqual(sum(map(float, line.split(",")[3:])), 1, places=5)
        self.assertEqual(self.run_plumb("predict", "run.plumb", "-o", "out.npz").returncode, 0)
        self.assertIn("is read as --weights", self.fails(1, "predict", "run.plumb", "-o", "w.npz"))
        self.assertIn("is read as --data", self.fails(1, "predict", "run.plumb", "-o", "a.csv"))

    def test_a_network_answers_data_without_labels(self):
        table = "".join(f"{n},{n / 10},{'north' if n % 3 else 'south'},{'high' if n > 50 else 'low'}\n" for n in range(100))
        (self.folder / "a.csv").write_text("id,x,site,kind\n" + table)
        self.run_plumb("train", "dense 8 > relu > dense 2", "--data", "csv:a.csv?label=kind", "--standardise", "true",
                       "--optimiser", "adam", "--lr", "0.05", "--epochs", "30", "--batch", "10", "-o", "run.plumb",
                       "--save-weights", "w.npz")
        # No label, other columns in another order, a word that the training had not, a gap.
        (self.folder / "new.csv").write_text("more,site,x\n1,north,9.9\n2,east,0.1\n3,,\n")
        for source in ("csv:new.csv", "csv:new.csv?label=kind"):
            told = self.run_plumb("predict", "run.plumb", "--data", source)
            self.assertEqual(told.returncode, 0, told.stderr)
            lines = told.stdout.splitlines()
            self.assertEqual(lines[0], "sample,predicted,p_high,p_low")
            self.assertEqual([line.split(",")[:2] for line in lines[1:3]], [["0", "high"], ["1", "low"]])
            self.assertEqual(len(lines), 4)
            self.assertIn("'east', which the training had not", told.stderr)
        # Its first line of cells is read in the same way whether or not the label is there.
        (self.folder / "labelled.csv").write_text("more,site,x,kind\n1,north,9.9,low\n")
        told = self.run_plumb("predict", "run.plumb", "--data", "csv:labelled.csv").stdout.splitlines()
        self.assertEqual(told[0], "sample,label,predicted,p_high,p_low")
        self.assertEqual(told[1].split(",")[1:3], ["low", "high"])
        self.assertIn("no column 'kind'", self.fails(1, "evaluate", "run.plumb", "--data", "csv:new.csv"))
        (self.folder / "lacks.csv").write_text("site\nnorth\n")
        self.assertIn("has no column x, which the network was trained on",
                      self.fails(1, "predict", "run.plumb", "--data", "csv:lacks.csv"))
        # Weights alone: the table is all there is.
        (self.folder / "plain.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
        told = self.run_plumb("predict", "w.npz", "--network", "dense 8 > relu > dense 2", "--data", "csv:plain.csv")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stdout.splitlines()[0], "sample,predicted,p_0,p_1")
        self.assertEqual(self.run_plumb("predict", "run.plumb", "--data", "csv:new.csv", "-o", "out.npz").returncode, 0)
        names = set(zipfile.ZipFile(self.folder / "out.npz").namelist())
        self.assertEqual(names, {"outputs.npy", "probabilities.npy", "predicted.npy"})

    def test_fail_on_is_an_exit_code_for_scripts(self):
        path = self.recorded()
        for severity, code in ("critical", 3), ("note", 3):
            self.assertEqual(self.run_plumb("diagnose", path, "--fail-on", severity).returncode, code)
        self.assertEqual(self.run_plumb("probe", "flatten > 4 x [dense 64 > relu] > dense 10", "--init", "he_normal",
                                        "--bias-init", "zeros", "--fail-on", "note").returncode, 0)
        self.fails(2, "diagnose", path, "--fail-on", "serious")

    def test_a_training_that_broke_stops_and_one_that_gets_no_better_too(self):
        broken = self.run_plumb("train", "flatten > dense 10", *SMALL[:4], "--epochs", "500", "--lr", "1e38", "--json",
                                "--no-record")
        self.assertEqual(json.loads(broken.stdout)["end"], "diverged")
        self.assertLess(json.loads(broken.stdout)["steps"], 100)
        stuck = self.run_plumb("train", "flatten > dense 10", *SMALL[:4], "--epochs", "500", "--lr", "0", "--patience",
                               "3", "--json", "--no-record", "--save-best", "best.npz")
        self.assertEqual(json.loads(stuck.stdout)["end"], "stopped early")
        self.assertTrue((self.folder / "best.npz").exists())

    def test_lr_find_names_a_rate(self):
        told = json.loads(self.run_plumb("lr-find", "flatten > dense 16 > relu > dense 10", *SMALL[:4], "--json").stdout)
        self.assertGreater(told["suggestion"], 1e-4)
        self.assertIn("Try --lr", self.run_plumb("lr-find", "flatten > dense 16 > relu > dense 10", *SMALL[:4]).stdout)

    def test_layers_counts_without_building(self):
        told = self.run_plumb("layers", "99998 x [dense 1000]", "--input", "10")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn(f"{11 * 1000 + 99997 * 1001 * 1000} parameters\n400.4 GB in float", told.stdout)

    def test_what_a_probe_ignores_is_said(self):
        told = self.run_plumb("probe", SICK, *SMALL[:4], "--epochs", "5", "--lr", "3")
        self.assertIn("probe makes no step: --epochs, --lr changes nothing", told.stderr)

    # Wrong input

    def test_theory_refuses_what_makes_no_sense(self):
        for code, arguments in [(1, ["-a", "tahn"]), (1, ["-a", "tanh", "--weight-std", "-1"]),
                                (1, ["-a", "tanh", "--weight-std", "nan"]),
                                (1, ["-a", "leaky_relu x", "--weight-std", "1"]),
                                (1, ["-a", "tanh", "--init", "constant:3"]),
                                (1, ["-a", "tanh", "--init", "he_norml"]),
                                (1, ["-a", "tanh", "--weight-std", "1", "--start", "0"]),
                                (1, ["-a", "tanh", "--diagram", "--weight-max", "-1"]),
                                (2, ["--weight-std", "1"]), (2, ["-a", "tanh", "--width", "0"]),
                                (2, ["-a", "tanh", "--depth", "5"]),
                                (2, ["-a", "tanh", "--weight-std", "1", "--depth", "0"]),
                                (2, ["-a", "tanh", "--weight-std", "1", "--init", "he_normal"]),
                                (1, ["-a", "tanh", "--svg", "no/such/folder.svg"]),
                                (2, ["--gate-bias", "1", "--svg", "x.svg"])]:
            message = self.fails(code, "theory", *arguments)
            if code == 1:
                self.assertEqual(message.count("\n"), 1, message)

    def test_theory_says_that_softmax_is_no_function_of_one_number(self):
        self.assertIn("not elementwise: ", self.fails(1, "theory", "-a", "softmax", "--weight-std", "1"))

    def test_every_layer_has_a_page(self):
        manual = self.run_plumb("layers", COLUMNS="300").stdout
        layers = manual[manual.index("\nLayers\n") : manual.index("\nPresets")]
        names = re.findall(r"^  (\w+)", layers, re.MULTILINE)
        self.assertGreater(len(names), 30)
        for name in names:
            page = Path(__file__).parents[2] / "docs" / "math" / f"{name}.md"
            self.assertRegex(page.read_text(encoding="utf-8"), rf"^# .*\n\n`{name}\b")

    def test_wrong_network_strings_get_a_caret(self):
        message = self.fails(1, "probe", "dense 8 & relu", *SMALL)
        lines = message.splitlines()
        self.assertEqual(lines[-1].index("^"), lines[-2].index("&"), message)
        self.assertIn("relu", self.fails(1, "probe", "flatten > dense 8 > rellu > dense 10", *SMALL))
        self.assertIn("^", self.fails(1, "probe", "flatten > dense > dense 10", *SMALL))

    def test_shapes_that_do_not_fit_are_named(self):
        self.assertIn("[28, 10]", self.fails(1, "probe", "dense 10", *SMALL))
        self.assertIn("expected [10]", self.fails(1, "probe", "flatten > dense 9", *SMALL))

    def test_bad_data_files(self):
        def probe(network="flatten > dense 10"):
            return self.fails(1, "probe", network, "--data", f"mnist:{self.folder}")

        self.assertIn("nowhere", self.fails(1, "probe", "dense 10", "--data", "mnist:nowhere"))
        write_mnist(self.folder, cut=5)
        self.assertIn("train-images", probe())
        write_mnist(self.folder, magic=1234)
        self.assertIn("magic", probe())
        write_mnist(self.folder, labels=[1, 2, 3])
        self.assertIn("20", probe())
        write_mnist(self.folder, labels=[11] * 20)
        self.assertIn("11", probe())
        (self.folder / "inf.csv").write_text("a,b,label\n1,inf,0\n2,3,1\n")
        self.assertIn("'inf', expected a finite number",
                      self.fails(1, "probe", "dense 2", "--data", "csv:inf.csv?label=label"))
        (self.folder / "x.npz").write_bytes(b"PK\x03\x04 not really")
        self.assertIn("x.npz", self.fails(1, "probe", "dense 2", "--data", "npz:x.npz"))
        self.assertIn("expected", self.fails(1, "probe", "dense 2", "--data", "cifar:x"))

    def test_gzipped_data_and_truncated_gzip(self):
        write_mnist(self.folder)
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
            path = self.folder / name
            (self.folder / (name + ".gz")).write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        data = f"mnist:{self.folder}"
        self.assertEqual(self.run_plumb("probe", "flatten > dense 10", "--data", data).returncode, 0)
        images = self.folder / "train-images-idx3-ubyte.gz"
        images.write_bytes(images.read_bytes()[:-9])
        self.assertIn("train-images", self.fails(1, "probe", "flatten > dense 10", "--data", data))

    def test_files_that_are_no_runs(self):
        self.assertIn("missing.plumb", self.fails(1, "diagnose", "missing.plumb"))
        (self.folder / "text.plumb").write_text("no run\n" * 1000)
        self.assertIn("text.plumb", self.fails(1, "diagnose", "text.plumb"))
        database = sqlite3.connect(self.folder / "other.plumb")
        database.execute("create table t (x)")
        database.close()
        self.assertIn("other.plumb", self.fails(1, "report", "other.plumb"))
        self.assertIn("text.plumb", self.fails(1, "train", SICK, *SMALL, "-o", "text.plumb"))
        self.assertEqual((self.folder / "text.plumb").read_text(), "no run\n" * 1000)

    def test_a_run_of_a_newer_schema_is_refused_by_both_versions(self):
        path = self.recorded()
        database = sqlite3.connect(path)
        database.execute("pragma user_version = 99")
        database.close()
        message = self.fails(1, "diagnose", path)
        self.assertIn("99", message)
        self.assertRegex(message, r"\b5\b")

    def test_run_files_that_cannot_be_written(self):
        self.assertIn("no/such/dir", self.fails(1, "train", SICK, *SMALL, "-o", "no/such/dir/run.plumb"))
        self.assertIn("expected", self.fails(1, "report", self.recorded(), "-o", "no/such/dir/r.html"))

    def test_a_full_disk_ends_the_recording_and_not_the_training(self):
        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

        result = subprocess.run(
            [PLUMB, "train", SICK, "--data", "glyphs?n=200", "--batch", "20", "--steps", "60000", "--record",
             "every=1000", "-o", "full.plumb"], capture_output=True, text=True, timeout=120, check=False,
            cwd=self.folder, preexec_fn=small_disk)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("full.plumb", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("CRITICAL", result.stdout)
        self.assertEqual(self.run_plumb("diagnose", "full.plumb").returncode, 0)

    def test_wrong_command_lines_exit_with_2(self):
        self.fails(2, "train", SICK, "--nonsense")
        self.fails(2, "unknown-command")
        self.fails(2)
        self.fails(2, "diagnose")
        self.fails(2, "export", "x.plumb", "--format", "xml")

    def test_unknown_commands_and_steps_are_named_with_what_there_is(self):
        self.assertIn("unknown command 'trian', expected one of train, probe", self.fails(2, "trian"))
        message = self.fails(1, "diagnose", self.recorded(), "--step", "99999")
        self.assertIn("--step: 99999 was not measured, expected one of 0, 1, 2, ", message)
        unmeasured = self.recorded("none.plumb", SICK, "--record", "off")
        message = self.fails(1, "diagnose", unmeasured, "--step", "0")
        self.assertIn("--step: 0 was not measured, nor was any other step of this run", message)

    def test_all_problems_of_a_config_file_are_named_at_once(self):
        (self.folder / "bad.toml").write_text('lr = "fast"\nbatch = 0\ncolour = "red"\n')
        message = self.fails(1, "train", SICK, "--config", "bad.toml")
        for part in ("bad.toml:1", "bad.toml:2", "bad.toml:3", "colour"):
            self.assertIn(part, message)
        (self.folder / "broken.toml").write_text("lr = \n")
        self.assertIn("broken.toml:1", self.fails(1, "train", SICK, "--config", "broken.toml"))

    # Interruptions

    def grown(self, path):
        """The diagnosis of a run that is being trained, once a step of it is in the file."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.3)
            told = self.run_plumb("diagnose", path, "--json")
            if told.returncode == 0 and json.loads(told.stdout)["steps"] > 0:
                return json.loads(told.stdout)
        raise AssertionError(f"{path} has no step after a minute")

    def test_ctrl_c_stops_cleanly_and_keeps_the_run(self):
        path = self.folder / "long.plumb"
        process = subprocess.Popen([PLUMB, "train", SICK, *LONG, "-o", path], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.grown(path)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("vanish", output.lower())
        diagnosis = json.loads(self.run_plumb("diagnose", path, "--json").stdout)
        self.assertEqual(diagnosis["end"], "interrupted")

    def test_a_killed_run_can_be_diagnosed_and_read_while_it_grows(self):
        path = self.folder / "killed.plumb"
        process = subprocess.Popen([PLUMB, "train", SICK, *LONG, "-o", path], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        growing = self.grown(path)
        process.kill()
        process.wait()
        killed = json.loads(self.run_plumb("diagnose", path, "--json").stdout)
        self.assertGreater(growing["steps"], 0)
        self.assertGreaterEqual(killed["steps"], growing["steps"])
        self.assertIsNone(killed["end"])
        self.assertIn("vanishing_gradient", [f["rule"] for f in killed["findings"]])

    def test_fifty_kills_leave_a_run_that_lacks_at_most_a_second(self):
        moments = random.Random(7)
        for attempt in range(50):
            path = self.folder / f"killed-{attempt}.plumb"
            begin = time.monotonic()
            process = subprocess.Popen([PLUMB, "train", SICK, *LONG, "-o", path], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not path.exists() and time.monotonic() - begin < 10:
                time.sleep(0.005)
            created = time.monotonic()
            # The last ones train for longer than the bound, slack for a busy machine included.
            time.sleep(moments.uniform(0.02, 1.2) if attempt < 46 else 1.5 + SLACK_S)
            process.kill()
            process.wait()
            trained_s = time.monotonic() - created
            diagnosis = self.run_plumb("diagnose", path, "--json")
            self.assertEqual(diagnosis.returncode, 0, diagnosis.stderr)
            steps = json.loads(self.run_plumb("export", path).stdout)["steps"]
            recorded_s = steps[-1]["time_s"] if steps else 0.0
            self.assertLess(trained_s - recorded_s, 1.0 + SLACK_S, f"attempt {attempt}")

    def test_output_that_cannot_be_written_is_an_error(self):
        path = self.recorded()
        for words in (["diagnose", path], ["diagnose", path, "--json"], ["help"], ["theory", "--activation", "relu"], ["layers"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PLUMB, *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120,
                                      check=False, cwd=self.folder)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("No space left on device", done.stderr, words)

    def test_a_reader_that_goes_away_is_no_disaster(self):
        path = self.recorded()
        process = subprocess.Popen([PLUMB, "export", path, "--format", "csv"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.folder)
        select.select([process.stdout], [], [], 30)
        process.stdout.read(10)
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        process.wait(timeout=30)
        self.assertNotIn("terminate", errors)


if __name__ == "__main__":
    PLUMB = os.path.abspath(sys.argv.pop(1))
    unittest.main()
