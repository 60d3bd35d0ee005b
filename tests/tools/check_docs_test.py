# SPDX-License-Identifier: Apache-2.0
"""tools/check_docs runs what the documents show and finds what is not true."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_docs"
PROGRAM = "#!/bin/sh\ncase $1 in make) touch made ;; *) test -f made ;; esac\n"
EXAMPLE = "int twice(int x) {\n  const int y = x + x;\n  return y;\n}\n"


def check(document, program=True):
    """Runs the tool on a README.md beside one example: (exit status, output)."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "README.md").write_text(document, encoding="utf-8")
        (root / "examples").mkdir()
        (root / "examples" / "twice.cpp").write_text(EXAMPLE, encoding="utf-8")
        (root / "plumb").write_text(PROGRAM, encoding="utf-8")
        (root / "plumb").chmod(0o755)
        command = [sys.executable, TOOL, "--root", root]
        if program:
            command += ["--program", root / "plumb"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def block(language, text):
    return f"```{language}\n{text}\n```\n"


class CheckDocsTest(unittest.TestCase):
    def test_blocks_of_a_document_run_in_order_in_one_directory(self):
        status, output = check(block("sh", "plumb make") + "and\n" + block("sh", "./run plumb use"))
        self.assertEqual(status, 0, output)
        self.assertIn("2 blocks checked", output)

    def test_a_command_that_fails_is_refused_with_its_place(self):
        status, output = check("# title\n\n" + block("sh", "plumb use"))
        self.assertEqual(status, 1, output)
        self.assertIn("README.md:3: this block fails: exit status 1", output)

    def test_a_failure_in_the_middle_of_a_block_is_seen(self):
        status, output = check(block("sh", "plumb use\nplumb make"))
        self.assertEqual(status, 1, output)

    def test_a_marked_block_is_left_out_and_counted(self):
        status, output = check("<!-- not run: needs data -->\n" + block("sh", "plumb use"))
        self.assertEqual(status, 0, output)
        self.assertIn("0 blocks checked, 1 left out", output)

    def test_a_mark_without_a_reason_does_not_count(self):
        status, output = check("<!-- not run: -->\n" + block("sh", "plumb use"))
        self.assertEqual(status, 1, output)

    def test_a_mark_covers_the_next_block_only(self):
        status, output = check("<!-- not run: why -->\n" + block("sh", "plumb use") * 2)
        self.assertEqual(status, 1, output)

    def test_without_a_program_commands_are_left_out(self):
        status, output = check(block("sh", "plumb use"), program=False)
        self.assertEqual(status, 0, output)
        self.assertIn("1 left out", output)

    def test_an_excerpt_of_an_example_passes_at_any_indentation(self):
        status, output = check(block("cpp", "const int y = x + x;\nreturn y;"))
        self.assertEqual(status, 0, output)
        self.assertIn("1 blocks checked", output)

    def test_an_excerpt_that_drifted_is_refused(self):
        status, output = check(block("cpp", "const int y = 2 * x;\nreturn y;"))
        self.assertEqual(status, 1, output)
        self.assertIn("neither an excerpt of a file nor a program", output)

    def test_a_block_that_compiles_passes(self):
        status, output = check(block("cpp", "#include <vector>\nstd::vector<int> numbers();"))
        self.assertEqual(status, 0, output)

    def test_a_link_to_nowhere_is_refused(self):
        status, output = check("[a](docs/none.md) [b](https://example.org/x) [c](README.md#part)\n")
        self.assertEqual(status, 1, output)
        self.assertIn("the link docs/none.md leads nowhere", output)
        self.assertIn("1 errors", output)

    def test_what_a_header_shows_must_stand_in_the_test_that_runs_it(self):
        shown = "/// A thing.\n///\n/// How to use:\n///\n///   Thing thing(1);\n///   if (thing) {\n///     use(thing);\n///   }\n"
        run = "TEST(A, B) {\n  Thing thing(1);\n  if (thing) {\n    use(thing);\n  }\n\n  EXPECT_TRUE(thing);\n}\n"
        for code, status in ((run, 0), (run.replace("use(", "try(", 1), 1), ("", 1)):
            with tempfile.TemporaryDirectory() as directory:
                root = pathlib.Path(directory)
                for path, text in (("plumb/thing.h", shown), ("tests/how_to_use/how_to_use_test.cpp", code)):
                    (root / path).parent.mkdir(parents=True)
                    (root / path).write_text(text, encoding="utf-8")
                done = subprocess.run([sys.executable, TOOL, "--root", root], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertEqual("plumb/thing.h:3: this code is not in" in done.stdout, status == 1, done.stdout)


if __name__ == "__main__":
    unittest.main()
