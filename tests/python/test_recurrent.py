# SPDX-License-Identifier: Apache-2.0
"""Gates and gradients at every time step equal those of the cell written out, by autograd."""

import os
import tempfile
import unittest
from unittest import mock

import models
import torch
import torch.nn as nn

import plumb
from plumb._torch import cells
from plumb._torch.recurrent import Direction
from plumb._torch.words import code_of

T, B, X, H = 6, 3, 4, 5


def unrolled(module, x, suffix):
    """The states of each step, in order, with their gradients kept."""
    w_ih, w_hh, b_ih, b_hh = (getattr(module, n + "_l0" + suffix) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h, c = torch.zeros(B, H, dtype=x.dtype, requires_grad=True), torch.zeros(B, H, dtype=x.dtype, requires_grad=True)
    found = {"h": [], "c": [], "forget_gate": [], "update_gate": []}
    for t in range(T):
        a, b = x[t] @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if module.mode == "LSTM":
            i, f, g, o = (a + b).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            c.retain_grad()
            found["c"].append(c)
            found["forget_gate"].append(f.sigmoid())
        elif module.mode == "GRU":
            (ar, az, an), (br, bz, bn) = a.chunk(3, -1), b.chunk(3, -1)
            z = (az + bz).sigmoid()
            h = (1 - z) * (an + (ar + br).sigmoid() * bn).tanh() + z * h
            found["update_gate"].append(z)
        else:
            h = (a + b).tanh() if module.mode == "RNN_TANH" else (a + b).relu()
        h.retain_grad()
        found["h"].append(h)
    return found


class Chain(nn.Module):
    def __init__(self, rnns, width):
        super().__init__()
        self.rnns, self.head = nn.ModuleList(rnns), nn.Linear(width, 3)

    def forward(self, x):
        for rnn in self.rnns:
            x, _ = rnn(x)
        return self.head(x)


class LastStates(nn.Module):
    def __init__(self, rnn, width):
        super().__init__()
        self.rnn, self.head = rnn, nn.Linear(width, 3)

    def forward(self, x):
        state = self.rnn(x)[1]
        state = state[0] if isinstance(state, tuple) else state
        own = state[-2:] if self.rnn.bidirectional else state[-1:]
        return self.head(own.transpose(0, 1).flatten(1))


class Loop(nn.Module):
    """A cell called once for each time step. between: what happens to the state on its way."""

    def __init__(self, cell, between=lambda h: h, length=T):
        super().__init__()
        self.cell, self.between, self.length = cell, between, length
        self.head = nn.Linear(H, 3)

    def forward(self, x):
        state, outputs = None, []
        for t in range(self.length):
            state = self.cell(x[t], state)
            h = state[0] if isinstance(state, tuple) else state
            outputs.append(h)
            state = (self.between(h), state[1]) if isinstance(state, tuple) else self.between(h)
        return self.head(torch.stack(outputs))


class Cells(unittest.TestCase):
    KINDS = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell, "RNN_TANH": nn.RNNCell,
             "RNN_RELU": lambda x, h: nn.RNNCell(x, h, nonlinearity="relu")}

    def watched(self, model, x, y_of=lambda y: y.pow(2).sum()):
        told, original = {}, cells.teller

        def teller(core, layer):
            def tell(t, reverse, name, values, scale):
                told.setdefault((layer, name, t), []).append(values.clone())
                original(core, layer)(t, reverse, name, values, scale)

            return tell

        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        with mock.patch.object(cells, "teller", teller), plumb.watch(model, optimizer, record="every=1") as w:
            y_of(model(x)).backward()
            optimizer.step()
        self.assertFalse(w._session.failed)
        return w, told

    def test_gates_states_and_gradients_are_those_of_autograd(self):
        for mode, make in self.KINDS.items():
            with self.subTest(mode):
                torch.manual_seed(4)
                model, x = Loop(make(X, H)).double(), torch.randn(T, B, X, dtype=torch.float64)
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):  # as unrolled() knows them
                    setattr(model.cell, name + "_l0", getattr(model.cell, name).detach())
                model.cell.mode = mode
                found = unrolled(model.cell, x, "")
                model.head(torch.stack(found["h"])).pow(2).sum().backward()
                w, told = self.watched(model, x)
                layer = next(i for i, p in enumerate(w.run().layers) if p["path"] == "cell")
                for t in range(T):
                    expected = {"h": found["h"][t], "grad_h": found["h"][t].grad}
                    expected |= {n: found[n][t] for n in ("forget_gate", "update_gate", "c") if found[n]}
                    expected |= {"grad_c": found["c"][t].grad} if found["c"] else {}
                    for name, values in expected.items():
                        (own,) = told[layer, name, t]
                        self.assertLess((own - values).abs().max().item(), 1e-12, (name, t))

    def test_a_loop_is_one_layer_and_its_record_that_of_the_module(self):
        for kind, cell in ((nn.LSTM, nn.LSTMCell), (nn.GRU, nn.GRUCell), (nn.RNN, nn.RNNCell)):
            with self.subTest(kind.__name__):
                torch.manual_seed(4)
                whole, loop = Chain([kind(X, H)], H), Loop(cell(X, H))
                for name, value in loop.cell.named_parameters():
                    getattr(whole.rnns[0], name + "_l0").data.copy_(value.data)
                whole.head.load_state_dict(loop.head.state_dict())
                x = torch.randn(T, B, X)
                ours, theirs = (self.watched(m, x)[0].run() for m in (loop, whole))
                layers = [(p["path"], p["family"], p["inputs"]) for p in ours.layers]
                self.assertEqual(layers, [("input", "input", []), ("cell", "recurrent", ["input"]), ("head", "linear", ["cell"])])
                for path, other, role in (("cell", "rnns.0", "a"), ("cell.weight_hh", "rnns.0.weight_hh_l0", "grad_weight"), ("head", "head", "grad_z")):
                    (a,), (b,) = ours.find(path, role), theirs.find(other, role)
                    self.assertEqual(a["count"], b["count"], path)
                    self.assertAlmostEqual(a["log2_rms"], b["log2_rms"], places=4, msg=path)

    def test_a_state_that_something_is_done_to_on_its_way_carries_on(self):
        torch.manual_seed(4)
        _, told = self.watched(Loop(nn.LSTMCell(X, H), lambda h: 0.9 * h), torch.randn(T, B, X))
        self.assertEqual({t for _, name, t in told if name == "forget_gate"}, set(range(T)))
        self.assertTrue(all(len(values) == 1 for values in told.values()))

    def test_a_second_sequence_in_a_pass_begins_anew(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.loop = Loop(nn.GRUCell(X, H))

            def forward(self, x):
                return self.loop(x) + self.loop(x.flip(0))

        _, told = self.watched(Twice(), torch.randn(T, B, X))
        self.assertEqual({t for _, _, t in told}, set(range(T)))
        self.assertTrue(all(len(values) == 2 for (_, name, _), values in told.items() if name == "h"))

    def test_a_decoder_that_reads_what_it_gave_has_no_cycle(self):
        class Decoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.cell, self.head = nn.Linear(X, X), nn.LSTMCell(X, H), nn.Linear(H, X)

            def forward(self, x):
                y, state, outputs = self.first(x[0]), None, []
                for _ in range(T):
                    state = self.cell(y, state)
                    y = self.head(state[0])
                    outputs.append(y)
                return torch.stack(outputs)

        w, told = self.watched(Decoder(), torch.randn(T, B, X))
        layers = {p["path"]: p["inputs"] for p in w.run().layers}
        self.assertEqual(layers["cell"], ["first"])
        self.assertEqual(layers["head"], ["cell"])

    def test_lengths_that_change_from_step_to_step(self):
        torch.manual_seed(4)
        model = Loop(nn.GRUCell(X, H))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        with plumb.watch(model, optimizer, record="every=1") as w:
            for length in (3, 6, 2, 5):
                model.length = length
                optimizer.zero_grad()
                model(torch.randn(T, B, X)).pow(2).mean().backward()
                optimizer.step()
        self.assertFalse(w._session.failed)
        self.assertEqual([p["path"] for p in w.run().layers], ["input", "cell", "head"])
        self.assertEqual([row["count"] for row in w.run().find("cell", "a")], [length * B * H for length in (3, 6, 2, 5)])

    def test_code_names_the_cell_s_own_parameters(self):
        model = Loop(nn.LSTMCell(X, H))
        self.assertIn("model.cell.bias_ih[5:10]", code_of("open_gate", {}, "cell", model))
        self.assertEqual(code_of("orthogonal_recurrence", {}, "cell", model), "nn.init.orthogonal_(model.cell.weight_hh)")
        for kind in ("set_bias", "gated_cell", "open_gate", "orthogonal_recurrence"):
            exec(code_of(kind, {}, "cell", model), {"nn": nn, "torch": torch, "model": Loop(nn.LSTMCell(X, H))})
            exec(code_of(kind, {}, "rnns.0", Chain([nn.LSTM(X, H)], H)), {"nn": nn, "torch": torch, "model": Chain([nn.LSTM(X, H)], H)})


class Recurrent(unittest.TestCase):
    def check(self, module, reverse):
        torch.manual_seed(4)
        module = module.double()
        suffix = "_reverse" if reverse else ""
        x = torch.randn(T, B, X, dtype=torch.float64)
        found = unrolled(module, x.flip(0) if reverse else x, suffix)
        y = torch.stack(found["h"][::-1] if reverse else found["h"])
        weight = torch.randn_like(y)
        (y * weight).sum().backward()
        recorded = {}

        def tell(t, direction, name, values, scale):
            self.assertEqual((direction, scale), (reverse, 0.0))
            recorded[name, t] = values

        with torch.no_grad():
            one = Direction(module, reverse, x, y.detach(), None)
            one.grad_y = weight.flip(0) if reverse else weight
            one.tell_forward(tell)
            one.tell_backward(tell, 0.0)
        for step in range(T):
            t = T - 1 - step if reverse else step
            self.near(recorded["grad_h", t], found["h"][step].grad)
            self.near(recorded["h", t], found["h"][step])
            for name in ("forget_gate", "update_gate", "c"):
                if found[name]:
                    self.near(recorded[name, t], found[name][step])
            if found["c"]:
                self.near(recorded["grad_c", t], found["c"][step].grad)
            if step > 0:  # what the layer above does not add came back from here
                before = found["h"][step - 1].grad - weight[t + 1 if reverse else t - 1]
                self.near(recorded["grad_h_by_recurrence", t], before)

    def near(self, a, b):
        self.assertLess((a - b).abs().max().item(), 1e-12)

    def test_levels_of_one_module_are_those_of_several(self):
        for kind in (nn.RNN, nn.LSTM, nn.GRU):
            for both in (False, True):
                for first in (False, True):
                    with self.subTest(kind.__name__, bidirectional=both, batch_first=first):
                        self.compare_levels(kind, both, first)

    def compare_levels(self, kind, both, first):
        torch.manual_seed(2)
        whole = kind(X, H, 3, bidirectional=both, batch_first=first)
        parts = nn.ModuleList(kind(X if i == 0 else H * (1 + both), H, bidirectional=both, batch_first=first) for i in range(3))
        for name, value in whole.state_dict().items():
            own, _, rest = name.partition("_l")
            parts[int(rest[0])].state_dict()[f"{own}_l0{rest[1:]}"].copy_(value)
        x, found = torch.randn(T, B, X), {}
        for name, rnns in (("whole", [whole]), ("parts", parts)):
            torch.manual_seed(6)
            model = Chain(rnns, H * (1 + both))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            path = os.path.join(tempfile.mkdtemp(), "run.plumb")
            with plumb.watch(model, optimizer, run=path, record="every=1") as w:
                model(x).pow(2).mean().backward()
                optimizer.step()
            self.assertFalse(w._session.failed)
            found[name] = w.run()
        layers = [(p["path"], p["family"], p["inputs"]) for p in found["whole"].layers]
        self.assertEqual([p for p, _, _ in layers], ["input", "rnns.0.l0", "rnns.0.l1", "rnns.0", "head"])
        self.assertEqual([i for _, _, i in layers], [[], ["input"], ["rnns.0.l0"], ["rnns.0.l1"], ["rnns.0"]])
        for ours, theirs in (("rnns.0.l0", "rnns.0"), ("rnns.0.l1", "rnns.1"), ("rnns.0", "rnns.2")):
            for role in ("a", "grad_a"):
                (a,), (b,) = found["whole"].find(ours, role), found["parts"].find(theirs, role)
                self.assertEqual((a["count"], a["zeros"]), (b["count"], b["zeros"]))
                self.assertAlmostEqual(a["log2_rms"], b["log2_rms"], places=4, msg=(ours, role))

    def test_the_last_states_alone_bring_a_gradient_to_the_output(self):
        for kind in (nn.LSTM, nn.GRU):
            for both in (False, True):
                torch.manual_seed(3)
                model = LastStates(kind(X, H, 2, bidirectional=both), H * (1 + both))
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                path = os.path.join(tempfile.mkdtemp(), "run.plumb")
                with plumb.watch(model, optimizer, run=path, record="every=1") as w:
                    state = model(torch.randn(T, B, X))
                    state.pow(2).mean().backward()
                    optimizer.step()
                (row,) = w.run().find("rnn", "grad_a")
                self.assertEqual((row["count"], row["zeros"]), (T * B * H * (1 + both), (T - 1) * B * H * (1 + both)))
                (head,) = w.run().find("head.weight", "grad_weight")
                self.assertTrue(head["log2_rms"] > -30)
                self.assertEqual(len(w.run().find("rnn.l0", "grad_a")), 1)

    def test_code_names_the_level(self):
        model = Chain([nn.LSTM(X, H, 3), nn.GRU(H, H)], H)
        for path, where in (("rnns.0.l1", "model.rnns[0].bias_ih_l1[5:10]"), ("rnns.0", "model.rnns[0].bias_ih_l2[5:10]"),
                            ("rnns.1", "model.rnns[1].bias_ih_l0[5:10]")):
            self.assertIn(where, code_of("open_gate", {}, path, model))

    def test_in_a_run(self):
        model, batches = models.make("lstm_tagger")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        path = os.path.join(tempfile.mkdtemp(), "run.plumb")
        with plumb.watch(model, optimizer, run=path, record="every=1") as w:
            for x, y in batches[:2]:
                optimizer.zero_grad()
                models.cross_entropy(model(x), y).backward()
                optimizer.step()
        self.assertFalse(w._session.failed)


for kind, make in {
    "rnn_tanh": lambda d: nn.RNN(X, H, bidirectional=d),
    "rnn_relu": lambda d: nn.RNN(X, H, nonlinearity="relu", bidirectional=d),
    "lstm": lambda d: nn.LSTM(X, H, bidirectional=d),
    "gru": lambda d: nn.GRU(X, H, bidirectional=d),
}.items():
    for direction in (False, True):

        def test(self, make=make, direction=direction):
            self.check(make(direction), direction)

        setattr(Recurrent, f"test_{kind}{'_reverse' if direction else ''}", test)

if __name__ == "__main__":
    unittest.main()
