# SPDX-License-Identifier: Apache-2.0
"""examples/watch_pytorch.ipynb: its cells run in order, and show what a notebook would show.

    python3 test_notebook.py FOLDER     writes what each cell shows as a page, to be looked at
"""

import ast
import contextlib
import io
import json
import os
import sys
import unittest

NOTEBOOK = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "watch_pytorch.ipynb")


def run_cells(path):
    """[(source, what was printed, the value of its last line)] of each cell of code."""
    with open(path, encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    names, shown = {"__name__": "__main__"}, []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        tree, value, out = ast.parse(source), None, io.StringIO()
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(out):
            exec(compile(tree, path, "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), path, "eval"), names)
        shown.append((source, out.getvalue(), value))
    return shown


class Notebook(unittest.TestCase):
    def test_every_cell_runs_and_shows_what_it_promises(self):
        shown = run_cells(NOTEBOOK)
        values = [value for _, _, value in shown]
        self.assertEqual(values[2], "vanishing_gradient")
        sick, cured = values[3]._repr_html_(), values[5]._repr_html_()
        for page in (sick, cured):
            self.assertIn("<svg", page)
            self.assertGreater(page.count("<circle"), 10)
        self.assertIn("Vanishing gradient", sick)
        self.assertNotIn("Vanishing gradient", cured)
        self.assertIn("model[1] = nn.Tanh()", shown[4][1])
        first, last = map(float, values[6][1].split(" to "))
        self.assertLess(last, 0.5 * first)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        page = "".join(
            f"<pre>{source}</pre><pre>{text}</pre>{value._repr_html_() if hasattr(value, '_repr_html_') else value}<hr>"
            for source, text, value in run_cells(NOTEBOOK)
        )
        with open(os.path.join(sys.argv[1], "notebook.html"), "w", encoding="utf-8") as file:
            file.write(page)
    else:
        unittest.main()
