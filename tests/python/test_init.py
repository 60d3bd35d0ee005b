# SPDX-License-Identifier: Apache-2.0
"""plumb.init_: sizes that mean-field theory says, gradients that keep theirs, and what must not be touched."""

import copy
import math
import os
import unittest

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb


def chain(activation, depth, width=64, out=10):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, out))


def sizes(model, x):
    """Mean square of what each linear layer gives."""
    found = []
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.Linear):
            found.append(float(x.detach().square().mean()))
    return found


def gradient_ratio(model, x):
    """Size of the gradient at what the first linear layer gives, over that at the last hidden one."""
    given = []
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    handles = [m.register_forward_hook(lambda _, __, out: given.append(out) or out.retain_grad()) for m in layers]
    F.cross_entropy(model(x), torch.arange(len(x)) % 10).backward()
    for handle in handles:
        handle.remove()
    return float(given[0].grad.norm() / given[-2].grad.norm())


class Sizes(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.x = torch.randn(64, 64)

    def test_relu_keeps_the_mean_square(self):
        model = chain(nn.ReLU, 20)
        plumb.init_(model, self.x)
        for size in sizes(model, self.x)[:-1]:
            self.assertAlmostEqual(size, 1.0, delta=1e-3)

    def test_tanh_follows_the_length_map_where_gradients_keep_their_size(self):
        model = chain(nn.Tanh, 4)
        plumb.init_(model, self.x)
        # q becomes E tanh(z)^2 / E tanh'(z)^2 for z of variance q, by the trapezium rule
        q, expected = 1.0, [1.0]
        for _ in range(3):
            z = torch.linspace(-8, 8, 4001, dtype=torch.float64)
            density, f = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi), torch.tanh(math.sqrt(q) * z)
            q = float(torch.trapezoid(f**2 * density, z) / torch.trapezoid((1 - f**2) ** 2 * density, z))
            expected.append(q)
        for a, b in zip(sizes(model, self.x), expected):
            self.assertAlmostEqual(a, b, delta=1e-3)

    def test_gradients_reach_the_first_layer(self):
        for activation, least in ((nn.ReLU, 0.2), (nn.Tanh, 0.2), (nn.Sigmoid, 0.1), (nn.GELU, 0.1), (nn.SELU, 0.05), (nn.Softplus, 0.02)):
            model = chain(activation, 30)
            before = gradient_ratio(copy.deepcopy(model), self.x)
            plumb.init_(model, self.x)
            after = gradient_ratio(model, self.x)
            self.assertGreater(after, least, activation)
            self.assertLess(after, 1 / least, activation)
            if activation in (nn.ReLU, nn.Sigmoid):
                self.assertLess(before, 1e-3, activation)

    def test_scale_of_the_data_does_not_matter(self):
        model = chain(nn.ReLU, 5)
        plumb.init_(model, self.x * 1e4 + 3)
        for size in sizes(model, self.x * 1e4 + 3)[:-1]:
            self.assertAlmostEqual(size, 1.0, delta=1e-2)

    def test_a_mean_that_all_inputs_share_is_taken_away(self):
        model = chain(nn.ReLU, 5)
        x = 0.1 * self.x + 5 * torch.randn(64)
        plumb.init_(model, x)
        z = model[0](x)
        self.assertLess(float(z.mean(0).abs().max()), 1e-3)
        self.assertAlmostEqual(float(z.square().mean()), 1, delta=1e-3)

    def test_convolutions(self):
        x = torch.randn(8, 3, 12, 12)
        for orthogonal in (False, True):
            layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True)]
            for _ in range(15):
                layers += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(inplace=True)]
            model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 144, 10))
            report = plumb.init_(model, x, orthogonal=orthogonal)
            kinds = {c.kind for c in report.changed if c.name.endswith("weight")}
            self.assertEqual(kinds, {"orthogonal"} if orthogonal else {"normal"})
            self.assertGreater(gradient_ratio(model, x), 0.1)

    def test_orthogonal_matrices_are(self):
        model = chain(nn.Tanh, 3)
        plumb.init_(model, self.x, orthogonal=True)
        w = model[2].weight.detach()
        product = w @ w.t() / float((w @ w.t()).diagonal().mean())
        self.assertLess(float((product - torch.eye(64)).abs().max()), 1e-4)

    def test_transposed_grouped_and_three_dimensional(self):
        nets = (
            (nn.Sequential(nn.ConvTranspose2d(4, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 2, 1)), torch.randn(4, 4, 6, 6)),
            (nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.ReLU(), nn.Conv2d(8, 2, 1)), torch.randn(4, 4, 6, 6)),
            (nn.Sequential(nn.Conv3d(2, 4, 3), nn.ReLU(), nn.Conv3d(4, 2, 1)), torch.randn(2, 2, 5, 5, 5)),
            (nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Conv1d(4, 2, 1)), torch.randn(4, 2, 9)),
        )
        for model, x in nets:
            plumb.init_(model, x)
            self.assertAlmostEqual(float(model[0](x).square().mean()), 1, delta=1e-3)
            read = model[:2](x)
            self.assertAlmostEqual(float(model(x).square().mean()), float(read.square().mean()) / 3, delta=1e-3)


class Kinds(unittest.TestCase):
    def test_a_residual_network_begins_as_the_identity(self):
        for name in ("resnet", "encoder_pre_norm", "encoder_post_norm", "gpt", "vit"):
            model, batches = models.make(name)
            report = plumb.init_(model, batches[0], residual="zero")
            ends = [c.name for c in report.changed if "branch ends" in c.why]
            self.assertGreaterEqual(len(ends), 4, name)
            parameters = dict(model.named_parameters())
            for end in ends:
                self.assertEqual(float(parameters[end].abs().max()), 0, end)

    def test_fixup_where_nothing_normalises(self):
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(16, 16), nn.Linear(16, 16)

            def forward(self, x):
                return x + self.b(F.relu(self.a(x)))

        torch.manual_seed(0)
        model, x = nn.Sequential(*[Block() for _ in range(9)], nn.Linear(16, 4)), torch.randn(32, 16)
        plumb.init_(model, x)
        y = model[:9](x)
        self.assertTrue(torch.equal(y, x))
        inner = float(model[4].a(x).square().mean())
        self.assertAlmostEqual(inner, float(x.square().mean()) / 9, delta=1e-3)  # L^(-1/(2m-2)) with m = 2
        plumb.init_(model, x, residual="scale")
        self.assertGreater(float(model[0].b.weight.abs().max()), 0)

    def test_gates(self):
        for kind, gate in ((nn.LSTM, 4), (nn.GRU, 3)):
            torch.manual_seed(0)
            model, x = nn.Sequential(kind(6, 8, 2, batch_first=True, bidirectional=True)), torch.randn(4, 20, 6)
            with torch.no_grad():
                model[0].bias_ih_l0[8:16] = -6
            plumb.init_(model, x, forward=lambda m, b: m[0](b)[0])
            for suffix in ("l0", "l1", "l0_reverse"):
                bias = getattr(model[0], f"bias_ih_{suffix}") + getattr(model[0], f"bias_hh_{suffix}")
                self.assertTrue(torch.equal(bias[8:16], torch.ones(8)))
                self.assertEqual(float(bias.abs().sum()), 8)
                for block in getattr(model[0], f"weight_hh_{suffix}").detach().chunk(gate):
                    self.assertLess(float((block @ block.t() - torch.eye(8)).abs().max()), 1e-5)
            plumb.init_(model, x, forward=lambda m, b: m[0](b)[0], forget_bias="chrono")
            kept = model[0].bias_ih_l0[8:16].detach().exp()
            self.assertTrue(bool((kept >= 1).all() and (kept <= 19).all()))

    def test_the_other_ends_of_the_table(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(20, 8, padding_idx=0)
                self.rnn = nn.RNN(8, 8, nonlinearity="relu", batch_first=True)
                self.own = nn.Parameter(torch.randn(8))
                self.weight = nn.Parameter(torch.randn(12, 8))
                self.norm, self.slope = nn.LayerNorm(12), nn.PReLU()
                self.head = nn.Linear(12, 5)
                self.unused = nn.Linear(3, 3)

            def forward(self, x):
                y = self.rnn(self.embed(x) + self.own)[0][:, -1]
                return self.head(self.slope(self.norm(F.linear(y, self.weight))))

        model, x = Net(), torch.randint(0, 20, (8, 9))
        own = model.own.detach().clone()
        report = plumb.init_(model, x)
        self.assertTrue(torch.equal(model.rnn.weight_hh_l0, torch.eye(8)))
        self.assertEqual(float(model.embed.weight[0].abs().sum()), 0)
        left = {one.name: one.why for one in report.left}
        self.assertIn("not known", left["own"])
        self.assertIn("does not reach", left["unused.weight"])
        self.assertIn("slope", left["slope.weight"])
        self.assertTrue(torch.equal(model.own, own))
        changed = {one.name: one for one in report.changed}
        self.assertAlmostEqual(changed["weight"].std, 1 / math.sqrt(24), delta=0.05)

    def test_every_family_is_told_whole(self):
        for name in models.FAMILIES:
            model, batches = models.make(name)
            report = plumb.init_(model, batches[0])
            told = [c.name for c in report.changed] + [one.name for one in report.left]
            self.assertEqual(sorted(told), sorted(n for n, _ in model.named_parameters()), name)
            self.assertTrue(all(torch.isfinite(p).all() for p in model.parameters()), name)
            self.assertIn([*report.changed, *report.left][0].name, str(report))
            self.assertIn("<table>", report._repr_html_())

    def test_a_recurrence_that_is_written_out(self):
        class Own(nn.Module):
            def __init__(self):
                super().__init__()
                self.w, self.u, self.head = nn.Linear(4, 32), nn.Linear(32, 32), nn.Linear(32, 2)

            def forward(self, x):
                h = torch.zeros(len(x), 32)
                for t in range(x.shape[1]):
                    h = torch.tanh(self.w(x[:, t]) + self.u(h))
                return self.head(h)

        torch.manual_seed(0)
        model = Own()
        report = plumb.init_(model, torch.randn(16, 6, 4))
        changed = {one.name: one for one in report.changed}
        self.assertIn("tanh", changed["u.weight"].why)
        self.assertGreater(changed["u.weight"].std, 0.1)

    def test_inputs_by_keyword(self):
        model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        report = plumb.init_(model, {"src": torch.randn(4, 5, 8), "tgt": torch.randn(4, 5, 8)})
        self.assertEqual([one for one in report.left if "already" not in one.why], [])
        ends = [one.name for one in report.changed if "branch ends" in one.why]
        self.assertEqual(len(ends), 5)

    def test_what_a_normalisation_and_a_shortcut_read_is_measured(self):
        model, batches = models.make("vit")
        report = plumb.init_(model, batches[0])
        self.assertIsNotNone({one.name: one for one in report.changed}["patch.weight"].factor)


class Untouched(unittest.TestCase):
    def test_frozen_shared_lazy_and_lone(self):
        model = chain(nn.ReLU, 4)
        model[2].weight.requires_grad_(False)
        model[6].weight = model[4].weight
        kept = model[2].weight.detach().clone()
        report = plumb.init_(model, torch.randn(16, 64))
        self.assertTrue(torch.equal(model[2].weight, kept))
        self.assertFalse(model[2].weight.requires_grad)
        self.assertIs(model[6].weight, model[4].weight)
        self.assertEqual(len([c for c in report.changed if c.name in ("4.weight", "6.weight")]), 1)
        self.assertIn("frozen", {one.name: one.why for one in report.left}["2.weight"])
        lazy = nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(3))
        plumb.init_(lazy, torch.randn(16, 5))
        self.assertAlmostEqual(float(lazy[0].weight.square().mean()), 1 / 5, delta=0.1)
        plumb.init_(nn.Linear(4, 2), torch.randn(8, 4))

    def test_what_a_fresh_normalisation_stands_behind_is_left_where_it_is_a_draw(self):
        def make(weight_of=None, used=False):
            torch.manual_seed(3)
            model = nn.Sequential(nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3))
            with torch.no_grad():
                if weight_of is not None:
                    model[3].weight.copy_(weight_of(model[3].weight))
            if used:
                model(torch.randn(16, 12))
            return model

        def changed(model, **options):
            return {one.name for one in plumb.init_(model, torch.randn(16, 12), **options).changed if one.name.endswith("weight")}

        orthogonal = lambda w: nn.init.orthogonal_(torch.empty(8, 8))  # noqa: E731
        self.assertEqual(changed(make()), set())
        self.assertEqual(changed(make(orthogonal)), set())
        self.assertEqual(changed(make(nn.init.kaiming_normal_)), set())
        self.assertEqual(changed(make(), orthogonal=True), {"0.weight", "3.weight", "6.weight"})
        self.assertEqual(changed(make(used=True)), {"0.weight", "6.weight"})  # whose statistics are those of a training
        for fault in (lambda w: w * 30, lambda w: w / 30, torch.zeros_like, lambda w: w[:1].repeat(8, 1), lambda w: w + 1.0,
                      lambda w: torch.full_like(w, 0.2), lambda w: w * math.nan):
            self.assertEqual(changed(make(fault)), {"3.weight", "6.weight"})

    def test_the_same_seed_gives_the_same_bits(self):
        x = torch.randn(16, 64)
        a, b, c = chain(nn.ReLU, 4), chain(nn.ReLU, 4), chain(nn.ReLU, 4)
        plumb.init_(a, x)
        torch.manual_seed(99)
        plumb.init_(b, x)
        plumb.init_(c, x, seed=1)
        for p, q, r in zip(a.parameters(), b.parameters(), c.parameters()):
            self.assertTrue(torch.equal(p, q))
            self.assertTrue(p.dim() == 1 or not torch.equal(p, r))

    def test_nothing_else_changes(self):
        model, batches = models.make("resnet")
        model.eval()
        model.layer1.train()
        modes = [m.training for m in model.modules()]
        state = torch.get_rng_state()
        plumb.init_(model, batches[0])
        self.assertTrue(torch.equal(state, torch.get_rng_state()))
        self.assertEqual(modes, [m.training for m in model.modules()])
        self.assertTrue(all(p.grad is None for p in model.parameters()))
        self.assertEqual(float(model.bn1.running_mean.abs().max()), 0)
        self.assertEqual(sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()), 0)

    def test_an_error_leaves_the_parameters_as_they_were(self):
        class Fragile(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.calls = nn.Linear(4, 4), 0

            def forward(self, x):
                self.calls += 1
                if self.calls > 1:
                    raise RuntimeError("no more")
                return self.a(x)

        model = Fragile()
        before = [p.detach().clone() for p in model.parameters()]
        with self.assertRaisesRegex(RuntimeError, "no more"):
            plumb.init_(model, torch.randn(3, 4))
        for p, q in zip(model.parameters(), before):
            self.assertTrue(torch.equal(p, q))

    def test_what_is_told_of_wrong_arguments(self):
        with self.assertRaisesRegex(TypeError, "expected a torch.nn.Module"):
            plumb.init_(3, torch.randn(2, 2))
        with self.assertRaisesRegex(ValueError, "residual"):
            plumb.init_(nn.Linear(2, 2), torch.randn(2, 2), residual="none")
        with self.assertRaisesRegex(ValueError, "forget_bias"):
            plumb.init_(nn.Linear(2, 2), torch.randn(2, 2), forget_bias="open")

    def test_the_code_of_every_family_runs_and_gives_the_same_deviations(self):
        for name in models.FAMILIES:
            for orthogonal in (False, True):
                with self.subTest(name, orthogonal=orthogonal):
                    model, batches = models.make(name)
                    report = plumb.init_(model, batches[0], orthogonal=orthogonal)
                    again, _ = models.make(name)
                    exec(report.code(), {"model": again, "inputs": batches[0][:1]})
                    parameters, others = dict(model.named_parameters()), dict(again.named_parameters())
                    for change in report.changed:
                        if change.kind in ("normal", "orthogonal") and parameters[change.name].numel() >= 64:
                            ratio = float(others[change.name].std() / parameters[change.name].std())
                            self.assertLess(abs(math.log(ratio)), 0.5, change.name)

    def test_the_code_gives_the_same_sizes(self):
        torch.manual_seed(0)
        x = torch.randn(256, 64)
        for activation, orthogonal in ((nn.ReLU, False), (nn.Sigmoid, True)):
            model = chain(activation, 6)
            report = plumb.init_(model, x, orthogonal=orthogonal)
            expected = sizes(model, x)
            again = chain(activation, 6)
            exec(report.code(), {"model": again, "inputs": (x,)})
            for a, b in zip(sizes(again, x), expected):
                self.assertLess(abs(math.log(a / b)), 0.5, activation)


@unittest.skipUnless(os.environ.get("PLUMB_LONG"), "long: short trainings of ten architectures")
class Compared(unittest.TestCase):
    def test_trainings_are_no_worse_than_with_the_default(self):
        for name in models.FAMILIES:
            model, batches = models.make(name)
            other = copy.deepcopy(model)
            plumb.init_(model, batches[0])
            losses = []
            for one in (model, other):
                optimizer = torch.optim.Adam(one.parameters(), 1e-3)
                for step in range(60):
                    x, y = batches[step % 4]
                    loss = models.cross_entropy(one(x), y)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                losses.append(float(loss))
            self.assertLess(losses[0], losses[1] * 1.5 + 0.1, name)


if __name__ == "__main__":
    unittest.main()
