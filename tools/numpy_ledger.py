# SPDX-License-Identifier: Apache-2.0
"""The gradient ledger of one backward pass, from its tensors and the definitions of docs/ledger.md and docs/time.md.

What comes out below a layer is worked out from what was saved of its input and of the gradient above it. It must be
the tensor that was saved there, and the parts of the layer's line are formed from it.
"""

import math

import numpy as np

CAUSES = ("weight_scale", "weight_alignment", "activation_derivative", "derivative_alignment", "residual_shortcut",
          "residual_branch", "residual_gate", "dropout", "shape", "normalisation", "pooling", "recurrence", "other")
TIME_CAUSES = ("activation_derivative", "recurrent_weight_scale", "recurrent_weight_alignment", "gate_carry",
               "gate_paths", "recurrence", "from_above")
NOTHING = -math.inf

# A tensor may differ by this fraction of its largest magnitude.
SAME_TENSOR = 1e-10


def log2_rms(values):
    """-infinity for zeros; squares that a double cannot hold are no obstacle."""
    largest = np.abs(values).max(initial=0.0)
    if largest == 0:
        return NOTHING
    return math.log2(largest) + 0.5 * math.log2(np.mean((values / largest) ** 2))


class Books:
    """Walks the saved tensors of one case from the loss down. What does not follow is noted in `problems`."""

    def __init__(self, case, tensors):
        self.case, self.tensors, self.problems = case, tensors, []
        self.compared = 0

    def ledger(self):
        entries, ends_at = self.chain(self.case.chain, "", self.tensors["x"], "grad_x")
        top = log2_rms(self.tensors[f"grad_out/{len(self.case.chain) - 1}"])
        total = entries[-1]["log2_grad_in"] - top if entries else 0.0
        return {"log2_loss_gradient": top, "total": total, "entries": entries, "ends_at": ends_at,
                "ends_in_zero": bool(ends_at), "time": list(self.time_ledgers())}

    def same(self, name, saved, own):
        """Notes a saved tensor that is not the one worked out here."""
        self.compared += 1
        if saved.shape != own.shape:
            self.problems.append(f"{name} has shape {saved.shape}, by its definition {own.shape}")
            return
        size = max(np.abs(own).max(initial=0.0), np.finfo(float).tiny)
        difference = np.abs(saved - own).max(initial=0.0) / size
        if not difference <= SAME_TENSOR:
            self.problems.append(f"{name} differs by {difference:.1e} of its size from its definition")

    def parameters(self, path):
        """What is saved under `path`, by the name after it."""
        own = {name.removeprefix(path + "."): value for name, value in self.tensors.items()
               if name.rpartition(".")[0] == path}
        if f"mask/{path}" in self.tensors:
            own["mask"] = self.tensors[f"mask/{path}"]
        return own

    def chain(self, layers, parent, x, below):
        return self.named_chain([(f"{parent}{index}", layer) for index, layer in enumerate(layers)], x, below)

    def named_chain(self, named, x, below):
        """The entries of a chain that gets x, and where its books end. `below` is the name of the gradient of x."""
        entries, ends_at, over = [], None, False
        for index in reversed(range(len(named))):
            path, layer = named[index]
            before = named[index - 1][0] if index else None
            layer_x = self.tensors[f"out/{before}"] if before else x
            g = self.tensors[f"grad_out/{path}"]
            name = f"grad_out/{before}" if before else below
            entry, own = self.entry(path, layer, layer_x, g)
            self.same(name, self.tensors[name], own)
            over = over or entry["log2_grad_out"] == NOTHING
            if index == len(named) - 1 and over:
                ends_at = path
            if not over and entry["log2_grad_in"] == NOTHING:
                ends_at, over = path, True
            if not over:
                entries.append(entry)
        return entries, ends_at or ""

    def entry(self, path, layer, x, g):
        """A layer's line and the gradient of its input."""
        size = log2_rms(g)
        if layer.family == "residual":
            own, parts, inner = self.join(path, layer, x, g)
        else:
            p = self.parameters(path)
            self.same(f"out/{path}", self.tensors[f"out/{path}"], layer.forward(x, p))
            own = layer.vjp(x, g, p)
            parts, inner = self.parts(path, layer, x, g, p, own), {}
        entry = {"path": path, "kind": layer.kind, "log2_grad_out": size, "log2_grad_in": log2_rms(own),
                 "attenuation": log2_rms(own) - size if size != NOTHING else 0.0, "parts": parts}
        return {**entry, "branch": [], "shortcut": [], "gate": [], "ways": {}, **inner}, own

    def parts(self, path, layer, x, g, p, own):
        before, after = log2_rms(g), log2_rms(own)
        if NOTHING in (before, after):
            return {}
        if layer.family == "linear":
            # What a weight does to a gradient that knows nothing of it, and what this one makes of it.
            blind = math.sqrt(layer.outputs_per_input(p)) * np.sqrt(np.mean(p["weight"] ** 2))
            return {"weight_scale": math.log2(blind),
                    "weight_alignment": math.log2(2.0 ** (after - before) / blind)}
        if layer.family == "activation":
            slope = layer.slope(x, p)
            aligned = math.sqrt(np.mean((slope * g) ** 2) / (np.mean(slope ** 2) * np.mean(g ** 2)))
            return {"activation_derivative": log2_rms(slope), "derivative_alignment": math.log2(aligned)}
        if layer.family == "dropout":
            kept = 1 / (1 - layer.probability)
            if not np.all((p["mask"] == 0) | (np.abs(p["mask"] - kept) < 1e-12)):
                self.problems.append(f"mask/{path} holds more than 0 and {kept}")
        cause = {"recurrent": "recurrence"}.get(layer.family, layer.family)
        return {cause: after - before}

    def join(self, path, block, x, g):
        """Of a residual block or highway: the gradient of its input, the parts, and the books of its inside."""
        tensors, last = self.tensors, f"{path}.{len(block.branch) - 1}"
        branch = tensors[f"way/{path}/branch"]
        inner = {"branch": self.chain(block.branch, path + ".", x, f"way/{path}/branch")[0]}
        if block.gate is None:
            scale = block.scale if block.alpha is None else tensors[f"{path}.alpha"][0]
            named = [(f"{path}.{name}", layer) for name, layer in block.shortcut]
            carried = tensors[f"way/{path}/shortcut"]
            if named:
                inner["shortcut"] = self.named_chain(named, x, f"way/{path}/shortcut")[0]
                beside = tensors[f"out/{named[-1][0]}"]
                self.same(f"grad_out/{named[-1][0]}", tensors[f"grad_out/{named[-1][0]}"], g)
            else:
                beside = x
                self.same(f"way/{path}/shortcut", carried, g)
            self.same(f"grad_out/{last}", tensors[f"grad_out/{last}"], scale * g)
            self.same(f"out/{path}", tensors[f"out/{path}"], beside + scale * tensors[f"out/{last}"])
            inner["ways"] = self.ways(branch=branch, shortcut=carried)
            return carried + branch, self.join_parts(g, carried, branch, None), inner
        gate = tensors[f"way/{path}/gate"]
        z, f = tensors[f"out/{path}.gate"], tensors[f"out/{last}"]
        transform, e = tensors[f"transform/{path}"], np.exp(-np.abs(z))
        self.same(f"transform/{path}", transform, np.where(z < 0, e, 1) / (1 + e))
        self.same(f"out/{path}", tensors[f"out/{path}"], transform * f + (1 - transform) * x)
        self.same(f"grad_out/{last}", tensors[f"grad_out/{last}"], transform * g)
        self.same(f"grad_out/{path}.gate", tensors[f"grad_out/{path}.gate"], g * (f - x) * e / (1 + e) ** 2)
        carried = (1 - transform) * g
        self.same(f"way/{path}/shortcut", tensors[f"way/{path}/shortcut"], carried)
        inner["gate"] = self.named_chain([(f"{path}.gate", block.gate)], x, f"way/{path}/gate")[0]
        inner["ways"] = self.ways(branch=branch, shortcut=carried, gate=gate)
        return carried + branch + gate, self.join_parts(g, carried, branch, gate), inner

    @staticmethod
    def ways(**gradients):
        """The size of what comes back by each way of a block, and its share <g_i, g> / <g, g> of their sum g."""
        total = sum(gradients.values())
        largest = np.abs(total).max(initial=0.0)
        unit = total / largest if largest > 0 else total
        squares = np.sum(unit * unit)
        return {name: {"log2_rms": log2_rms(gradient),
                       "share": np.sum(gradient / largest * unit) / squares if largest > 0 else math.nan}
                for name, gradient in gradients.items()}

    @staticmethod
    def join_parts(g, carried, branch, gate):
        whole = carried + branch + (0.0 if gate is None else gate)
        sizes = [log2_rms(part) for part in (g, carried, carried + branch, whole)]
        if NOTHING in (sizes[0], sizes[3]):
            return {}
        if sizes[1] == NOTHING:
            return {"residual_branch": sizes[3] - sizes[0]}  # nothing carried: all came through the branch
        parts = {"residual_shortcut": sizes[1] - sizes[0], "residual_branch": sizes[2] - sizes[1]}
        return parts if gate is None else {**parts, "residual_gate": sizes[3] - sizes[2]}

    def time_ledgers(self):
        """Those of every recurrent layer, direction by direction."""
        for path, layer, _ in self.case.places:
            if layer.family != "recurrent":
                continue
            x = self.input_of(path)
            p, g = self.parameters(path), self.tensors[f"grad_out/{path}"]
            for reverse in layer.directions:
                recorded = layer.recorded(x, g, p, reverse)
                self.same_time(f"time/{path}/" + ("reverse/" if reverse else ""), recorded)
                weight = p["weight_hh_l0" + ("_reverse" if reverse else "")]
                yield {"path": path, "reverse": reverse,
                       **time_ledger(layer, recorded, weight, layer.order(x.shape[1], reverse))}

    def input_of(self, path):
        """What the layer at a path of a chain gets: the output before it, or what its chain gets."""
        parent, _, index = path.rpartition(".")
        if int(index) > 0:
            return self.tensors[f"out/{parent + '.' if parent else ''}{int(index) - 1}"]
        return self.input_of(parent) if parent else self.tensors["x"]

    def same_time(self, prefix, recorded):
        saved = {name.removeprefix(prefix): value for name, value in self.tensors.items()
                 if name.startswith(prefix) and "/" not in name.removeprefix(prefix)}
        if saved.keys() != recorded.keys():
            self.problems.append(f"{prefix} has {sorted(saved)}, by the definition {sorted(recorded)}")
        for name in saved.keys() & recorded.keys():
            if not np.array_equal(np.isnan(saved[name]), np.isnan(recorded[name])):
                self.problems.append(f"{prefix}{name} is recorded at other time steps")
            self.same(prefix + name, np.nan_to_num(saved[name]), np.nan_to_num(recorded[name]))


def kept_size(values):
    """log2 rms as a record keeps it: rounded to 2^-10 of an octave (docs/time.md)."""
    log2 = log2_rms(values)
    return log2 if log2 == NOTHING else round(log2 * 1024) / 1024


def squares_added(a, b):
    """log2 of the root of the sum of the squares of 2^a and 2^b."""
    return max(a, b) if NOTHING in (a, b) else np.logaddexp2(2 * a, 2 * b) / 2


def time_ledger(layer, recorded, weight, order):
    """The books through time of one direction, `order` its time steps as it takes them."""
    size = {name: [kept_size(value) if not np.isnan(value).any() else math.nan for value in values]
            for name, values in recorded.items() if name.startswith("grad")}

    def to_cell(through):
        return size["grad_h_by_carry"][through] if layer.kind == "lstm" and through is not None else NOTHING

    def state(position):
        behind = order[position + 1] if position + 1 < len(order) else None
        return squares_added(size["grad_h"][order[position]], to_cell(behind))

    last = len(order) - 1
    while last > 0 and state(last) == NOTHING:  # steps that the loss does not see
        last -= 1
    ledger = {"last": order[last] if state(last) != NOTHING else -1, "log2_last": state(last), "total": 0.0,
              "kept": 0.0, "steps": [], "ends_at": -1, "ends_in_zero": False}
    for position in range(last, 0, -1):
        t, out, into = order[position], state(position), state(position - 1)
        if NOTHING in (out, into):
            break
        back = squares_added(size["grad_h_by_recurrence"][t], to_cell(t))
        ledger["steps"].append({"t": t, "log2_grad_out": out, "log2_grad_in": into, "log2_kept": back - out,
                                "parts": time_parts(layer, size, weight, t, out, back, into)})
        ledger["total"] = into - state(last)
        ledger["kept"] += back - out
    reached = last - len(ledger["steps"])
    if state(reached) == NOTHING or reached > 0:
        at = reached if state(reached) == NOTHING else reached - 1
        ledger.update(ends_at=order[at], ends_in_zero=True)
    return ledger


def time_parts(layer, size, weight, t, out, back, into):
    if back == NOTHING:
        return {"from_above": into - out}  # what is there is from above alone
    parts = {"from_above": into - back}
    if layer.kind == "rnn":
        blind = 0.5 * math.log2(layer.units) + log2_rms(weight)
        return {**parts, "activation_derivative": size["grad_z"][t] - out, "recurrent_weight_scale": blind,
                "recurrent_weight_alignment": back - size["grad_z"][t] - blind}
    carry = size["grad_h_by_carry"][t]
    if carry == NOTHING:
        return {**parts, "recurrence": back - out}  # the gate is shut: no direct way to compare with
    return {**parts, "gate_carry": carry - out, "gate_paths": back - carry}
