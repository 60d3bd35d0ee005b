#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tools/mutate.py takes for a fault, and which tests it gives it to."""

import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("mutate", str(ROOT / "tools" / "mutate.py"))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", LOADER))
LOADER.exec_module(mutate)

SOURCE = """// a < b and 7 stay
#include <array>
const char* text = "x == 3";
bool f(double x, int n) {
  int count = 0;
  if (x < 0.5 && n != 1) return false;
  count += n;
  note("done");
  return count > 10;
}
"""


class MutateTest(unittest.TestCase):
    def faults(self, text):
        """(line, old, new) of all faults of a source with this text."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.cpp")
            path.write_text(text)
            root, mutate.ROOT = mutate.ROOT, pathlib.Path(folder)
            try:
                found = mutate.faults_of("a.cpp")
            finally:
                mutate.ROOT = root
        for fault in found:
            self.assertEqual(text[fault.offset : fault.offset + len(fault.old)], fault.old)
        return [(text[: fault.offset].count("\n") + 1, fault.old, fault.new) for fault in found]

    def test_operators_constants_and_statements_are_faulty_one_at_a_time(self):
        found = self.faults(SOURCE)
        for fault in [(6, "<", "<="), (6, "<", ">"), (6, "&&", "||"), (6, "!=", "=="), (6, "0.5", "5.0"), (6, "1", "2"), (6, "false", "true"),
                      (7, "+=", "-="), (7, "count += n;", ";"), (8, 'note("done");', ";"), (9, ">", ">="), (9, "10", "11")]:
            self.assertIn(fault, found)

    def test_comments_texts_and_includes_stay(self):
        self.assertEqual([line for line, _, _ in self.faults(SOURCE) if line <= 3], [])

    def test_the_rest_of_a_call_on_several_lines_is_no_statement(self):
        found = self.faults("void f() {\n  g(1,\n    h(2));\n}\n")
        self.assertNotIn(";", [new for _, _, new in found])

    def test_what_does_not_change_the_text_is_no_fault(self):
        for _, old, new in self.faults(SOURCE):
            self.assertNotEqual(old, new)

    def test_a_source_is_tested_by_the_nearest_folder(self):
        self.assertEqual(mutate.test_of("plumb/flow/ledger.cpp"), ("test_flow", "tests/flow"))
        self.assertEqual(mutate.test_of("plumb/diagnose/rules/dead_units.cpp"), ("test_diagnose", "tests/diagnose"))
        self.assertEqual(mutate.test_of("plumb/nn/spec/parser.cpp"), ("test_spec", "tests/nn/spec"))
        self.assertEqual(mutate.test_of("plumb/kernels/activations/table.cpp", "tests/theory"), ("test_theory", "tests/theory"))

    def test_the_same_seed_draws_the_same_and_from_every_folder(self):
        paths = mutate.sources(["plumb/flow", "plumb/diagnose"])
        first, again, other = (mutate.drawn(paths, 40, seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertEqual(sum(fault.path.startswith("plumb/flow/") for fault in first), 20)

    def test_every_planted_and_every_explained_fault_is_of_a_line_that_is_there(self):
        planted = mutate.planted(ROOT / "tools" / "planted_faults.txt")
        self.assertGreaterEqual(len(planted), 18)
        for fault in planted:
            self.assertNotEqual(fault.old, fault.new)
            self.assertIsNotNone(mutate.test_of(fault.path, fault.tests))
        for path, line, faulty, reason in mutate.rows(mutate.EXPLAINED):
            self.assertIn(line, (ROOT / path).read_text(encoding="utf-8"))
            self.assertNotEqual(line, faulty)
            self.assertTrue(reason)

    def test_a_log_keeps_what_was_found_and_asks_again_for_what_lived(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            self.assertEqual(mutate.read_log(log, False), {})
            log.write_text('{"fault": ["a", "b", "c"], "outcome": "lives"}\n{"fault": ["a", "b", "d"], "outcome": "killed"}\n')
            self.assertEqual(mutate.read_log(log, False), {("a", "b", "c"): "lives", ("a", "b", "d"): "killed"})
            self.assertEqual(mutate.read_log(log, True), {("a", "b", "d"): "killed"})


if __name__ == "__main__":
    unittest.main()
