# SPDX-License-Identifier: Apache-2.0
"""tools/check_includes finds each violation, and nothing in a tree that keeps the rules."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "check_includes"
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"


def check(files):
    """Runs the tool on a tree of these files: (exit status, output)."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        command = [sys.executable, TOOL, "--root", root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class CheckIncludesTest(unittest.TestCase):
    def assert_refused(self, name, text, message, **others):
        status, output = check({name: text, **others})
        self.assertEqual(status, 1, output)
        self.assertIn(message, output)
        self.assertIn("1 errors", output)

    def test_a_tree_that_keeps_the_rules_passes(self):
        status, output = check(
            {
                "plumb/core/a.h": HEADER + "#include <vector>\n",
                "plumb/stats/b.h": HEADER + '#include "plumb/core/a.h"\n',
                "plumb/stats/b.cpp": SPDX + "#include <fmt/core.h>\n#include <hwy/highway.h>\n",
                "plumb/record/c.h": HEADER + '#include "plumb/stats/b.h"\n',
                "plumb/flow/d.cpp": SPDX + '#include "plumb/core/a.h"\n',
                "plumb/optim/e.h": HEADER + '#include "plumb/nn/param.h"\n',
                "tests/core/a_test.cpp": SPDX + '#include "plumb/core/a.h"\n#include <gtest/gtest.h>\n',
            }
        )
        self.assertEqual(status, 0, output)
        self.assertIn("0 errors, 0 warnings", output)

    def test_an_arrow_against_the_table_is_refused(self):
        text = SPDX + '\n#include "plumb/nn/layer.h"\n'
        self.assert_refused("plumb/stats/a.cpp", text, "a.cpp:3: plumb/stats may not include plumb/nn")

    def test_an_unknown_folder_is_refused(self):
        text = SPDX + '#include "plumb/core/a.h"\n'
        self.assert_refused("plumb/misc/a.cpp", text, "plumb/misc is not in the table")

    def test_a_single_file_of_a_folder_does_not_open_the_folder(self):
        text = SPDX + '#include "plumb/nn/graph/network.h"\n'
        self.assert_refused("plumb/optim/a.cpp", text, "plumb/optim may not include")

    def test_a_folder_with_a_row_of_its_own_is_a_unit_of_its_own(self):
        down = {
            "plumb/nn/layers/a.h": HEADER + '#include "plumb/nn/layer.h"\n',
            "plumb/nn/graph/b.h": HEADER + '#include "plumb/nn/layers/a.h"\n',
            "plumb/train/c.h": HEADER + '#include "plumb/nn/layers/a.h"\n#include "plumb/nn/param.h"\n',
        }
        self.assertEqual(check(down), (0, "check_includes: 0 errors, 0 warnings\n"))
        up = SPDX + '#include "plumb/nn/graph/layer_table.h"\n'
        self.assert_refused("plumb/nn/layers/a.cpp", up, "plumb/nn/layers may not include plumb/nn/graph/layer_table.h")
        beside = SPDX + '#include "plumb/nn/layers/dense.h"\n'
        self.assert_refused("plumb/nn/recurrent/a.cpp", beside, "plumb/nn/recurrent may not include plumb/nn/layers")
        self.assert_refused("plumb/nn/a.cpp", beside, "plumb/nn may not include plumb/nn/layers/dense.h")

    def test_a_third_party_header_outside_its_folder_is_refused(self):
        text = SPDX + "#include <sqlite3.h>\n"
        self.assert_refused("plumb/report/a.cpp", text, "plumb/report may not include <sqlite3.h>")

    def test_core_uses_the_standard_library_alone(self):
        text = SPDX + "#include <fmt/core.h>\n"
        self.assert_refused("plumb/core/a.cpp", text, "plumb/core may not include <fmt/core.h>")

    def test_an_unknown_library_is_refused(self):
        text = SPDX + "#include <boost/any.hpp>\n"
        self.assert_refused("plumb/cli/a.cpp", text, "<boost/any.hpp> is not in the table")

    def test_a_third_party_header_in_a_header_is_refused(self):
        text = HEADER + "#include <fmt/core.h>\n"
        self.assert_refused("plumb/report/a.h", text, "header in a header: <fmt/core.h>")

    def test_a_third_party_name_in_a_header_is_refused(self):
        self.assert_refused("plumb/report/a.h", HEADER + "struct sqlite3;\n", "name in a header")

    def test_a_header_that_declares_its_folder_s_library_is_private_to_the_folder(self):
        header = {"plumb/store/a.h": HEADER + "struct sqlite3;\n"}
        text = SPDX + '#include "plumb/store/a.h"\n'
        sources = {"plumb/store/b.cpp": text, "tests/store/b_test.cpp": text, **header}
        status, output = check(sources)
        self.assertEqual(status, 0, output)
        message = "c.cpp:2: plumb/store/a.h is private to its folder: it mentions sqlite3"
        self.assert_refused("plumb/cli/c.cpp", text, message, **header)

    def test_a_third_party_name_in_a_comment_is_fine(self):
        status, output = check({"plumb/store/a.h": HEADER + "// wraps sqlite3\n"})
        self.assertEqual(status, 0, output)

    def test_a_missing_pragma_once_is_refused(self):
        self.assert_refused("plumb/core/a.h", SPDX + "// #pragma once\n", "needs #pragma once")

    def test_a_missing_licence_line_is_refused(self):
        self.assert_refused("plumb/core/a.cpp", "int a;\n", "a.cpp:1: expected // SPDX")

    def test_an_include_beside_the_file_is_refused(self):
        self.assert_refused("plumb/core/a.cpp", SPDX + '#include "a.h"\n', "from the root")

    def test_a_cycle_is_refused(self):
        self.assert_refused(
            "plumb/core/a.h",
            HEADER + '#include "plumb/core/b.h"\n',
            "cycle: plumb/core/a.h > plumb/core/b.h > plumb/core/a.h",
            **{"plumb/core/b.h": HEADER + '#include "plumb/core/a.h"\n'},
        )

    def test_a_source_that_nothing_builds_is_refused(self):
        listing = {"plumb/core/CMakeLists.txt": "plumb_library(core SOURCES ab.cpp parts/c.cpp)"}
        message = "plumb/core/b.cpp: no CMakeLists.txt names it"
        self.assert_refused("plumb/core/b.cpp", SPDX, message, **listing)
        status, output = check({"plumb/core/parts/c.cpp": SPDX, **listing})
        self.assertEqual(status, 0, output)

    def test_flags_that_hide_nan_are_refused(self):
        for flag in ("-ffast-math", "-Ofast", "-ffinite-math-only"):
            self.assert_refused("cmake/A.cmake", f"add_compile_options({flag})\n", flag)
        self.assert_refused(
            "plumb/core/a.cpp", SPDX + '#pragma GCC optimize("-Ofast")\n', "-Ofast hides NaN"
        )

    def test_text_beyond_ascii_is_refused(self):
        self.assert_refused("plumb/core/a.cpp", SPDX + "// a \u2192 b\n", "a.cpp:2: not ASCII")

    def test_unfinished_work_is_refused(self):
        self.assert_refused("plumb/core/a.cpp", SPDX + "// TO" + "DO: more\n", "a.cpp:2: unfinished")

    def test_a_long_file_is_a_warning_only(self):
        status, output = check({"plumb/core/a.cpp": SPDX + "\n" * 400})
        self.assertEqual(status, 0, output)
        self.assertIn("warning: plumb/core/a.cpp: 401 lines", output)


if __name__ == "__main__":
    unittest.main()
