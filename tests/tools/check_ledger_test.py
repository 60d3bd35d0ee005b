# SPDX-License-Identifier: Apache-2.0
"""tools/check_ledger.py notices what is planted into a ledger, and finds nothing in one that is left alone.

usage: check_ledger_test.py PLUMB [unittest options]
"""

import copy
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
try:
    import check_ledger
    import numpy as np
except ImportError:
    sys.exit(77)

from numpy_activations import Activation
from numpy_layers import Conv, Dense, Dropout, Flatten, Last, Norm, Pool
from numpy_ledger import Books
from numpy_networks import Block, Case, highway, residual
from numpy_recurrent import Recurrent

PLUMB = ""


def images():
    shape = (4, 5, 5)
    return Case([Conv(4, 3), residual("proj=bn", [Conv(4, 3), Activation("tanh")], shape), highway([Conv(4, 3)], shape),
                 Pool("maxpool", 2, 1), Norm("bn"), Dropout(0.3), Flatten(), Dense(3)], (2, 5, 5))


def sequences():
    return Case([Recurrent("rnn", 4), Recurrent("lstm", 4, bidirectional=True), Block([Dense(8)]), Last(), Dense(3)],
                (5, 2))


class CheckLedgerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.passes = {}
        with tempfile.TemporaryDirectory() as name:
            for make in (images, sequences):
                tensors, ledger = check_ledger.probe(PLUMB, make(), np.random.default_rng(1), 1, Path(name))
                cls.passes[make] = tensors, ledger

    def problems(self, make, change=lambda _ledger, _tensors: None):
        tensors, ledger = copy.deepcopy(self.passes[make])
        change(ledger, tensors)
        judge, books = check_ledger.Judge(), Books(make(), tensors)
        judge.ledger(ledger, books.ledger())
        return books.problems + judge.problems

    def assert_noticed(self, make, change, words):
        problems = self.problems(make, change)
        self.assertTrue(any(words in problem for problem in problems), f"{words} is not in {problems}")

    def test_a_right_ledger_passes(self):
        self.assertEqual(self.problems(images), [])
        self.assertEqual(self.problems(sequences), [])

    def test_a_part_under_another_name_or_left_out_differs(self):
        for make, kinds in ((images, ("bn", "maxpool", "dropout", "conv", "res", "highway")),
                            (sequences, ("lstm", "last"))):
            for kind in kinds:
                for index, entry in enumerate(self.passes[make][1]["entries"]):
                    if entry["kind"] != kind:
                        continue
                    for cause in entry["parts"]:
                        other = "shape" if cause != "shape" else "pooling"

                        def rename(ledger, _tensors, index=index, cause=cause, other=other):
                            parts = ledger["entries"][index]["parts"]
                            parts[other] = parts.pop(cause)

                        def drop(ledger, _tensors, index=index, cause=cause):
                            del ledger["entries"][index]["parts"][cause]

                        self.assert_noticed(make, rename, f"({kind}), {cause}")
                        self.assert_noticed(make, rename, f"({kind}), {other}")
                        self.assert_noticed(make, drop, f"({kind}), {cause}")

    def test_the_two_parts_of_a_line_cannot_trade(self):
        def trade(ledger, _tensors):
            parts = next(entry for entry in ledger["entries"] if entry["kind"] == "res")["parts"]
            parts["residual_shortcut"] += 1e-8
            parts["residual_branch"] -= 1e-8

        self.assert_noticed(images, trade, "residual_shortcut")
        self.assert_noticed(images, trade, "residual_branch")

    def test_a_line_that_is_missing_differs_in_inner_books_too(self):
        for inside in check_ledger.INSIDE:
            def drop(ledger, _tensors, inside=inside):
                next(way["entries"] for entry in ledger["entries"] for way in entry["ways"]
                     if way["way"] == inside and way["entries"]).pop()

            self.assert_noticed(images, drop, f"{inside} of: the lines")

    def test_books_through_time_are_held_too(self):
        def swap(ledger, _tensors):
            parts = ledger["time"][1]["steps"][0]["parts"]
            parts["gate_carry"], parts["gate_paths"] = parts["gate_paths"], parts["gate_carry"]

        def drop(ledger, _tensors):
            ledger["time"].pop()

        self.assert_noticed(sequences, swap, "gate_carry")
        self.assert_noticed(sequences, drop, "books through time")

    def test_a_wrong_tensor_is_not_believed(self):
        for make, name in ((images, "way/1/branch"), (images, "mask/5"), (images, "transform/2"), (images, "out/4"),
                           (images, "grad_out/1.proj"), (sequences, "time/1/reverse/grad_c"), (sequences, "time/0/h")):
            def change(_ledger, tensors, name=name):
                tensors[name] = tensors[name] * (1 + 1e-8)

            self.assert_noticed(make, change, name)


if __name__ == "__main__":
    PLUMB = sys.argv.pop(1)
    unittest.main()
