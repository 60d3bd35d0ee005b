# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers in numpy, forward and back through time, with everything that a step of the gradient passes through.

Formulas and names are those of docs/math/rnn.md, lstm.md and gru.md. Arrays of a direction are [steps, batch, hidden]
by the time step of the input, NaN where a step does not have the quantity.
"""

import math

import numpy as np

from numpy_activations import ACTIVATIONS, logistic
from numpy_layers import Layer

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class Recurrent(Layer):
    family = "recurrent"

    def __init__(self, kind, units, act="tanh", bidirectional=False, bias=True, bptt=0, forget_bias=None, gain=1.0):
        self.kind, self.units, self.act, self.bptt, self.gain = kind, units, act, bptt, gain
        self.bias, self.forget_bias = bias, forget_bias
        self.directions = (False, True) if bidirectional else (False,)
        self.text = (f"{kind} {units}" + (" bidirectional" if bidirectional else "")
                     + (f" act={act}" if act != "tanh" else "") + (f" bptt={bptt}" if bptt else "")
                     + ("" if bias else " bias=false"))

    def row(self, x):
        return (x[0], self.units * len(self.directions))

    def start(self, rng, x):
        p, rows = {}, GATES[self.kind] * self.units
        for reverse in self.directions:
            end = "_l0_reverse" if reverse else "_l0"
            p["weight_ih" + end] = self.gain / math.sqrt(x[-1]) * rng.normal(size=(rows, x[-1]))
            p["weight_hh" + end] = self.gain / math.sqrt(self.units) * rng.normal(size=(rows, self.units))
            if self.bias:
                p["bias_ih" + end] = 0.3 * rng.normal(size=rows)
                p["bias_hh" + end] = 0.3 * rng.normal(size=rows)
            if self.forget_bias is not None:
                p["bias_ih" + end][self.units:2 * self.units] = self.forget_bias
        return p

    def order(self, steps, reverse):
        """The time steps as the direction takes them."""
        return list(range(steps))[::-1] if reverse else list(range(steps))

    def by_gates(self, array):
        return np.split(array, GATES[self.kind])

    def states(self, x, p, reverse):
        """What a direction computes on its way: {name: [steps, batch, hidden]}."""
        end = "_l0_reverse" if reverse else "_l0"
        zero = np.zeros(GATES[self.kind] * self.units)
        by_x = x @ p["weight_ih" + end].T + p.get("bias_ih" + end, zero)
        recorded = {}
        h = c = np.zeros((len(x), self.units))
        for t in self.order(x.shape[1], reverse):
            by_h = h @ p["weight_hh" + end].T + p.get("bias_hh" + end, zero)
            if self.kind == "gru":
                r, z, n = np.split(by_x[:, t], 3, axis=1)
                of_r, of_z, of_n = np.split(by_h, 3, axis=1)
                r, z = logistic(r + of_r), logistic(z + of_z)
                n = np.tanh(n + r * of_n)
                step = {"reset_gate": r, "update_gate": z, "new_gate": n, "of_n": of_n, "h": (1 - z) * n + z * h}
            elif self.kind == "lstm":
                i, f, g, o = np.split(by_x[:, t] + by_h, 4, axis=1)
                i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
                step = {"input_gate": i, "forget_gate": f, "cell_gate": g, "output_gate": o, "c": f * c + i * g}
                step["h"] = o * np.tanh(step["c"])
            else:
                z = by_x[:, t] + by_h
                step = {"z": z, "h": ACTIVATIONS[self.act][0](z)}
            step.update(h_before=h, c_before=c)
            h, c = step["h"], step.get("c", c)
            for name, value in step.items():
                recorded.setdefault(name, np.full((x.shape[1], *value.shape), np.nan))[t] = value
        return recorded

    def forward(self, x, p):
        sides = [np.moveaxis(self.states(x, p, reverse)["h"], 0, 1) for reverse in self.directions]
        return np.concatenate(sides, axis=2)

    def step_back(self, at, dh, dc):
        """From the gradients of h_t and (by step t + 1 alone) of c_t, gate by gate what goes on through weight_ih and
        through weight_hh; then what goes on by the direct way, and the complete gradient of c_t."""
        if self.kind == "rnn":
            dz = ACTIVATIONS[self.act][1](at["z"]) * dh
            return [dz], [dz], None, None
        if self.kind == "gru":
            r, z, n = at["reset_gate"], at["update_gate"], at["new_gate"]
            dn = dh * (1 - z) * (1 - n * n)
            dr = dn * at["of_n"] * r * (1 - r)
            dz = dh * (at["h_before"] - n) * z * (1 - z)
            return [dr, dz, dn], [dr, dz, dn * r], dh * z, None
        i, f, g, o = (at[name] for name in ("input_gate", "forget_gate", "cell_gate", "output_gate"))
        squashed = np.tanh(at["c"])
        dc = dc + dh * o * (1 - squashed * squashed)
        dz = [dc * g * i * (1 - i), dc * at["c_before"] * f * (1 - f), dc * i * (1 - g * g),
              dh * squashed * o * (1 - o)]
        return dz, dz, dc * f, dc

    def gradients(self, x, g, p, reverse):
        """Back through time in one direction, g the gradient of its outputs [batch, steps, hidden]: the quantities of
        docs/time.md by name, and the gradient of x."""
        end = "_l0_reverse" if reverse else "_l0"
        of_input, of_state = self.by_gates(p["weight_ih" + end]), self.by_gates(p["weight_hh" + end])
        names = {"rnn": [], "lstm": ["input", "forget", "cell", "output"], "gru": ["reset", "update", "new"]}[self.kind]
        states, order = self.states(x, p, reverse), self.order(x.shape[1], reverse)
        recorded = {}
        grad_x = np.zeros(x.shape)
        dh = dc = np.zeros((len(x), self.units))  # what comes from the step behind
        for position in reversed(range(len(order))):
            t = order[position]
            complete = dh + g[:, t]
            to_input, to_state, direct, whole_dc = self.step_back(
                {name: state[t] for name, state in states.items()}, complete, dc)
            grad_x[:, t] = sum(dz @ weight for dz, weight in zip(to_input, of_input))
            step = {"grad_h": complete}
            if self.kind == "rnn":
                step["grad_z"] = to_input[0]
            if self.kind == "lstm":
                step["grad_c"] = whole_dc
            if position > 0:
                open_way = 0.0 if self.bptt and position % self.bptt == 0 else 1.0
                parts = [open_way * (dz @ weight) for dz, weight in zip(to_state, of_state)]
                dh = sum(parts)
                if direct is not None:
                    step["grad_h_by_carry"] = open_way * direct
                if self.kind == "gru":
                    dh = dh + open_way * direct
                if self.kind == "lstm":
                    dc = open_way * direct
                step["grad_h_by_recurrence"] = dh
                step.update({f"grad_h_by_{name}_gate": part for name, part in zip(names, parts)})
            for name, value in step.items():
                recorded.setdefault(name, np.full((x.shape[1], *value.shape), np.nan))[t] = value
        return recorded, grad_x

    def halves(self, g):
        """The part of a gradient of y that belongs to each direction."""
        return zip(self.directions, np.split(g, len(self.directions), axis=2))

    def vjp(self, x, g, p):
        return sum(self.gradients(x, half, p, reverse)[1] for reverse, half in self.halves(g))

    def recorded(self, x, g, p, reverse):
        """Everything that docs/time.md lists, of one direction: states, gates and gradients."""
        half = dict(self.halves(g))[reverse]
        inside = ("z", "of_n", "h_before", "c_before")
        states = {name: state for name, state in self.states(x, p, reverse).items() if name not in inside}
        return {**states, **self.gradients(x, half, p, reverse)[0]}
