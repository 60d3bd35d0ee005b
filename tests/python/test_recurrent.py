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
