# SPDX-License-Identifier: Apache-2.0
"""The types that the package promises: every public function has them, and the stub of the compiled part names
what is there. With mypy at hand, a program that uses all of it is checked too."""

import ast
import importlib.util
import inspect
import os
import subprocess
import sys
import tempfile
import unittest

import plumb
from plumb import _core
from plumb._torch.cure_result import Cure, CureArm, CureCandidate
from plumb._torch.init_report import InitReport
from plumb._torch.network_text import Network
from plumb._torch.watch import Watch

PACKAGE = os.path.dirname(plumb.__file__)
USES = """
import torch
import plumb

model = torch.nn.Linear(2, 2)
with plumb.watch(model, torch.optim.SGD(model.parameters(), lr=0.1), run="a.plumb", budget=0.02) as w:
    w.log(accuracy=0.5)
found: list[plumb.Finding] = w.diagnose()
path: str = w.report("a.html")
run: plumb.Run = plumb.merge(["a", "b"], "c")
text: str = str(plumb.from_torch(model))
steps: int = w.steps
lines: str = plumb.init_(model, torch.zeros(1, 2)).code()
ending: str = plumb.cure(lambda seed: model, lambda model: 0.5, budget=60).ending
for finding in w.findings:
    print(finding.rule.upper(), [r.code for r in finding.remedies])
"""


def public_of(kind):
    """Functions of a class by name, with those of properties."""
    for base in kind.__mro__:
        for name, member in vars(base).items():
            function = member.fget if isinstance(member, property) else member
            is_ours = inspect.isfunction(function) and function.__module__.startswith("plumb")
            if is_ours and (not name.startswith("_") or name in ("__init__", "__enter__", "__str__")):
                yield f"{kind.__name__}.{name}", function


class Types(unittest.TestCase):
    def test_every_public_function_has_types(self):
        functions = [(name, getattr(plumb, name)) for name in plumb.__all__ if inspect.isfunction(getattr(plumb, name))]
        for kind in (plumb.Run, plumb.Diagnosis, plumb.Finding, plumb.Remedy, Network, Cure, CureArm, CureCandidate, InitReport):
            functions += public_of(kind)
        functions += [(n, f) for n, f in public_of(Watch) if n != "Watch.__init__"]
        self.assertGreater(len(functions), 25)
        for name, function in functions:
            signature = inspect.signature(function)
            missing = [p.name for p in signature.parameters.values() if p.name != "self" and p.annotation is p.empty]
            self.assertEqual(missing, [], name)
            if not name.endswith("__init__"):
                self.assertIsNot(signature.return_annotation, signature.empty, name)

    def test_the_stub_names_what_is_there(self):
        self.assertTrue(os.path.exists(os.path.join(PACKAGE, "py.typed")))
        with open(os.path.join(PACKAGE, "_core.pyi"), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name != "__getattr__":
                self.assertTrue(hasattr(_core, node.name), node.name)
        watcher = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Watcher")
        for node in watcher.body:
            if isinstance(node, ast.AnnAssign):
                self.assertTrue(hasattr(_core.Watcher, node.target.id), node.target.id)

    @unittest.skipUnless(importlib.util.find_spec("mypy"), "mypy is not installed")
    def test_a_program_that_uses_it_is_typed(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "uses.py")
            with open(program, "w", encoding="utf-8") as file:
                file.write(USES)
            checked = subprocess.run(
                [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent",
                 "--cache-dir", folder, program],
                env={**os.environ, "MYPYPATH": os.path.dirname(PACKAGE)}, capture_output=True, text=True, check=False,
            )
            self.assertEqual(checked.returncode, 0, checked.stdout)


if __name__ == "__main__":
    unittest.main()
