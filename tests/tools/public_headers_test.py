#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The public interface is what plumb/waist.h, plumb/engine.h and plumb/plumb.h name: each header is there and says how its classes and
threads go together, and no name stands for two things where both namespaces are used."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UMBRELLAS = ["plumb/waist.h", "plumb/engine.h", "plumb/plumb.h"]
CLASS = re.compile(r"^(?:class|struct) (\w+)(?: final)?(?: : [^{;]*)? \{", re.MULTILINE)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def named_by(umbrella):
    return re.findall(r'^#include "([^"]+)"', read(umbrella), re.MULTILINE)


class PublicHeadersTest(unittest.TestCase):
    def setUp(self):
        self.headers = [name for umbrella in UMBRELLAS for name in named_by(umbrella) if name not in UMBRELLAS]

    def test_each_is_there_once_and_in_order(self):
        self.assertEqual(len(self.headers), len(set(self.headers)))
        for umbrella in UMBRELLAS:
            for block in re.findall(r"(?:^#include [^\n]+\n)+", read(umbrella), re.MULTILINE):
                lines = block.splitlines()
                self.assertEqual(lines, sorted(lines), umbrella)
        for name in self.headers:
            self.assertTrue((ROOT / name).is_file(), name)

    def test_every_class_says_its_threads_in_its_header_or_in_the_table_of_the_page(self):
        table = read("docs/library.md").split("## Threads")[1].split("## Errors")[0]
        for name in self.headers:
            text = read(name)
            for kind in re.findall(r"^class (\w+)", text, re.MULTILINE):
                self.assertTrue("Threads" in text or f"`{kind}`" in table, f"{name}: {kind}")

    def test_no_type_has_the_name_of_another_one_in_theory(self):
        names = {True: set(), False: set()}
        for path in (ROOT / "plumb").rglob("*.h"):
            text = path.read_text(encoding="utf-8")
            if re.search(r"^namespace plumb(::theory)? \{", text, re.MULTILINE):
                names["namespace plumb::theory {" in text] |= set(CLASS.findall(text))
        self.assertGreater(min(map(len, names.values())), 10)
        self.assertEqual(names[True] & names[False], set())


if __name__ == "__main__":
    unittest.main()
