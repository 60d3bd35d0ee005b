# SPDX-License-Identifier: Apache-2.0
"""Gates and gradients at every time step equal those of the cell written out, by autograd."""

import os
import tempfile
import unittest

import models
import torch
import torch.nn as nn

import plumb
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
