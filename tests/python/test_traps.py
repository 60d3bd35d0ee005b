# SPDX-License-Identifier: Apache-2.0
"""What is known to go wrong when a training is watched, each by its name.

trap                                                          test (of this file, unless another is named)
a hook on an in-place ReLU's input gets the wrong gradient    test_in_place_relu_gradients_are_autograds
an in-place ReLU on a view, and full backward hooks           test_an_in_place_relu_on_a_view_and_a_users_full_backward_hook
a dictionary of hooks that is shared across steps             test_a_users_own_tensor_hook_stays_his
a step that is patched breaks schedulers                      test_a_scheduler_goes_on_before_and_after
C hooks break deepcopy, pickle and torch.save                 test_deepcopy_save_and_pickle_of_a_watched_model
hooks in a copy for averages record into the original         test_a_copy_for_averages_records_nothing
several backward passes before a step                         test_accumulation_is_one_step_of_several_passes
forwards in evaluation, or without gradient                   test_evaluation_is_no_pass
a checkpoint computes again                                   test_checkpoint_reentrant, test_checkpoint_not_reentrant
a step that a scaler skips calls no hook of the optimiser     test_a_step_that_a_scaler_skips, test_torch2.Mixed
a closure makes the gradients within the step                 test_a_closure_that_the_step_is_given, test_trainers.Lightning
several optimisers; two models in turns                       test_several_optimisers_make_one_step, test_gan_takes_turns
a module that is called twice, a weight that is shared        test_a_relu_module_used_twice_is_two_layers
shared, frozen, unused and severed parameters                 test_shared_frozen_unused_and_severed_parameters_are_named
a residual written as +=, functional ops, attention           test_the_true_graph_has_residuals_attention_and_functional_activations
nested inputs and outputs; packed sequences                   test_nested_inputs_and_outputs, test_packed_sequences
a loss that the model gives, and the loop divides             test_a_loss_that_the_model_gives_is_no_output_of_the_network
a mask of padding: its -inf are no fault, its rows no values  test_a_mask_of_padding
a last batch that is smaller                                  test_a_smaller_last_batch
an expert that is called later                                test_an_expert_that_is_called_later_is_found_later
gradients that are sparse; channels last                      test_sparse_gradients, test_statistics
tensors that are negated lazily, or on another device         test_a_tensor_on_no_cpu_is_not_read
functional transforms hand wrapped tensors to hooks           test_functional_transforms_of_a_watched_model
a hook of ours that fails                                     test_a_hook_of_ours_that_fails_warns_once_and_switches_off
what is left behind                                           test_detaching_leaves_no_trace
an exception, a fork, workers, garbage                        test_an_exception_closes_the_run_with_its_reason, test_a_forked_*, test_workers_*, test_garbage_*
another model is watched than trained; attached too late      test_a_step_that_saw_no_layer_is_said, test_torch2.Compiled
Dynamo does not guard hooks; a second instance                test_torch2.Compiled
ranks that average                                            test_ranks
JAX: scan, remat, vmap, pmap, shard_map, typed keys           jax/test_jax
"""

import copy
import gc
import io
import os
import pickle
import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F

import plumb
from plumb import _core


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = models.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


def sgd(model, lr=0.05):
    return torch.optim.SGD(model.parameters(), lr=lr)


def mlp():
    return nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 5))


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


def rms(t):
    return t.double().pow(2).mean().sqrt().item()


class Traps(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

    def near(self, row, tensor, places=5):
        self.assertEqual(row["count"], tensor.numel())
        self.assertAlmostEqual(2 ** row["log2_rms"] / rms(tensor), 1, places=places)

    def in_place_model(self):
        return nn.Sequential(nn.Linear(16, 8), nn.ReLU(inplace=True), nn.Linear(8, 5))

    def true_gradients(self, model, x, y):
        w = [p.detach().clone().requires_grad_() for p in model.parameters()]
        z = F.linear(x, w[0], w[1])
        a = F.relu(z)
        out = F.linear(a, w[2], w[3])
        loss = F.cross_entropy(out, y)
        return z, a, torch.autograd.grad(loss, [z, a, out])

    def test_in_place_relu_gradients_are_autograds(self):
        model, (x, y) = self.in_place_model(), models.rows()
        z, a, (grad_z, grad_a, grad_out) = self.true_gradients(model, x, y)
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            step(model, optimizer, x, y)
        run = w.run()
        self.near(only(run.find("0", "z")), z)
        self.near(only(run.find("1", "a")), a)
        self.near(only(run.find("0", "grad_z")), grad_z)
        self.near(only(run.find("1", "grad_a")), grad_a)
        self.near(only(run.find("2", "grad_z")), grad_out)

    def test_a_users_own_tensor_hook_stays_his(self):
        seen = []

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(16, 8), nn.Linear(8, 5)

            def forward(self, x):
                h = self.a(x)
                h.register_hook(lambda g: seen.append(1))
                return self.b(h)

        model, (x, y) = Net(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1"):
            for _ in range(3):
                step(model, optimizer, x, y)
        self.assertEqual(len(seen), 3)

    def test_a_scheduler_goes_on_before_and_after(self):
        for first in (True, False):
            model, (x, y) = self.in_place_model(), models.rows()
            optimizer = sgd(model, 1.0)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                if first:
                    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
                w = plumb.watch(model, optimizer, run=file(), record="every=1")
                if not first:
                    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
                for _ in range(3):
                    step(model, optimizer, x, y)
                    scheduler.step()
                w.close()
                step(model, optimizer, x, y)
                scheduler.step()
            self.assertEqual(list(w.run().steps["learning_rate"]), [1.0, 0.5, 0.25])

    def test_deepcopy_save_and_pickle_of_a_watched_model(self):
        for model, x in ((self.in_place_model(), models.rows()[0]), (models.Tagger(nn.GRU), torch.randint(0, 9, (2, 5)))):
            optimizer = sgd(model)
            with plumb.watch(model, optimizer, run=file(), record="every=1"):
                z = model(x)  # in the middle of a measured step
                for made in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
                    self.assertTrue(torch.equal(made(x), z))
                torch.save(model, io.BytesIO())
                torch.save(optimizer.state_dict(), io.BytesIO())

    def test_a_copy_for_averages_records_nothing(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            average = copy.deepcopy(model)
            for _ in range(2):
                loss = models.cross_entropy(model(x), y)
                average.train()
                average(x)
                loss.backward()
                average = copy.deepcopy(model)
                optimizer.step()
        for row in w.run().find("0", "z"):
            self.assertEqual(row["count"], 6 * 8)

    def test_accumulation_is_one_step_of_several_passes(self):
        model, optimizer = self.in_place_model(), None
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                optimizer.zero_grad()
                for _ in range(3):
                    x, y = models.rows()
                    (models.cross_entropy(model(x), y) / 3).backward()
                optimizer.step()
        run = w.run()
        self.assertEqual(list(run.steps["passes"]), [3, 3])
        self.assertEqual(only(run.find("0", "grad_z", 0))["count"], 3 * 6 * 8)
        self.assertEqual(only(run.find("0.weight", "grad_weight", 0))["count"], 16 * 8)

    def test_evaluation_is_no_pass(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                step(model, optimizer, x, y)
                model.eval()
                model(x)
                model.train()
                with torch.no_grad():
                    model(x)
        run = w.run()
        self.assertEqual(list(run.steps["step"]), [0, 1])
        self.assertEqual(only(run.find("0", "z", 1))["count"], 6 * 8)

    def checkpointed(self, reentrant):
        from torch.utils.checkpoint import checkpoint

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(16, 16)
                self.block = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16))
                self.head = nn.Linear(16, 5)

            def forward(self, x):
                return self.head(checkpoint(self.block, self.first(x), use_reentrant=reentrant))

        model, (x, y) = Net(), models.rows()
        z = model.block[0](model.first(x)).detach()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            step(model, optimizer, x, y)
            step(model, optimizer, x, y)
        run = w.run()
        self.near(only(run.find("block.0", "z", 0)), z)
        for at in (0, 1):
            self.assertEqual(only(run.find("block.0", "grad_z", at))["count"], 6 * 16)
            self.assertEqual(only(run.find("block.1", "grad_a", at))["count"], 6 * 16)
        return run

    def test_checkpoint_reentrant(self):
        self.checkpointed(True)

    def test_checkpoint_not_reentrant(self):
        self.checkpointed(False)

    def test_a_step_that_a_scaler_skips(self):
        class Scaler:  # as GradScaler does on a GPU
            def is_enabled(self):
                return True

            def get_scale(self):
                return 1024.0

        model, (x, y) = self.in_place_model(), models.rows()
        _, _, (grad_z, _, _) = self.true_gradients(model, x, y)
        optimizer, scaler = sgd(model), Scaler()
        from plumb._torch import backward

        with plumb.watch(model, optimizer, run=file(), record="every=1", scaler=scaler) as w:
            for skip in (False, True, False):
                optimizer.zero_grad()
                loss = models.cross_entropy(model(x), y)
                (loss * 1024).backward()
                for p in model.parameters():
                    p.grad /= 1024
                if not skip:
                    optimizer.step()
                for one in backward._current():
                    one.after_scaler_step(scaler, optimizer)
        run = w.run()
        self.assertEqual(list(run.steps["skipped"]), [0, 1, 0])
        self.near(only(run.find("0", "grad_z", 0)), grad_z)
        self.assertAlmostEqual(run.steps["loss"][0], models.cross_entropy(self.z(model, x), y).item(), delta=1)
        self.assertLess(run.steps["loss"][0], 10)

    def z(self, model, x):
        with torch.no_grad():
            return model(x)

    def test_several_optimisers_make_one_step(self):
        model, (x, y) = self.in_place_model(), models.rows()
        a = torch.optim.SGD(model[0].parameters(), lr=0.1)
        b = torch.optim.Adam(model[2].parameters(), lr=0.1)
        with plumb.watch(model, [a, b], run=file(), record="every=1") as w:
            for _ in range(3):
                a.zero_grad()
                b.zero_grad()
                models.cross_entropy(model(x), y).backward()
                a.step()
                b.step()
        run = w.run()
        self.assertEqual(list(run.steps["step"]), [0, 1, 2])
        self.assertEqual(len(run.find("0.weight", "update")), 3)
        self.assertEqual(len(run.find("2.weight", "update")), 3)

    def test_a_closure_that_the_step_is_given(self):
        for make in (sgd, lambda m: torch.optim.LBFGS(m.parameters(), lr=0.1, max_iter=3)):
            plain, (x, y) = self.in_place_model(), models.rows()
            ours = copy.deepcopy(plain)
            for model, watched in ((plain, False), (ours, True)):
                optimizer = make(model)

                def closure():
                    optimizer.zero_grad()
                    loss = models.cross_entropy(model(x), y)
                    loss.backward()
                    return loss

                w = plumb.watch(model, optimizer, run=file(), record="every=1") if watched else None
                for i in range(3):
                    optimizer.step(closure) if i else optimizer.step(closure=closure)
            w.close()
            for a, b in zip(plain.parameters(), ours.parameters()):
                self.assertTrue(torch.equal(a, b))
            run = w.run()
            self.assertEqual(list(run.steps["step"]), [0, 1, 2])
            for role in ("grad_weight", "update"):
                self.assertEqual(len(run.find("0.weight", role)), 3, role)

    def test_an_in_place_relu_on_a_view_and_a_users_full_backward_hook(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.act, self.b = nn.Linear(16, 8), nn.ReLU(inplace=True), nn.Linear(4, 5)

            def forward(self, x):
                return self.b(self.act(self.a(x).view(-1, 4))).view(len(x), 2, 5).mean(1)

        model, (x, y), seen = Net(), models.rows(), []
        model.b.register_full_backward_hook(lambda m, given, got: seen.append(got[0].clone()))
        plain = copy.deepcopy(model)
        optimizers = sgd(plain), sgd(model)
        for _ in range(2):
            step(plain, optimizers[0], x, y)
        z = model.a(x).detach().requires_grad_()
        loss = F.cross_entropy(model.b(F.relu(z).view(-1, 4)).view(len(x), 2, 5).mean(1), y)
        (grad_z,) = torch.autograd.grad(loss, z)
        of_plain, seen[:] = seen[:2], []
        with plumb.watch(model, optimizers[1], run=file(), record="every=1") as w:
            for _ in range(2):
                step(model, optimizers[1], x, y)
        for a, b in zip(plain.parameters(), model.parameters()):
            self.assertTrue(torch.equal(a, b))
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(of_plain, seen)))
        self.near(only(w.run().find("a", "grad_z", 0)), grad_z)

    def test_a_mask_of_padding(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Embedding(20, 16)
                layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
                self.encoder, self.out = nn.TransformerEncoder(layer, 2), nn.Linear(16, 5)

            def forward(self, tokens, lengths):
                hidden = torch.arange(tokens.shape[1]) >= lengths[:, None]
                x = self.encoder(self.embed(tokens), src_key_padding_mask=hidden)
                x = x.masked_fill(hidden[..., None], 0.0)
                return self.out(x.sum(1) / lengths[:, None])

        model = Net()
        plain = copy.deepcopy(model)
        batches = [(torch.randint(0, 20, (n, 9)), torch.randint(3, 10, (n,)), torch.randint(0, 5, (n,))) for n in (8, 8, 3)]
        runs = []
        for one, watched in ((plain, False), (model, True)):
            optimizer = sgd(one)
            w = plumb.watch(one, optimizer, run=file(), record="every=1") if watched else None
            for tokens, lengths, y in batches:
                optimizer.zero_grad()
                F.cross_entropy(one(tokens, lengths), y).backward()
                optimizer.step()
            runs.append(w)
        w.close()
        for a, b in zip(plain.parameters(), model.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = w.run()
        self.assertEqual(sum(run.sketches["nonfinite"]), 0)
        self.assertEqual([layer["family"] for layer in run.layers].count("attention"), 2)
        self.assertEqual([layer["family"] for layer in run.layers].count("residual"), 4)
        self.assertEqual([f.rule for f in w.findings if f.severity == "critical"], [])
        for at, (tokens, lengths, _) in enumerate(batches):
            row = run.find("encoder.layers.1.norm2", "grad_z", at) or run.find("encoder.layers.1.norm2", "grad_a", at)
            hidden = int((9 - lengths).sum()) * 16
            self.assertEqual((only(row)["count"], only(row)["zeros"] >= hidden), (tokens.numel() * 16, True))

    def test_sparse_gradients(self):
        def make():
            torch.manual_seed(0)
            return nn.Sequential(nn.Embedding(20, 8, sparse=True), nn.Flatten(), nn.Linear(24, 5))

        x, y = torch.randint(0, 20, (6, 3)), torch.randint(0, 5, (6,))
        plain, ours = make(), make()
        optimizers = sgd(plain), sgd(ours)
        for _ in range(2):
            step(plain, optimizers[0], x, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with plumb.watch(ours, optimizers[1], run=file(), record="every=1") as w:
                for _ in range(2):
                    step(ours, optimizers[1], x, y)
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = w.run()
        self.assertEqual(len(run.find("0.weight", "update")), 2)
        self.assertEqual(len(run.find("2.weight", "grad_weight")), 2)

    def test_functional_transforms_of_a_watched_model(self):
        try:
            from torch.func import functional_call, grad, vmap
        except ImportError:
            self.skipTest("PyTorch 1 has no torch.func")
        model, (x, y) = self.in_place_model(), models.rows()
        model[1] = nn.ReLU()
        optimizer = sgd(model)
        parameters = dict(model.named_parameters())

        def loss(p, x, y):
            return F.cross_entropy(functional_call(model, p, (x[None],)), y[None])

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
                for _ in range(2):
                    step(model, optimizer, x, y)
                    each = vmap(grad(loss), (None, 0, 0))(parameters, x, y)
                    self.assertEqual(each["0.weight"].shape, (6, 8, 16))
                step(model, optimizer, x, y)
        for row in w.run().find("0", "z"):
            self.assertEqual(row["count"], 6 * 8)

    def test_gan_takes_turns(self):
        g, d = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 8)), nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
        opt_g, opt_d = sgd(g), sgd(d)
        with plumb.watch(d, opt_d, run=file(), record="every=1") as wd, plumb.watch(g, opt_g, run=file(), record="every=1") as wg:
            for _ in range(3):
                opt_d.zero_grad()
                real, fake = d(torch.randn(5, 8)), d(g(torch.randn(5, 4)).detach())
                (F.softplus(-real).mean() + F.softplus(fake).mean()).backward()
                opt_d.step()
                opt_g.zero_grad()
                F.softplus(-d(g(torch.randn(5, 4)))).mean().backward()
                opt_g.step()
        self.assertEqual(len(wg.run().find("0.weight", "update")), 3)
        self.assertEqual(len(wd.run().find("0.weight", "update")), 3)
        self.assertEqual([r["count"] for r in wg.run().find("0", "grad_z")][-1], 5 * 16)

    def test_a_hook_of_ours_that_fails_warns_once_and_switches_off(self):
        plain, ours = self.in_place_model(), None
        ours = copy.deepcopy(plain)
        batches = [models.rows() for _ in range(3)]
        o1, o2 = sgd(plain), sgd(ours)
        for x, y in batches:
            step(plain, o1, x, y)
        w = plumb.watch(ours, o2, run=file(), record="every=1")
        w._steps.graph.on_call = None  # a fault within
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for x, y in batches:
                step(ours, o2, x, y)
            w.close()
        self.assertEqual(len([c for c in caught if "plumb" in str(c.message)]), 1)
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))

    def test_detaching_leaves_no_trace(self):
        model, (x, y) = models.ResNet(), models.images()
        optimizer = sgd(model)
        before = {k: set(vars(m)) for k, m in model.named_modules()}
        names, backward = set(vars(optimizer)), torch.autograd.backward
        w = plumb.watch(model, optimizer, run=file(), record="every=1")
        step(model, optimizer, x, y)
        step(model, optimizer, x, y)
        w.close()
        self.assertIs(torch.autograd.backward, backward)
        self.assertEqual(set(vars(optimizer)), names)
        for name, module in model.named_modules():
            self.assertEqual(set(vars(module)), before[name])
            self.assertEqual(len(module._forward_hooks) + len(module._forward_pre_hooks), 0)

    def test_between_measured_steps_only_the_model_itself_has_a_hook(self):
        model, (x, y) = models.ResNet(), models.images()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=4"):
            for next_step in range(1, 12):
                step(model, optimizer, x, y)
                if next_step in (1, 2, 4, 8):  # measured: the hooks may stay
                    continue
                self.assertEqual([n for n, m in model.named_modules() if m._forward_hooks], [""])
                self.assertEqual(len(model._forward_hooks), 1)

    def test_an_exception_closes_the_run_with_its_reason(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer, path = sgd(model), file()
        with self.assertRaises(ZeroDivisionError):
            with plumb.watch(model, optimizer, run=path, record="every=1"):
                step(model, optimizer, x, y)
                1 / 0  # noqa: B018
        self.assertIn("ZeroDivisionError", plumb.load(path).info["end"])
        with self.assertRaises(KeyboardInterrupt):
            with plumb.watch(model, optimizer, run=path, record="every=1"):
                step(model, optimizer, x, y)
                raise KeyboardInterrupt
        self.assertEqual(plumb.load(path).info["end"], "interrupted")

    def test_shared_frozen_unused_and_severed_parameters_are_named(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.c = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
                self.unused, self.cut = nn.Linear(16, 16), nn.Linear(16, 16)
                self.b.weight = self.a.weight
                self.c.weight.requires_grad_(False)
                self.head = nn.Linear(16, 5)

            def forward(self, x):
                side = self.cut(x).detach()
                return self.head(self.c(self.b(torch.tanh(self.a(x)))) + side)

        model, (x, y) = Net(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            step(model, optimizer, x, y)
        notes = "\n".join(w.notes())
        self.assertIn("a.weight is shared by a, b", notes)
        self.assertIn("c.weight is frozen", notes)
        self.assertIn("unused.weight is used by no layer", notes)
        self.assertIn("cut.weight got no gradient", notes)

    def test_the_true_graph_has_residuals_attention_and_functional_activations(self):
        model, batches = models.make("gpt")
        optimizer = sgd(model)
        x, y = batches[0]
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            step(model, optimizer, x, y)
            step(model, optimizer, x, y)
        run = w.run()
        families = {}
        for layer in run.layers:
            families.setdefault(layer["family"], []).append(layer)
        self.assertEqual(len(families["residual"]), 4)
        self.assertEqual(len(families["attention"]), 2)
        self.assertEqual([a["kind"] for a in families["activation"]], ["gelu", "gelu"])
        for one in families["residual"]:
            self.assertEqual(one["ways"], ["branch", "shortcut"])
        self.assertEqual(families["attention"][0]["inputs"], ["blocks.0.attn.qkv"])
        for at in (0, 1):
            for one in families["residual"][:-1]:
                self.assertEqual(len(run.find(one["path"], "a", at)), 1, one["path"])
            for one in (*families["residual"], *families["activation"], *families["attention"]):
                self.assertEqual(len(run.find(one["path"], "grad_a", at)), 1, one["path"])
        self.assertEqual({int(i) for i in run.joins["step"]}, {0, 1})
        shares = sum(s for s, at in zip(run.joins["share"], run.joins["step"]) if at == 0)
        joins = {i for i, at in zip(run.joins["id"], run.joins["step"]) if at == 0}
        self.assertAlmostEqual(shares, len(joins), places=5)

    def test_a_relu_module_used_twice_is_two_layers(self):
        model, batches = models.make("resnet")
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            step(model, optimizer, *batches[0])
        paths = [layer["path"] for layer in w.run().layers]
        self.assertIn("layer1.0.relu", paths)
        self.assertIn("layer1.0.relu#2", paths)

    def test_a_smaller_last_batch(self):
        model = self.in_place_model()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for n in (6, 6, 2):
                step(model, optimizer, *models.rows(n))
        self.assertEqual([r["count"] for r in w.run().find("0", "z")], [48, 48, 16])

    def test_an_expert_that_is_called_later_is_found_later(self):
        class Late(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.head = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 5)
                self.late = False

            def forward(self, x):
                x = self.a(x).tanh()
                return self.head(self.b(x).relu() if self.late else x)

        model, (x, y) = Late(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for i in range(4):
                model.late = i >= 1
                step(model, optimizer, x, y)
        run = w.run()
        self.assertEqual(len(run.find("b", "grad_z")), 3)
        at = {layer["path"]: layer["inputs"] for layer in run.layers}
        self.assertEqual(at["head"], ["relu"])

    def test_a_step_that_saw_no_layer_is_said(self):
        watched, trained, (x, y) = self.in_place_model(), self.in_place_model(), models.rows()
        optimizer = sgd(trained)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with plumb.watch(watched, optimizer, run=file(), record="every=1") as w:
                for _ in range(3):
                    w.begin_pass(x)
                    step(trained, optimizer, x, y)
        told = [str(c.message) for c in caught if "no layer of the model was seen" in str(c.message)]
        self.assertEqual(len(told), 1)

    def test_a_loss_that_the_model_gives_is_no_output_of_the_network(self):
        class WithLoss(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.head = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh()), nn.Linear(8, 3)

            def forward(self, x, labels):
                logits = self.head(self.body(x))
                summed = F.cross_entropy(logits, labels, reduction="sum")
                return {"loss": summed / len(x), "logits": logits, "penalty": logits.square().mean()}

        def layers(loss_of):
            torch.manual_seed(0)
            model = WithLoss()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
                for _ in range(3):
                    optimizer.zero_grad()
                    loss_of(model(torch.randn(5, 6), torch.randint(0, 3, (5,)))).backward()
                    optimizer.step()
            self.assertEqual(w.diagnose().outcome, "too_early")
            return [layer["path"] for layer in w.run().layers]

        plain = layers(lambda out: out["loss"])
        self.assertEqual(plain, ["input", "input_1", "body.0", "body.1", "body.2", "body.3", "head"])
        for loss_of in (
            lambda out: out["loss"] / 4,
            lambda out: out["loss"] * 2 + 0.1 * out["penalty"],
            lambda out: F.softplus(out["loss"]),
        ):
            self.assertEqual(layers(loss_of), plain)

    def test_nested_inputs_and_outputs(self):
        class Inner(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(16, 8)

            def forward(self, batch):
                return {"state": (self.fc(batch["x"][0]), None), "name": "inner"}

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner, self.head = Inner(), nn.Linear(8, 5)

            def forward(self, batch):
                return [{"logits": self.head(self.inner(batch)["state"][0].tanh())}]

        model, (x, y) = Net(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                optimizer.zero_grad()
                models.cross_entropy(model({"x": (x, None)})[0]["logits"], y).backward()
                optimizer.step()
        run = w.run()
        self.assertEqual(len(run.find("inner.fc", "grad_z")), 2)
        self.assertEqual({layer["path"]: layer["inputs"] for layer in run.layers}["inner.fc"], ["input"])
        self.near(run.find("input", "a", 0)[0], x)

    def test_packed_sequences(self):
        rnn_utils = nn.utils.rnn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm, self.head = nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 5)

            def forward(self, x, lengths):
                packed = rnn_utils.pack_padded_sequence(x, lengths, batch_first=True)
                y, (h, _) = self.lstm(packed)
                self.seen = y.data
                return self.head(h[-1])

        model, x, y = Net(), torch.randn(3, 7, 4), torch.randint(0, 5, (3,))
        lengths = torch.tensor([7, 4, 2])
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            optimizer.zero_grad()
            models.cross_entropy(model(x, lengths), y).backward()
            optimizer.step()
        run = w.run()
        self.near(only(run.find("lstm", "a")), model.seen)  # what is padded is no value
        self.assertEqual(len(run.find("head", "grad_z")), 1)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork")
    def test_a_forked_process_records_nothing_and_ends(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer, path = sgd(model), file()
        w = plumb.watch(model, optimizer, run=path, record="every=1")
        step(model, optimizer, x, y)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                step(model, optimizer, x, y)
                w.close()
                del w
                gc.collect()
                os.write(writing, b"done")
            finally:
                os._exit(0)
        os.close(writing)
        self.assertEqual(os.read(reading, 4), b"done")
        os.waitpid(child, 0)
        step(model, optimizer, x, y)
        w.close()
        self.assertEqual(list(plumb.load(path).steps["step"]), [0, 1])
        self.assertEqual(plumb.load(path).info["end"], "finished")

    def test_workers_of_a_data_loader(self):
        class Rows(torch.utils.data.Dataset):
            def __len__(self):
                return 12

            def __getitem__(self, i):
                generator = torch.Generator().manual_seed(i)
                return torch.randn(16, generator=generator), i % 5

        model = self.in_place_model()
        optimizer = sgd(model)
        loader = torch.utils.data.DataLoader(Rows(), batch_size=4, num_workers=1)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                for x, y in loader:
                    step(model, optimizer, x, y)
        self.assertEqual([r["count"] for r in w.run().find("0", "z")], [32] * 6)

    def test_garbage_collected_without_close(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer, path, backward = sgd(model), file(), torch.autograd.backward
        w = plumb.watch(model, optimizer, run=path, record="every=1")
        step(model, optimizer, x, y)
        self.assertIsNot(torch.autograd.backward, backward)
        del w
        gc.collect()
        self.assertIs(torch.autograd.backward, backward)
        self.assertEqual(len(model._forward_hooks), 0)
        self.assertEqual(len(plumb.load(path).steps["step"]), 1)
        self.assertEqual(plumb.load(path).info["end"], "interrupted")
        step(model, optimizer, x, y)

    def test_a_log_after_the_step_belongs_to_it(self):
        model, (x, y) = self.in_place_model(), models.rows()
        optimizer = sgd(model)
        with plumb.watch(model, optimizer, run=file(), record="every=2") as w:
            for i in range(3):
                step(model, optimizer, x, y)
                w.log(accuracy=i / 10, loss=torch.tensor(float(i)))
            with self.assertRaises(TypeError):
                w.log(acuracy=1)
        self.assertEqual([round(a, 3) for a in w.run().steps["accuracy"]], [0, 0.1, 0.2])
        self.assertEqual(list(w.run().steps["loss"]), [0, 1, 2])

    def test_a_scripted_model_is_refused_and_a_traced_one_is_watched(self):
        model, (x, y) = mlp(), models.rows()
        with self.assertRaisesRegex(TypeError, "torch.jit.script"):
            plumb.watch(torch.jit.script(model), sgd(model), run=file())
        traced = torch.jit.trace(model, x)
        optimizer = sgd(traced)
        with plumb.watch(traced, optimizer, run=file(), record="every=1") as w:
            step(traced, optimizer, x, y)
        self.assertEqual(len(w.run().find("0", "grad_z")), 1)

    def test_a_tensor_on_no_cpu_is_not_read(self):
        self.assertFalse(_core.is_readable(torch.zeros(3, device="meta")))
        self.assertFalse(_core.is_readable(torch.zeros(3, dtype=torch.int64)))
        self.assertFalse(_core.is_readable(torch.zeros(3).to_sparse()))
        self.assertFalse(_core.is_readable(torch.zeros(3, dtype=torch.complex64).conj().imag))


if __name__ == "__main__":
    unittest.main()
