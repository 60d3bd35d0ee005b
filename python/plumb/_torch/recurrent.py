# SPDX-License-Identifier: Apache-2.0
"""What nn.RNN, nn.LSTM and nn.GRU do at every time step, computed again from their input, their
output and their weights: gates and states forwards, and the gradient backwards through time.

Only in measured steps, for layers of one level; the modules themselves are not touched.
"""

import weakref

import torch

from .._inert import nothing, reduced


def is_told(module):
    return module.num_layers == 1 and getattr(module, "proj_size", 0) == 0


class Direction:
    """One direction of one call. Tensors are [time, batch, units], in the order it computes."""

    def __init__(self, module, reverse, x, y, state):
        suffix = "_l0_reverse" if reverse else "_l0"
        self.mode, self.reverse = module.mode, reverse
        self.w_hh = getattr(module, "weight_hh" + suffix).detach()
        w_ih = getattr(module, "weight_ih" + suffix).detach()
        bias = module.bias
        b_ih = getattr(module, "bias_ih" + suffix).detach() if bias else None
        self.b_hh = getattr(module, "bias_hh" + suffix).detach() if bias else None
        if reverse:
            x, y = x.flip(0), y.flip(0)
        self.h = y
        first = state[0] if state is not None else torch.zeros_like(y[:1])
        self.before = torch.cat([first, y[:-1]])
        self.from_x = torch.nn.functional.linear(x, w_ih, b_ih)
        self.from_h = torch.nn.functional.linear(self.before, self.w_hh, self.b_hh)
        self.c0 = state[1] if state is not None and len(state) > 1 else torch.zeros_like(y[:1])
        self.grad_y = self.grad_h_n = self.grad_c_n = None
        getattr(self, "forward_" + ("rnn" if self.mode.startswith("RNN") else self.mode.lower()))()

    def forward_rnn(self):
        z = self.from_x + self.from_h
        self.slope = 1 - self.h * self.h if self.mode == "RNN_TANH" else (z > 0).to(z.dtype)
        self.values = {"h": self.h}

    def forward_lstm(self):
        i, f, g, o = (self.from_x + self.from_h).chunk(4, -1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        cells, c = [], self.c0[0]
        for t in range(len(i)):
            c = f[t] * c + i[t] * g[t]
            cells.append(c)
        c = torch.stack(cells)
        self.values = {"h": self.h, "c": c, "input_gate": i, "forget_gate": f, "cell_gate": g, "output_gate": o}

    def forward_gru(self):
        (xr, xz, xn), (hr, hz, hn) = self.from_x.chunk(3, -1), self.from_h.chunk(3, -1)
        r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
        n = (xn + r * hn).tanh()
        self.hidden_new = hn
        self.values = {"h": self.h, "reset_gate": r, "update_gate": z, "new_gate": n}

    def tell_forward(self, tell):
        steps = len(self.h)
        for t in range(steps):
            for name, values in self.values.items():
                tell(self.place(t), self.reverse, name, values[t], 0.0)

    def place(self, t):
        return len(self.h) - 1 - t if self.reverse else t

    def tell_backward(self, tell, scale):
        steps, units = len(self.h), self.h.shape[-1]
        grad_h = torch.zeros_like(self.h[0])
        grad_c = torch.zeros_like(grad_h)
        if self.grad_h_n is not None:
            grad_h = grad_h + self.grad_h_n
        if self.grad_c_n is not None:
            grad_c = grad_c + self.grad_c_n
        weights = self.w_hh.split(units)
        for t in reversed(range(steps)):
            if self.grad_y is not None:
                grad_h = grad_h + self.grad_y[t]
            place = self.place(t)
            tell(place, self.reverse, "grad_h", grad_h, scale)
            if self.mode == "LSTM":
                grad_h, grad_c, parts = self.back_lstm(t, grad_h, grad_c, weights, place, tell, scale)
            elif self.mode == "GRU":
                grad_h, parts = self.back_gru(t, grad_h, weights)
            else:
                grad_z = grad_h * self.slope[t]
                tell(place, self.reverse, "grad_z", grad_z, scale)
                grad_h, parts = grad_z @ self.w_hh, {}
            if t == 0:
                break
            tell(place, self.reverse, "grad_h_by_recurrence", grad_h, scale)
            for name, part in parts.items():
                tell(place, self.reverse, "grad_h_by_" + name, part, scale)

    def back_lstm(self, t, grad_h, grad_c, weights, place, tell, scale):
        v = self.values
        i, f, g, o, c = (v[k][t] for k in ("input_gate", "forget_gate", "cell_gate", "output_gate", "c"))
        before = v["c"][t - 1] if t > 0 else self.c0[0]
        tanh_c = c.tanh()
        grad_c = grad_c + grad_h * o * (1 - tanh_c * tanh_c)
        tell(place, self.reverse, "grad_c", grad_c, scale)
        pre = (
            grad_c * g * i * (1 - i),
            grad_c * before * f * (1 - f),
            grad_c * i * (1 - g * g),
            grad_h * tanh_c * o * (1 - o),
        )
        names = ("input_gate", "forget_gate", "cell_gate", "output_gate")
        parts = {name: p @ w for name, p, w in zip(names, pre, weights)}
        carried = grad_c * f
        return sum(parts.values()), carried, {"carry": carried, **parts}

    def back_gru(self, t, grad_h, weights):
        v = self.values
        r, z, n = (v[k][t] for k in ("reset_gate", "update_gate", "new_gate"))
        grad_n = grad_h * (1 - z) * (1 - n * n)
        pre = (
            grad_n * self.hidden_new[t] * r * (1 - r),
            grad_h * (self.before[t] - n) * z * (1 - z),
            grad_n * r,
        )
        parts = {name: p @ w for name, p, w in zip(("reset_gate", "update_gate", "new_gate"), pre, weights)}
        parts = {"carry": grad_h * z, **parts}
        return sum(parts.values()), parts


class Hook:
    """Behind the module's other hook, in measured steps alone."""

    def __init__(self, watch, module):
        self.watch, self.module = weakref.ref(watch), weakref.ref(module)

    def __deepcopy__(self, memo):
        return nothing

    def __reduce__(self):
        return reduced

    def __call__(self, module, arguments, output):
        watch = self.watch()
        if watch is None or module is not self.module() or not watch._core.in_forward:
            return
        if not is_told(module) or not torch.is_tensor(arguments[0]) or arguments[0].dim() != 3:
            return
        if arguments[0].device.type != "cpu":
            return  # so many small tensors are not looked at on a device
        watch._observe(self.observe, watch, module, arguments, output)

    def observe(self, watch, module, arguments, output):
        op = watch._graph.by_path.get(watch._graph.names[id(module)])
        if op is None:
            return
        y, state = output
        states = state if isinstance(state, tuple) else (state,)
        x, given = arguments[0], arguments[1] if len(arguments) > 1 else None
        given = given if isinstance(given, tuple) or given is None else (given,)
        sizes = module.hidden_size
        directions = []
        with torch.no_grad():
            turned = [t.detach().transpose(0, 1) if module.batch_first else t.detach() for t in (x, y)]
            for d in range(2 if module.bidirectional else 1):
                own = turned[1][..., d * sizes : (d + 1) * sizes]
                start = None if given is None else [s.detach()[d : d + 1] for s in given]
                one = Direction(module, d == 1, turned[0], own, start)
                one.tell_forward(teller(watch._core, op.id))
                directions.append(one)

        def keep(name):
            def hook(gradient):
                for d, one in enumerate(directions):
                    if name == "y":
                        g = gradient.detach()
                        g = g.transpose(0, 1) if module.batch_first else g
                        g = g[..., d * sizes : (d + 1) * sizes]
                        one.grad_y = g.flip(0) if one.reverse else g
                    else:
                        setattr(one, name, gradient.detach()[d])

            return hook

        if y.requires_grad:
            y.grad_fn.register_prehook(lambda gradients, h=keep("y"): h(gradients[0]) if gradients[0] is not None else None)
            for name, tensor in zip(("grad_h_n", "grad_c_n"), states):
                if tensor.requires_grad and tensor.grad_fn is not y.grad_fn:
                    tensor.register_hook(keep(name))
            watch._pending.append((op.id, directions))


def teller(core, layer):
    def tell(t, reverse, name, values, scale):
        core.time_step(layer, t, reverse, name, values.contiguous(), scale)

    return tell


def tell_pending(watch):
    """After a backward pass: what it was through time."""
    with torch.no_grad():
        for layer, directions in watch._pending:
            for one in directions:
                if one.grad_y is None and one.grad_h_n is None and one.grad_c_n is None:
                    continue
                one.tell_backward(teller(watch._core, layer), watch._core.flow_log2_scale)
    watch._pending.clear()
