# SPDX-License-Identifier: Apache-2.0
"""nn.LSTMCell, nn.GRUCell and nn.RNNCell in a loop over time: one layer, however often it is called in a pass.

A sequence is what the cell computes from a state that it did not make itself. Gates and states are computed again from what
each call is given, as for nn.LSTM; the gradients of the states are those that autograd brings to each call.
"""

import weakref

import torch

from . import recurrent
from .op import tensors_in
from .recurrent import Direction, teller

KINDS = {torch.nn.LSTMCell: "LSTM", torch.nn.GRUCell: "GRU", torch.nn.RNNCell: "RNN"}


def mode_of(module):
    kind = next(mode for of, mode in KINDS.items() if isinstance(module, of))
    return kind if kind != "RNN" else "RNN_TANH" if module.nonlinearity == "tanh" else "RNN_RELU"


class Sequence:
    """The calls of one cell that carry on each other's state. layer: its Op."""

    def __init__(self, layer):
        self.layer = layer
        self.x, self.h_before, self.c_before, self.h, self.c = [], [], [], [], []
        self.last = ()  # weakly, the tensors of the state that it gave last
        self.grad_h, self.grad_c = {}, {}  # by time step

    def is_carried_on_by(self, state):
        """The state is the last one of this sequence, or was made of it."""
        if not self.h or not state or state[0].shape != self.h[-1].shape:
            return False
        if any(one() is state[0] for one in self.last):
            return True
        return state[0].grad_fn is not None  # something stands between: a norm, a dropout, a mask


class CellDirection(Direction):
    """A sequence of a cell, with the gradients of its states as autograd has them."""

    def __init__(self, module, sequence):
        self.mode, self.reverse = mode_of(module), False
        w_ih, self.w_hh = module.weight_ih.detach(), module.weight_hh.detach()
        self.w_ih = w_ih
        b_ih = module.bias_ih.detach() if module.bias else None
        self.b_hh = module.bias_hh.detach() if module.bias else None
        self.h, self.before = torch.stack(sequence.h), torch.stack(sequence.h_before)
        self.from_x = torch.nn.functional.linear(torch.stack(sequence.x), w_ih, b_ih)
        self.from_h = torch.nn.functional.linear(self.before, self.w_hh, self.b_hh)
        self.cells_before = torch.stack(sequence.c_before) if sequence.c_before else None
        self.cells = torch.stack(sequence.c) if sequence.c else None
        self.grad_y = self.grad_h_n = self.grad_c_n = None
        self.compute()

    def set_gradients(self, sequence):
        def whole(known, like):
            return torch.stack([known.get(t, torch.zeros_like(like[t])) for t in range(len(like))])

        self.total_h = whole(sequence.grad_h, self.h)
        self.total_c = None if self.cells is None else whole(sequence.grad_c, self.cells)


class Hook(recurrent.Hook):
    def __init__(self, steps, module):
        super().__init__(steps, module)
        self.sequence, self.step_and_pass = None, None

    def takes(self, module, arguments):
        return torch.is_tensor(arguments[0]) and arguments[0].dim() == 2

    def observe(self, steps, module, arguments, output):
        op = steps.graph.by_path.get(steps.graph.names[id(module)])
        if op is None:
            return
        given = list(tensors_in(arguments[1:]))
        now = (steps.step, steps.core.pass_)
        sequence = self.sequence
        if sequence is None or self.step_and_pass != now or not sequence.is_carried_on_by(given):
            sequence = self.sequence = Sequence(op)
            self.step_and_pass = now
            steps.pending_cells.append((module, sequence))
        states = list(tensors_in(output))
        with torch.no_grad():
            zeros = torch.zeros_like(states[0])
            before = [t.detach() for t in given] or [zeros] * len(states)
            sequence.x.append(arguments[0].detach())
            for kept, one in zip((sequence.h_before, sequence.c_before), before):
                kept.append(one)
            # What stands in memory now may be written over in place.
            for kept, one in zip((sequence.h, sequence.c), states):
                kept.append(one.detach().clone())
        sequence.last = [weakref.ref(t) for t in states]
        t = len(sequence.h) - 1
        for kept, one in zip((sequence.grad_h, sequence.grad_c), states):
            if one.grad_fn is not None:
                one.grad_fn.register_prehook(keeper(kept, t, one.output_nr))


def keeper(kept, t, place):
    """Keeps what comes to a node's output: the sum over all that read it."""

    def hook(gradients):
        if gradients[place] is not None:
            kept[t] = gradients[place].detach()

    return hook


def tell_pending(steps):
    """Within a backward pass, at its end: what the sequences were through time."""
    core = steps.core
    with torch.no_grad():
        for module, sequence in steps.pending_cells:
            if not sequence.grad_h and not sequence.grad_c:
                continue
            tell = teller(core, sequence.layer.id)
            one = CellDirection(module, sequence)
            one.tell_forward(tell)
            one.set_gradients(sequence)
            one.tell_backward(tell, core.flow_log2_scale)
    steps.pending_cells.clear()
