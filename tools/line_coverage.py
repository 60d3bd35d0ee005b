#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the share of the library's lines that a build with --coverage has run, by folder of plumb/.

    tools/line_coverage.py BUILD_FOLDER

A line counts when the compiler made code of it; headers count with the sources that include them. What each line was
reached by is in BUILD_FOLDER/coverage/index.html. gcovr (a Debian package) reads the counts.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    if next(build.rglob("*.gcda"), None) is None:
        sys.exit(f"line_coverage: no counts under {build}: no test of a build with --coverage has run there")
    pages = build / "coverage"
    pages.mkdir(exist_ok=True)
    summary = pages / "summary.json"
    subprocess.run(["gcovr", "--root", ROOT, "--object-directory", build, "--filter", f"{ROOT}/plumb/", "--exclude-throw-branches", "-j", "2",
                    "--json-summary", summary, "--html-details", pages / "index.html", build], check=True)
    folders = {}
    for file in json.loads(summary.read_text())["files"]:
        parts = pathlib.PurePath(file["filename"]).parts
        name = parts[1] if len(parts) > 2 else "headers of the whole"
        reached, lines = folders.get(name, (0, 0))
        folders[name] = reached + file["line_covered"], lines + file["line_total"]
    print(f"{'folder':<24}{'lines':>8}{'reached':>10}")
    for name, (reached, lines) in sorted(folders.items()):
        print(f"{name:<24}{lines:>8}{100 * reached / max(lines, 1):>9.1f}%")
    reached, lines = (sum(column) for column in zip(*folders.values()))
    print(f"{'all':<24}{lines:>8}{100 * reached / lines:>9.1f}%")
    return 0


if __name__ == "__main__":
    sys.exit(main())
