# SPDX-License-Identifier: Apache-2.0
"""What nn.RNN, nn.LSTM and nn.GRU do at every time step, computed again from their input, their
output and their weights: gates and states forwards, and the gradient backwards through time.

Only in measured steps; the modules themselves are not touched. Of a module of several levels each is a layer of its own, the
last one by the module's name. What is dropped between levels is not known, and such a module stays one layer, as one with
projections does, and one whose weights are parametrized: these may be others when they are computed again.
"""

import weakref

import torch

from .. import _core
from .._inert import nothing, reduced


def is_recorded(module):
    drops = module.num_layers > 1 and module.dropout > 0 and module.training
    return not drops and getattr(module, "proj_size", 0) == 0 and not hasattr(module, "parametrizations")


def is_batch(arguments):
    """Whether a call is of [time, batch, units] or [batch, time, units], not packed."""
    return torch.is_tensor(arguments[0]) and arguments[0].dim() == 3


def levels_below(module, arguments):
    """How many layers stand below the last one in such a call."""
    return module.num_layers - 1 if is_recorded(module) and is_batch(arguments) else 0


def of_level(names, level, levels):
    """Of parameters of a module their names where they are the level's."""
    return [n for n in names if levels == 1 or n.partition("_l")[2].split("_")[0].split(".")[-1] == str(level)]


def outputs_of_levels(module, x, given):
    """What each level gives, but for the last, each [time, batch, units]. x: likewise; given: its first states, or None."""
    directions = 2 if module.bidirectional else 1
    each = len(module._flat_weights) // module.num_layers
    compute = getattr(torch._VF, module.mode.lower())
    outputs = []
    for level in range(module.num_layers - 1):
        weights = [w.detach() for w in module._flat_weights[level * each : (level + 1) * each]]
        if given is None:
            zeros = x.new_zeros(directions, x.shape[1], module.hidden_size)
            states = (zeros, zeros) if module.mode == "LSTM" else (zeros,)
        else:
            states = tuple(s.detach()[level * directions : (level + 1) * directions].contiguous() for s in given)
        first = states if module.mode == "LSTM" else states[0]
        x = compute(x, first, weights, module.bias, 1, 0.0, False, module.bidirectional, False)[0]
        outputs.append(x)
    return outputs


class Direction:
    """One direction of one level of one call. Tensors are [time, batch, units], in the order it computes."""

    def __init__(self, module, reverse, x, y, state, level=0):
        suffix = f"_l{level}_reverse" if reverse else f"_l{level}"
        self.mode, self.reverse = module.mode, reverse
        self.w_hh = getattr(module, "weight_hh" + suffix).detach()
        self.w_ih = w_ih = getattr(module, "weight_ih" + suffix).detach()
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
        self.cells = self.cells_before = None  # to be computed
        self.compute()

    #: Gradients of the states in all steps, where they are known and need not be computed from those of the output.
    total_h = total_c = None

    def compute(self):
        getattr(self, "forward_" + ("rnn" if self.mode.startswith("RNN") else self.mode.lower()))()

    def forward_rnn(self):
        z = self.from_x + self.from_h
        self.slope = 1 - self.h * self.h if self.mode == "RNN_TANH" else (z > 0).to(z.dtype)
        self.values = {"h": self.h}

    def forward_lstm(self):
        i, f, g, o = (self.from_x + self.from_h).chunk(4, -1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        if self.cells is None:
            cells, c = [], self.c0[0]
            for t in range(len(i)):
                c = f[t] * c + i[t] * g[t]
                cells.append(c)
            self.cells = torch.stack(cells)
            self.cells_before = torch.cat([self.c0[:1], self.cells[:-1]])
        self.values = {"h": self.h, "c": self.cells, "input_gate": i, "forget_gate": f, "cell_gate": g, "output_gate": o}

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
        """Returns the gradient with respect to what it reads, its time steps in their own order."""
        steps, units = len(self.h), self.h.shape[-1]
        grad_h = torch.zeros_like(self.h[0])
        grad_c = torch.zeros_like(grad_h)
        if self.grad_h_n is not None:
            grad_h = grad_h + self.grad_h_n
        if self.grad_c_n is not None:
            grad_c = grad_c + self.grad_c_n
        weights = self.w_hh.split(units)
        of_gates = [None] * steps
        for t in reversed(range(steps)):
            if self.grad_y is not None:
                grad_h = grad_h + self.grad_y[t]
            if self.total_h is not None:
                grad_h = self.total_h[t]
            place = self.place(t)
            tell(place, self.reverse, "grad_h", grad_h, scale)
            if self.mode == "LSTM":
                grad_h, grad_c, parts, of_gates[t] = self.back_lstm(t, grad_h, grad_c, weights, place, tell, scale)
            elif self.mode == "GRU":
                grad_h, parts, of_gates[t] = self.back_gru(t, grad_h, weights)
            else:
                of_gates[t] = grad_z = grad_h * self.slope[t]
                tell(place, self.reverse, "grad_z", grad_z, scale)
                grad_h, parts = grad_z @ self.w_hh, {}
            if t == 0:
                break
            tell(place, self.reverse, "grad_h_by_recurrence", grad_h, scale)
            for name, part in parts.items():
                tell(place, self.reverse, "grad_h_by_" + name, part, scale)
        grad_x = torch.stack(of_gates) @ self.w_ih
        return grad_x.flip(0) if self.reverse else grad_x

    def back_lstm(self, t, grad_h, grad_c, weights, place, tell, scale):
        v = self.values
        i, f, g, o, c = (v[k][t] for k in ("input_gate", "forget_gate", "cell_gate", "output_gate", "c"))
        before = self.cells_before[t]
        tanh_c = c.tanh()
        grad_c = self.total_c[t] if self.total_c is not None else grad_c + grad_h * o * (1 - tanh_c * tanh_c)
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
        return sum(parts.values()), carried, {"carry": carried, **parts}, torch.cat(pre, -1)

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
        return sum(parts.values()), parts, torch.cat((pre[0], pre[1], grad_n), -1)


class Hook:
    """Behind the module's other hook, in measured steps alone."""

    def __init__(self, steps, module):
        self.steps, self.module = weakref.ref(steps), weakref.ref(module)

    def __deepcopy__(self, memo):
        return nothing

    def __reduce__(self):
        return reduced

    def __call__(self, module, arguments, output):
        steps = self.steps()
        if steps is None or module is not self.module() or not steps.core.in_forward:
            return
        # So many small tensors are not read on a device.
        if self.takes(module, arguments) and arguments[0].device.type == "cpu":
            steps.observe(self.observe, steps, module, arguments, output)

    def takes(self, module, arguments):
        return is_recorded(module) and is_batch(arguments)

    def observe(self, steps, module, arguments, output):
        op = steps.graph.by_path.get(steps.graph.names[id(module)])
        if op is None:
            return
        y, state = output
        states = state if isinstance(state, tuple) else (state,)
        x, given = arguments[0], arguments[1] if len(arguments) > 1 else None
        given = given if isinstance(given, tuple) or given is None else (given,)
        with torch.no_grad():
            x, last = (t.detach().transpose(0, 1) if module.batch_first else t.detach() for t in (x, y))
            layers = [steps.graph.by_path.get(level_path(op.path, level)) for level in range(module.num_layers - 1)]
            if None in layers:  # one that dropped something when it was seen first
                return
            outputs = [*outputs_of_levels(module, x, given), last]
            levels = []
            for level, (layer, own) in enumerate(zip([*layers, op], outputs)):
                levels.append(Level(layer, module, level, x, own, given))
                levels[-1].tell_forward(steps.core, layer is op)
                x = own
        count = len(levels[0].directions)

        def keep(gradient):
            levels[-1].take(gradient.detach().transpose(0, 1) if module.batch_first else gradient.detach())

        def keep_state(name):
            def hook(gradient):
                for i, part in enumerate(gradient.detach()):
                    setattr(levels[i // count].directions[i % count], name, part)

            return hook

        if y.requires_grad:
            y.grad_fn.register_prehook(lambda gradients: keep(gradients[0]) if gradients[0] is not None else None)
            for name, tensor in zip(("grad_h_n", "grad_c_n"), states):
                if tensor.requires_grad and tensor.grad_fn is not y.grad_fn:
                    tensor.register_hook(keep_state(name))
            steps.pending.append(levels)


def level_path(path, level):
    """Of a level below the last one."""
    return f"{path}.l{level}"


class Level:
    """One level of one call. layer: its Op."""

    def __init__(self, layer, module, level, x, y, given):
        self.layer, self.y, self.batch_first = layer, y, module.batch_first
        sizes, count = module.hidden_size, 2 if module.bidirectional else 1
        self.directions = []
        for d in range(count):
            place = level * count + d
            start = None if given is None else [s.detach()[place : place + 1] for s in given]
            own = y[..., d * sizes : (d + 1) * sizes]
            self.directions.append(Direction(module, d == 1, x, own, start, level))

    def outside(self, tensor):
        return tensor.transpose(0, 1) if self.batch_first else tensor

    def tell_forward(self, core, is_last):
        if not is_last:  # what the module gives is told by its own hook
            core.output(self.layer.id, self.outside(self.y), self.layer.layout)
        for one in self.directions:
            one.tell_forward(teller(core, self.layer.id))

    def take(self, gradient):
        """That of its output, [time, batch, units of all directions]."""
        for one, own in zip(self.directions, gradient.chunk(len(self.directions), -1)):
            one.grad_y = own.flip(0) if one.reverse else own

    def of_last_states(self):
        """The gradient of its output, where that of its last states alone came; None else."""
        if any(one.grad_y is not None for one in self.directions) or all(one.grad_h_n is None for one in self.directions):
            return None
        gradient = torch.zeros_like(self.y)
        for one, own in zip(self.directions, gradient.chunk(len(self.directions), -1)):
            if one.grad_h_n is not None:
                own[0 if one.reverse else -1] = one.grad_h_n
        return gradient

    def tell_backward(self, core):
        """Returns the gradient with respect to what it reads; None where none came."""
        found = []
        for one in self.directions:
            if one.grad_y is not None or one.grad_h_n is not None or one.grad_c_n is not None:
                found.append(one.tell_backward(teller(core, self.layer.id), core.flow_log2_scale))
        return sum(found) if found else None


def teller(core, layer):
    def tell(t, reverse, name, values, scale):
        core.time_step(layer, t, reverse, name, values.contiguous(), scale)

    return tell


def tell_pending(steps):
    """Within a backward pass, at its end: what it was through time."""
    core = steps.core
    with torch.no_grad():
        for levels in steps.pending:
            gradient = levels[-1].of_last_states()
            for level in reversed(levels):
                if gradient is not None:
                    if level is not levels[-1]:
                        level.take(gradient)
                    _core.gradient_hook(core, level.layer.id, level.layer.layout)(level.outside(gradient))
                gradient = level.tell_backward(core)
    steps.pending.clear()
