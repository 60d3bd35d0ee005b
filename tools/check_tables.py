#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train on the tables of scikit-learn as a newcomer would, and hold plumb's verdict and first advice against them.

    check_tables.py PROGRAM [FOLDER]

First with the label alone and everything else as it comes, for one pass over the data and for some; then as the first
advice says. Of each table it is known what is wrong with it as it comes (the source's own documentation gives the
columns' ranges), and how much of it any small network gets right once it is scaled. Where PLUMB_MNIST_DIR names a folder
with the real MNIST, that too. The files are written into FOLDER, else into a temporary one. Exits with 1 and says what
differs.
"""

import csv
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from sklearn import datasets


@dataclasses.dataclass
class Table:
    name: str
    load: object
    ask: str  # what is learned, in plumb's words
    wrong: tuple  # rules that may come first, as the table comes; empty where nothing is wrong
    least: float  # of the validation part, once scaled: accuracy, or for values the part of the variance explained
    epochs: int = 40


TABLES = [
    Table("iris", datasets.load_iris, "label", (), 0.85),
    Table("wine", datasets.load_wine, "label", ("column_scale",), 0.85),
    Table("breast_cancer", datasets.load_breast_cancer, "label", ("column_scale",), 0.92),
    Table("digits", datasets.load_digits, "label", ("input_scale",), 0.9, 10),
    Table("diabetes", datasets.load_diabetes, "target", ("target_scale",), 0.3),
    Table("diabetes_raw", lambda: datasets.load_diabetes(scaled=False), "target", ("input_scale", "target_scale"), 0.3),
]


def write(table, folder):
    data = table.load()
    path = folder / (table.name + ".csv")
    names = getattr(data, "target_names", None)
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*data.feature_names, "answer"])
        for x, y in zip(data.data, data.target):
            rows.writerow([*map(float, x), float(y) if table.ask == "target" else names[y]])
    return path


class Newcomer:
    def __init__(self, program, table, folder):
        self.program, self.table, self.folder = program, table, folder
        path = write(table, folder)
        outputs = 1 if table.ask == "target" else len(set(table.load().target))
        width = 64 if table.name == "digits" else 16
        self.asked = [f"dense {width} > relu > dense {outputs}", "--data", f"csv:{path}?{table.ask}=answer", "--threads", "1"]

    def train(self, name, *more):
        run = self.folder / f"{self.table.name}_{name}.plumb"
        subprocess.run([self.program, "train", *self.asked, *more, "-o", run], check=True, capture_output=True)
        return json.loads(subprocess.run([self.program, "diagnose", run, "--json"], check=True, capture_output=True).stdout)

    def reached(self, name):
        """Accuracy of the validation part, or the part of its variance that is explained."""
        run = self.folder / f"{self.table.name}_{name}.plumb"
        written = json.loads(subprocess.run([self.program, "export", run], check=True, capture_output=True).stdout)
        last = [step for step in written["steps"] if "validation_loss" in step][-1]
        if self.table.ask == "label":
            return last["validation_accuracy"]
        return 1 - last["validation_loss"] / self.baseline


def first_alarm(diagnosis):
    alarms = [finding for finding in diagnosis["findings"] if finding["severity"] != "note"]
    return alarms[0] if alarms else None


def check(newcomer):
    """What differs from what is known of the table."""
    table, wrong = newcomer.table, []
    for name, more in (("once", ()), ("often", ("--epochs", str(table.epochs)))):
        found = newcomer.train(name, *more)
        alarm = first_alarm(found)
        rule = alarm["rule"] if alarm else None
        told = rule in table.wrong if table.wrong else rule is None
        # What does not hinder in the end is a note.
        told = told or (rule is None and name == "often" and found["healthy"])
        if not told:
            wrong.append(f"{table.name} {name}: {rule or 'nothing'} comes first, expected {table.wrong or 'nothing'}")
        if alarm and alarm["remedies"][0]["kind"] not in ("scale_inputs", "scale_targets"):
            wrong.append(f"{table.name} {name}: advises {alarm['remedies'][0]['text']}")
    newcomer.baseline = found["baseline_loss"]
    advised = ("--standardise", "true") if table.wrong else ()
    found = newcomer.train("advised", "--epochs", str(table.epochs), *advised)
    if not found["healthy"]:
        wrong.append(f"{table.name} as advised: {found['verdict']}")
    reached = newcomer.reached("advised")
    if reached < table.least:
        wrong.append(f"{table.name} as advised: {reached:.2f} of the validation part, expected {table.least} or more")
    print(f"{table.name}: {rule or 'nothing wrong'} as it comes, {reached:.2f} as advised")
    return wrong


def check_mnist(program, images, folder):
    """The images are in order as they come: 2000 of them, in one pass and in some."""
    wrong = []
    for network in ("flatten > dense 64 > relu > dense 10", "conv 8 3x3 > relu > maxpool 2 > flatten > dense 10"):
        for epochs in ("1", "4"):
            run = folder / "mnist.plumb"
            run.unlink(missing_ok=True)
            asked = [network, "--data", f"mnist:{images}", "--limit", "2000", "--epochs", epochs, "--threads", "1"]
            subprocess.run([program, "train", *asked, "-o", run], check=True, capture_output=True)
            found = json.loads(subprocess.run([program, "diagnose", run, "--json"], check=True, capture_output=True).stdout)
            if first_alarm(found) or (epochs == "4" and not found["healthy"]):
                wrong.append(f"mnist, {network}, {epochs} epochs: {found['verdict']}")
    print("mnist: " + ("as expected" if not wrong else "not as expected"))
    return wrong


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wrong = [line for table in TABLES for line in check(Newcomer(program, table, folder))]
        if images := os.environ.get("PLUMB_MNIST_DIR"):
            wrong += check_mnist(program, images, folder)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
