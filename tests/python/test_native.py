# SPDX-License-Identifier: Apache-2.0
"""The same network with the same weights on the same data, trained by plumb itself and by PyTorch
under plumb.watch, in double: the same record, the same books, the same findings."""

import os
import subprocess
import sys
import tempfile
import unittest

import numpy
import torch
import torch.nn as nn

import plumb

PROGRAM = os.environ.get("PLUMB_PROGRAM", "")


class Residual(nn.Module):
    def __init__(self, *branch):
        super().__init__()
        for i, part in enumerate(branch):
            self.add_module(str(i), part)

    def forward(self, x):
        y = x
        for part in self.children():
            y = part(y)
        return y + x


def sequential(*parts):
    return nn.Sequential(*parts)


NETWORKS = {
    "flatten > 6 x [dense 12 > sigmoid] > dense 3": lambda: sequential(
        nn.Flatten(),
        *[m for i in range(6) for m in (nn.Linear(8 if i == 0 else 12, 12), nn.Sigmoid())],
        nn.Linear(12, 3),
    ),
    "flatten > dense 16 > relu > dense 16 > relu > dense 3": lambda: sequential(
        nn.Flatten(), nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(inplace=True), nn.Linear(16, 3)
    ),
    "flatten > dense 12 > tanh > 3 x res[dense 12 > tanh > dense 12] > dense 3": lambda: sequential(
        nn.Flatten(),
        nn.Linear(8, 12),
        nn.Tanh(),
        *[Residual(nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 12)) for _ in range(3)],
        nn.Linear(12, 3),
    ),
    "flatten > dense 12 > ln > gelu > dense 12 > silu > dense 3": lambda: sequential(
        nn.Flatten(), nn.Linear(8, 12), nn.LayerNorm(12), nn.GELU(), nn.Linear(12, 12), nn.SiLU(), nn.Linear(12, 3)
    ),
}


@unittest.skipUnless(PROGRAM, "PLUMB_PROGRAM names no program")
class Native(unittest.TestCase):
    def compare(self, network, build):
        folder = tempfile.mkdtemp()
        rng = numpy.random.default_rng(5)
        x = rng.normal(size=(16, 2, 4))  # so that Flatten makes a tensor of its own
        y = rng.integers(0, 3, size=16)
        torch.manual_seed(3)
        model = build().double()
        data, weights = os.path.join(folder, "data.npz"), os.path.join(folder, "weights.npz")
        numpy.savez(data, x=x.astype(numpy.float32), y=y)
        numpy.savez(weights, **{k: v.numpy() for k, v in model.state_dict().items()})
        native = os.path.join(folder, "native.plumb")
        result = subprocess.run(
            [PROGRAM, "probe", network, "--data", f"npz:{data}", "--weights", weights, "--precision", "double",
             "--batch", "16", "-o", native, "--validation", "0", "--standardise", "false", "--seed", "1"],
            capture_output=True, text=True, check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return native, model, x, y, folder

    def check(self, network, build):
        native, model, x, y, folder = self.compare(network, build)
        attached = os.path.join(folder, "attached.plumb")
        inputs = torch.tensor(x.astype(numpy.float32)).double().requires_grad_()
        w = plumb.probe(model, nn.functional.cross_entropy, (inputs, torch.tensor(y)), run=attached)
        ours, theirs = w.run(), plumb.load(native)
        by_site = []
        for run in (theirs, ours):
            layers = self.order(run)
            sites = {}
            for row in range(len(run.sketches["step"])):
                role = plumb.ROLES[int(run.sketches["role"][row])]
                number = int(run.sketches["id"][row])
                key = run.params[number]["path"] if role in ("weight", "grad_weight", "update") else layers[number]
                sites[key, role] = row
            by_site.append(sites)
        missing = set(by_site[0]) ^ set(by_site[1])
        self.assertEqual(missing, set())
        for key, row in by_site[0].items():
            mine = by_site[1][key]
            a, b = theirs.sketches["log2_rms"][row], ours.sketches["log2_rms"][mine]
            self.assertAlmostEqual(a, b, delta=1e-6, msg=str(key))
            self.assertEqual(list(theirs.histograms[row]), list(ours.histograms[mine]), key)
        for name in ("log2_rms_derivative", "saturated_fraction", "active_fraction", "dead_units", "units"):
            a, b = (sorted(map(float, run.activations.get(name, []))) for run in (theirs, ours))
            self.assertEqual(len(a), len(b))
            for i, j in zip(a, b):
                self.assertAlmostEqual(i, j, delta=1e-6, msg=name)
        a, b = (sorted(zip(run.joins.get("log2_rms", []), run.joins.get("share", []))) for run in (theirs, ours))
        self.assertEqual(len(a), len(b))
        for i, j in zip(a, b):
            self.assertAlmostEqual(i[0], j[0], delta=1e-6)
            self.assertAlmostEqual(i[1], j[1], delta=1e-6)
        self.assertEqual(self.books(theirs).keys(), self.books(ours).keys())
        for cause, value in self.books(theirs).items():
            self.assertAlmostEqual(value, self.books(ours)[cause], delta=1e-5, msg=cause)
        told = [[(f.rule, f.cause_kind, f.severity) for f in run.findings] for run in (theirs, ours)]
        self.assertEqual(told[0], told[1])

    @staticmethod
    def order(run):
        """Layers by their place in a forward order that both have: by depth of the graph."""
        names, counts = {}, {}
        ranks = {}

        def rank(path):
            if path not in ranks:
                ranks[path] = 0
                one = by_path[path]
                ranks[path] = 1 + max((rank(p) for p in one["inputs"]), default=-1)
            return ranks[path]

        by_path = {layer["path"]: layer for layer in run.layers}
        for number, layer in enumerate(run.layers):
            key = rank(layer["path"])
            counts[key] = counts.get(key, 0) + 1
            names[number] = (key, counts[key])
        return names

    @staticmethod
    def books(run):
        total = {}
        for cause, value in zip(run.ledger["cause"], run.ledger["log2"]):
            total[cause] = total.get(cause, 0) + value
        return total


for i, (network, build) in enumerate(NETWORKS.items()):

    def test(self, network=network, build=build):
        self.check(network, build)

    setattr(Native, f"test_{i}", test)

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
