# SPDX-License-Identifier: Apache-2.0
"""Tensors on a device, without one: the same path is taken for tensors on the CPU, with operations of torch, and
with Triton's interpreter where there is Triton; the record is to be that of the CPU's own path."""

import importlib.util
import os

os.environ.setdefault("TRITON_INTERPRET", "1")

import itertools
import math
import subprocess
import sys
import unittest
import warnings

import models
import test_bit_identical
import torch

from plumb import _core
from plumb._torch import device, sketch_ops, watch  # noqa: F401 - the last one says what tensors are
from plumb._torch.op import Layout
from plumb._torch.sketch_rows import SketchRows, rows_of
from plumb._torch.slopes import SLOPES, slopes

COUNTERS = {"ops": sketch_ops.count}
HAS_TRITON = importlib.util.find_spec("triton") is not None and int(torch.__version__.split(".")[0]) >= 2
if HAS_TRITON:
    from plumb._torch import sketch_kernel

    COUNTERS["triton"] = sketch_kernel.count
KINDS = list(COUNTERS)
HERE = torch.device("cpu")
UPDATE = 6  # the place of the role


def values(dtype, count, seed=0):
    """Of many octaves, with zeros, infinities, NaN, subnormal numbers, powers of two and limits of formats."""
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(count, generator=made, dtype=torch.float64)
    x = x * torch.exp2(torch.randint(-30, 18, (count,), generator=made).double())
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-42, -1e-45, 2.0**-25, 2.0**-14, 65520.0, 464.0, 61440.0, 1.0]
    special += [1e300, 1e-310, 5e-324] if dtype == torch.float64 else []
    for i, one in enumerate(special):
        x[i :: 3 * len(special)] = one
    return x.to(dtype)


def views(dtype):
    x = values(dtype, 4 * 6 * 5 * 8).reshape(4, 6, 5, 8)
    yield "whole", x
    yield "transposed", x.permute(3, 0, 2, 1)
    yield "every second", x[..., ::2]
    yield "four axes", x[::2, 1:5, ::2, 1::3]
    yield "six axes", x.reshape(2, 2, 3, 2, 5, 8)[:, :1, ::2, :, ::3, ::3]
    yield "expanded", x[:1, :, :1].expand(7, 6, 3, 8)
    yield "one", x[0, 1, 2, 3]
    yield "none", x[:0]
    yield "one column", x.reshape(-1, 8)[:, 3]
    yield "large", values(dtype, 5000, 1)
    yield "large mean", (1000 + 0.1 * torch.randn(4096, dtype=torch.float64, generator=torch.Generator().manual_seed(2))).to(dtype)
    yield "small", (values(torch.float64, 300, 3) * 1e-30).to(dtype)


class Sketches(unittest.TestCase):
    def check(self, rows, x, scale, name):
        counted = rows.add(x, scale)
        tables = rows.fetch()
        ours = _core.sketch_of_rows(rows_of(counted, tables), counted.times, scale)
        if x.numel() == 0:
            self.assertEqual((ours["count"], ours["rms"], sum(ours["histogram"])), (0, 0, 0), name)
            return
        true = _core.sketch_of_tensor(x, scale)
        for key in ("count", "nonfinite", "zeros", "abs_max", "histogram", "format_loss"):
            self.assertEqual(ours[key], true[key], (name, key))
        if not math.isfinite(true["rms"]) or true["abs_max"] > 1e150:
            return
        self.assertLessEqual(abs(ours["rms"] - true["rms"]), 1e-6 * true["rms"], name)
        self.assertLessEqual(abs(ours["mean"] - true["mean"]), 1e-6 * true["rms"], name)

    def test_every_type_and_stride(self):
        for kind, count in COUNTERS.items():
            rows = SketchRows(HERE, count)
            for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
                for name, x in views(dtype):
                    for scale in (0.0, -3.0, 0.5) if name in ("whole", "small") else (0.0,):
                        self.check(rows, x, scale, (kind, dtype, name, scale))

    def test_many_rows_and_empty_ones_again(self):
        rows = SketchRows(HERE, sketch_ops.count)
        for _ in range(2):
            all_counted = [rows.add(torch.full((5,), float(i))) for i in range(600)]
            tables = rows.fetch()
            for i, counted in enumerate(all_counted):
                facts = _core.sketch_of_rows(rows_of(counted, tables), counted.times, 0.0)
                self.assertEqual((facts["count"], facts["abs_max"], facts["mean"]), (5, i, i))

    def test_a_tensor_in_several_rows(self):
        from plumb._torch import sketch_rows

        most, sketch_rows.MOST = sketch_rows.MOST, 1000
        try:
            for count in COUNTERS.values():
                for x in (values(torch.float32, 4500), values(torch.float32, 4500).reshape(45, 100)[:, ::2]):
                    self.check(SketchRows(HERE, count), x, 0.0, "several rows")
        finally:
            sketch_rows.MOST = most

    def test_lazy_negation(self):
        x = torch.complex(values(torch.float32, 50), torch.randn(50)).conj().imag
        self.assertTrue(x.is_neg())
        rows = SketchRows(HERE, sketch_ops.count)
        counted = rows.add(x)
        facts = _core.sketch_of_rows(rows_of(counted, rows.fetch()), 1, 0.0)
        self.assertAlmostEqual(facts["mean"], x.double().mean().item(), places=6)


class Exp(torch.nn.Module):
    def forward(self, x):
        return torch.exp(x)


class Slopes(unittest.TestCase):
    MODULES = {
        "sigmoid": torch.nn.Sigmoid(), "tanh": torch.nn.Tanh(), "relu": torch.nn.ReLU(), "relu6": torch.nn.ReLU6(),
        "hardtanh -0.5 1.5": torch.nn.Hardtanh(-0.5, 1.5), "leaky_relu 0.2": torch.nn.LeakyReLU(0.2),
        "elu 1.3": torch.nn.ELU(1.3), "celu 0.7": torch.nn.CELU(0.7), "selu": torch.nn.SELU(), "gelu": torch.nn.GELU(),
        "silu": torch.nn.SiLU(), "mish": torch.nn.Mish(), "hardswish": torch.nn.Hardswish(),
        "softplus": torch.nn.Softplus(threshold=1000), "softsign": torch.nn.Softsign(), "identity": torch.nn.Identity(),
        "gelu approximate=tanh": torch.nn.GELU(approximate="tanh"), "prelu 0.25": torch.nn.PReLU(),
        "exponential": Exp(),
    }

    def test_they_are_those_of_autograd(self):
        self.assertEqual({name if name in SLOPES else name.split(" ")[0] for name in self.MODULES}, set(SLOPES))
        for name, module in self.MODULES.items():
            for dtype, places in ((torch.float64, 1e-11), (torch.float32, 3e-6)):
                x = torch.linspace(-7.03, 7.01, 400, dtype=dtype, requires_grad=True)
                y = module.to(dtype)(x)
                (true,) = torch.autograd.grad(y.sum(), x)
                places = max(places, 1e-7) if name.startswith("celu") else places  # torch divides by alpha in float
                self.assertLess((slopes(name, x=x.detach()) - true).abs().max().item(), places, name)
                if name.split(" ")[0] in ("sigmoid", "tanh", "relu", "leaky_relu", "hardtanh", "exponential"):
                    self.assertLess((slopes(name, y=y.detach()) - true).abs().max().item(), places, (name, "of y"))

    def test_none_for_what_is_not_known(self):
        self.assertIsNone(slopes("softmax", x=torch.zeros(2)))


class Runs(unittest.TestCase):
    def trained(self, name, forced, optimiser=None):
        device.forced = forced
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message=".*plumb")
                make = optimiser or (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9))
                losses, state, watch = test_bit_identical.train(name, make, True)
        finally:
            device.forced = None
        return losses, state, watch.run()

    def check(self, name, kind, optimiser=None):
        losses, state, run = self.trained(name, kind, optimiser)
        expected_losses, expected_state, expected = self.trained(name, None, optimiser)
        self.assertEqual(losses, expected_losses)
        for a, b in zip(state, expected_state):
            self.assertTrue(torch.equal(a, b))
        self.assertEqual(run.layers, expected.layers)
        self.assertEqual(run.params, expected.params)
        for table in ("steps", "activations", "joins"):
            self.check_table(getattr(run, table), getattr(expected, table), (name, table))
        self.check_sketches(run, expected, name)
        self.assertEqual(list(run.ledger["cause"]), list(expected.ledger["cause"]))
        self.assertEqual(run.info.get("signals"), expected.info.get("signals"))
        self.assertEqual([f.rule for f in run.diagnose()], [f.rule for f in expected.diagnose()])

    def check_table(self, ours, theirs, name):
        self.assertEqual(set(ours), set(theirs), name)
        for column in theirs:
            if column == "time_s":
                continue
            self.assertEqual(len(ours[column]), len(theirs[column]), (name, column))
            for one, other in zip(ours[column], theirs[column]):
                same = one == other or (one != one and other != other)
                self.assertTrue(same or abs(one - other) <= 2e-5 * max(1.0, abs(other)), (name, column, one, other))

    def check_sketches(self, run, expected, name):
        """Updates may be replayed on the one path and be differences of rounded parameters on the other."""
        key = lambda s, i: (s["step"][i], s["role"][i], s["id"][i])  # noqa: E731
        of_run = {key(run.sketches, i): i for i in range(len(run.sketches["step"]))}
        self.assertEqual(set(of_run), {key(expected.sketches, i) for i in range(len(expected.sketches["step"]))}, name)
        for i in range(len(expected.sketches["step"])):
            where = key(expected.sketches, i)
            j = of_run[where]
            self.assertEqual(run.sketches["count"][j], expected.sketches["count"][i], (name, where))
            a, b = run.sketches["log2_rms"][j], expected.sketches["log2_rms"][i]
            near = 2e-5 if where[1] != UPDATE else 2e-3
            self.assertTrue(a == b or abs(a - b) < near, (name, where, a, b))
            if where[1] != UPDATE:
                self.assertEqual(list(run.histograms[j]), list(expected.histograms[i]), (name, where))

    def test_accumulated_passes_and_a_pass_that_nothing_comes_of(self):
        def run(forced):
            device.forced = forced
            try:
                model, batches = models.make("mlp")
                optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
                import plumb

                watch = plumb.watch(model, optimizer, record="every=1")
                for _ in range(2):
                    model(batches[0][0])
                    optimizer.zero_grad()
                    for x, y in batches[:3]:
                        models.cross_entropy(model(x), y).backward()
                    optimizer.step()
                watch.close()
                return watch.run()
            finally:
                device.forced = None

        for kind in KINDS:
            ours, theirs = run(kind), run(None)
            self.check_sketches(ours, theirs, kind)
            self.check_table(ours.activations, theirs.activations, kind)

    @unittest.skipUnless(hasattr(torch, "compile"), "no torch.compile")
    def test_compiled(self):
        import plumb
        from plumb._torch.compiled import KINDS as DISPATCHED

        def run(forced):
            device.forced = forced
            try:
                torch.manual_seed(0)
                model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 5))
                optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
                compiled = torch.compile(model, backend="aot_eager")
                watch = plumb.watch(compiled, optimizer, record="every=1")
                x, y = torch.randn(6, 8), torch.randint(0, 5, (6,))
                for _ in range(2):
                    optimizer.zero_grad()
                    models.cross_entropy(compiled(x), y).backward()
                    optimizer.step()
                watch.close()
                return watch.run()
            finally:
                device.forced = None

        ours, theirs = run("ops"), run(None)
        self.assertGreater(len(theirs.sketches["step"]), 20)
        self.check_sketches(ours, theirs, "compiled")
        self.check_table(ours.activations, theirs.activations, "compiled")
        for kind in DISPATCHED:
            self.assertTrue(torch._C._dispatch_has_kernel_for_dispatch_key("plumb::note", kind), kind)

    def test_types_of_half_precision(self):
        def run(forced, dtype):
            import plumb

            device.forced = forced
            try:
                torch.manual_seed(0)
                model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).to(dtype)
                optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
                watch = plumb.watch(model, optimizer, record="every=1")
                for _ in range(2):
                    optimizer.zero_grad()
                    (model(torch.ones(4, 8, dtype=dtype)) ** 2).sum().backward()
                    optimizer.step()
                watch.close()
                return watch.run()
            finally:
                device.forced = None

        for kind, dtype in itertools.product(KINDS, (torch.bfloat16, torch.float64)):
            self.check_sketches(run(kind, dtype), run(None, dtype), (kind, dtype))


SOME = ("mlp_functional", "resnet", "gpt")  # the interpreter takes its time
for kind_, family in [("ops", f) for f in models.FAMILIES] + [("triton", f) for f in SOME if HAS_TRITON]:

    def test_family(self, kind=kind_, family=family):
        self.check(family, kind)

    setattr(Runs, f"test_{kind_}_{family}", test_family)


class Plans(unittest.TestCase):
    def test_axes_are_those_of_the_core(self):
        x = torch.zeros(2, 3, 4)
        self.assertEqual(device._axes(x, Layout.rows), (0, 2))
        self.assertEqual(device._axes(x, Layout.channels_first), (0, 1))
        self.assertEqual(device._axes(x, Layout.time_first), (1, 2))
        self.assertEqual(device._axes(x[0, 0], Layout.rows), (0, None))

    def test_other_devices_are_refused(self):
        import plumb

        model = torch.nn.Linear(2, 2)
        watch = plumb.watch(model, record="every=1")
        self.assertIsNone(watch._steps.device._of(torch.zeros(2, 2, device="meta")))
        self.assertEqual(watch._steps.device.refused, {"meta"})
        with self.assertWarnsRegex(RuntimeWarning, "tensors on meta are not measured"):
            watch._steps.say_refused()
        watch.close()

    def test_a_kernel_that_fails_gives_way(self):
        def fails(x, row, limits):
            raise RuntimeError("no compiler")

        count = device._OrOps(fails)
        rows = SketchRows(HERE, count)
        with self.assertWarnsRegex(RuntimeWarning, "no compiler"):
            first = rows.add(torch.ones(3))
        second = rows.add(torch.ones(4))
        tables = rows.fetch()
        for counted, size in ((first, 3), (second, 4)):
            self.assertEqual(_core.sketch_of_rows(rows_of(counted, tables), 1, 0.0)["mean"] * size, size)

    @unittest.skipUnless(HAS_TRITON, "no Triton")
    def test_the_kernel_compiles_for_gpus(self):
        """To machine code, with the compiler that comes with Triton; running it needs a device."""
        program = """
import torch, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from plumb._torch.sketch_kernel import BLOCK, _count
for kind, x, limits in ((0, "*fp32", "*i32"), (1, "*fp64", "*i64"), (2, "*i16", "*i32"), (3, "*i16", "*i32")):
    numbers = {name: "i32" for name in "n n1 n2 n3".split()} | {name: "i64" for name in "s0 s1 s2 s3".split()}
    signature = dict(x=x, counts="*i32", numbers="*fp64", bits_of_largest="*i64", limits=limits, **numbers)
    signature |= dict(KIND="constexpr", BLOCK="constexpr")
    made = triton.compile(
        ASTSource(fn=_count, signature=signature, constexprs={(13,): kind, (14,): BLOCK}), target=GPUTarget("cuda", 80, 32)
    )
    assert made.asm["cubin"]
"""
        environment = {**os.environ, "TRITON_INTERPRET": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
