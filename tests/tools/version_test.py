#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The version that plumb/core/version.h says is the one that the citation and the change log say."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


class VersionTest(unittest.TestCase):
    def setUp(self):
        header = read("plumb/core/version.h")
        parts = [re.search(rf"#define PLUMB_VERSION_{part} (\d+)", header).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
        self.version = ".".join(parts)

    def test_the_citation_has_it(self):
        self.assertEqual(re.search(r"^version: (\S+)$", read("CITATION.cff"), re.MULTILINE).group(1), self.version)

    def test_the_change_log_has_it_below_what_is_unreleased(self):
        heads = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
        self.assertEqual(heads[:2], ["Unreleased", self.version])


if __name__ == "__main__":
    unittest.main()
