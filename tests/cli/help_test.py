#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages and the completion of zsh and fish against the help of the program given as argument."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())


def plumb(*command):
    return subprocess.run([PROGRAM, *command], capture_output=True, text=True, check=True).stdout


def commands_of(text):
    """The commands that a --help lists."""
    return re.findall(r"^  ([a-z][a-z-]*)  ", text.split("Subcommands:")[1].split("\n\n")[0], re.MULTILINE)


def options_of(text):
    """The spellings of each option that a --help lists."""
    heads = re.findall(r"^  (-[^\s=:{]+)", text, re.MULTILINE)
    return [re.sub(r"\{.*", "", head).split(",") for head in heads]


def plain(page):
    """A manual page without its macros, as a reader sees it."""
    text = re.sub(r"\\f[BIR]", "", page)
    for escape, letter in (("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\(dq", '"'), ("\\&", ""), ("\\e", "\\")):
        text = text.replace(escape, letter)
    return text


class HelpTest(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temp.name)
        self.help = plumb("--help")
        self.commands = commands_of(self.help)
        self.assertIn("train", self.commands)

    def tearDown(self):
        self.temp.cleanup()

    def pages(self):
        plumb("manual", str(self.folder / "man"))
        return {path.name: path.read_text() for path in (self.folder / "man").iterdir()}

    def test_there_is_a_page_for_the_program_and_for_each_command(self):
        self.assertEqual(sorted(self.pages()), sorted(["plumb.1", *(f"plumb-{name}.1" for name in self.commands)]))

    def test_a_page_names_every_option_and_every_word_of_the_help(self):
        pages = self.pages()
        for command in self.commands:
            page = plain(pages[f"plumb-{command}.1"])
            helps = [plumb(command, "--help")]
            if "Subcommands:" in helps[0]:
                helps += [plumb(command, part, "--help") for part in commands_of(helps[0])]
            count = 0
            for text in helps:
                for spellings in options_of(text):
                    count += 1
                    for spelling in spellings:
                        self.assertRegex(page, rf"(?m)^(.*, )?{re.escape(spelling)}([ ,]|$)", command)
            self.assertGreater(count, 0, command)
            # The words in the same order: what is wrapped at 80 columns there is one line here.
            words = " ".join(helps[0].split("\n", 1)[0].split())
            self.assertIn(words, " ".join(page.split()), command)

    def test_the_program_page_names_the_commands_and_the_exit_codes(self):
        page = " ".join(plain(self.pages()["plumb.1"]).split())
        for command in self.commands:
            self.assertIn(f"plumb-{command}(1)", page)
        self.assertIn("130 stopped by Ctrl-C", page)

    def test_the_same_program_writes_the_same_pages(self):
        self.assertEqual(self.pages(), self.pages())

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_pages_are_sound_to_mandoc(self):
        for name in self.pages():
            path = str(self.folder / "man" / name)
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True, check=False)
            # Versions of software, not days, date these pages.
            told = [line for line in lint.stdout.splitlines() if "missing date" not in line]
            self.assertEqual(told, [], name)
            shown = subprocess.run(["mandoc", "-T", "ascii", path], capture_output=True, text=True, check=True).stdout
            self.assertIn("N\bNA\bAM\bME\bE", shown)

    def test_a_folder_that_cannot_be_made_is_named(self):
        (self.folder / "file").write_text("")
        told = subprocess.run([PROGRAM, "manual", str(self.folder / "file" / "man")], capture_output=True, text=True, check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("file/man", told.stderr)

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_offers_commands_options_and_values(self):
        (self.folder / "plumb.fish").write_text(plumb("completion", "fish"))

        def offered(line):
            script = f"source plumb.fish; complete -C '{line}'"
            told = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True, cwd=self.folder)
            self.assertEqual(told.stderr, "")
            return [row.split("\t")[0] for row in told.stdout.splitlines()]

        self.assertEqual(sorted(set(offered("plumb ")) & set(self.commands)), sorted(self.commands))
        self.assertEqual(offered("plumb train --init he_"), ["he_normal", "he_uniform"])
        self.assertIn("--weight-decay", offered("plumb train --weight-d"))
        self.assertEqual(sorted(offered("plumb export --format ")), ["csv", "json", "time-csv"])
        self.assertIn("score", offered("plumb zoo sc"))
        self.assertIn("--seeds", offered("plumb zoo score --see"))
        (self.folder / "some.plumb").write_text("")
        self.assertIn("some.plumb", offered("plumb diagnose so"))
        self.assertNotIn("--weight-decay", offered("plumb export --weight-d"))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_offers_commands_options_and_values(self):
        functions = self.folder / "functions"
        functions.mkdir()
        (functions / "_plumb").write_text(plumb("completion", "zsh"))
        (self.folder / "some.plumb").write_text("")
        driver = self.folder / "driver.zsh"
        driver.write_text(ZSH_DRIVER)

        def offered(line):
            told = subprocess.run(["zsh", "-f", str(driver), str(functions), line], capture_output=True, text=True,
                                  check=True, cwd=self.folder, timeout=60, stdin=subprocess.DEVNULL)
            return told.stdout

        def has(line, *words):
            text = offered(line)
            for word in words:
                self.assertIn(word, text, line)
            return text

        has("plumb ", "train", "diagnose", "zoo")
        has("plumb train --init he_", "he_normal", "he_uniform")
        has("plumb train --weight-d", "--weight-decay")
        has("plumb export --format ", "time-csv")
        has("plumb zoo ", "score")
        has("plumb zoo score --see", "--seeds")
        has("plumb zoo run sigmoid_depth_", "sigmoid_depth_adam")
        has("plumb train --data csv:so", "csv:some.plumb")
        has("plumb diagnose so", "some.plumb")
        self.assertNotIn("--weight-decay", offered("plumb export --weight-d"))


# Completes one line in a zsh of its own behind a terminal, and prints what was drawn.
ZSH_DRIVER = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; unsetopt PROMPT_SP; stty -echo; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=1000; print -r -- ready''now"
local text= all=
while zpty -r z text; do all+=$text; [[ $all == *readynow* ]] && break; done
zpty -w -n z "$2"$'\t\t'
sleep 2  # what is typed ahead would keep it from showing its list
zpty -w -n z $'\C-u\n'
zpty -w z 'print -r -- do''ne'
all=
while zpty -r z text; do all+=$text; [[ $all == *done* ]] && break; done
print -r -- $all
zpty -d z
"""

if __name__ == "__main__":
    unittest.main()
