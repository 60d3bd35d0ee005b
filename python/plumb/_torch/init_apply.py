# SPDX-License-Identifier: Apache-2.0
"""plumb.init_ for PyTorch: the start that theory and one measured batch ask for, in place."""

from __future__ import annotations

import math

import torch

from . import families
from .init_draw import generator, is_delta, normal, orthogonal_weight, put
from .init_kept import is_fresh, is_well_started
from .init_kinds import attention, embedding, normalisation, recurrent
from .init_places import call, find, inputs_of, materialise, measured_mode
from .init_report import InitChange, InitLeft, InitReport
from .init_scale import Scale, Theory, filled
from .untouched import untouched
from .wrappers import inner

RESIDUALS = ("auto", "zero", "scale", "keep")


class Start:
    """One call of init_: what it knows while it goes through the model."""

    def __init__(self, model, inputs, orthogonal, residual, forget_bias, seed, forward):
        self.model, self.inputs, self.forward = model, inputs, forward
        self.orthogonal, self.residual, self.forget_bias, self.seed = orthogonal, residual, forget_bias, seed
        self.changed, self.left, self.notes = {}, {}, []
        self.names, self.owners, self.before = {}, {}, {}
        for module_name, module in model.named_modules():
            for own, parameter in module._parameters.items():
                if parameter is None:
                    continue
                name = f"{module_name}.{own}" if module_name else own
                self.names.setdefault(id(parameter), name)
                self.owners.setdefault(id(parameter), []).append((module, own))
        self.theory, self.lengths, self.has_kept = Theory(), {}, False

    # Parameters.

    def name(self, parameter):
        return self.names[id(parameter)]

    def is_done(self, parameter):
        name = self.name(parameter)
        return name in self.changed or name in self.left

    def may_change(self, parameter):
        """False, and said why, for what is not to be touched."""
        if parameter is None or self.is_done(parameter):
            return False
        if not parameter.requires_grad:
            self.leave(parameter, "it is frozen")
        elif not parameter.is_floating_point():
            self.leave(parameter, f"it is of {str(parameter.dtype).removeprefix('torch.')}")
        else:
            return True
        return False

    def has_free_bias(self, bias):
        return bias is not None and bias.requires_grad and not self.is_done(bias)

    def leave(self, parameter, why):
        if parameter is not None and not self.is_done(parameter):
            self.left[self.name(parameter)] = InitLeft(self.name(parameter), why)

    def draw(self, parameter, kind, value, why, gain=None, code=""):
        """Gives a parameter its values, once."""
        name = self.name(parameter)
        before = parameter.detach().double()
        self.before[name] = float(before.std(unbiased=False)) if parameter.numel() else 0.0
        if kind in ("zeros", "ones") and bool((before == (0.0 if kind == "zeros" else 1.0)).all()):
            self.leave(parameter, f"it is all {kind} already")
            return
        put(parameter, value)
        self.changed[name] = InitChange(name, kind, self.std(parameter), self.before[name], gain, None, why, code)

    @staticmethod
    def std(parameter):
        return float(parameter.detach().double().std(unbiased=False)) if parameter.numel() else 0.0

    def fill(self, parameter, value, why):
        if self.may_change(parameter):
            kind = "ones" if value else "zeros"
            self.draw(parameter, kind, torch.full(parameter.shape, float(value)), why, code=f"nn.init.{kind}_(PARAMETER)")

    def source(self, parameter, part=""):
        return generator(self.seed, self.name(parameter) + part)

    # The whole.

    def run(self):
        lazy = materialise(self.model, self.inputs, self.forward, self.seed)
        if lazy:
            self.__init__(
                self.model, self.inputs, self.orthogonal, self.residual, self.forget_bias, self.seed, self.forward
            )
            self.notes.append(f"{lazy} lazy modules got their shapes from the batch")
        kept = [(p, p.detach().clone()) for p in self.model.parameters()]
        try:
            self.places = find(self.model, self.inputs, self.forward)
            self._draw_all()
            self._measure()
            self._fill_code()
        except BaseException:
            with torch.no_grad():
                for parameter, value in kept:
                    parameter.copy_(value)
            raise
        for module in self.model.modules():
            if getattr(module, "track_running_stats", False) and hasattr(module, "reset_running_stats"):
                if any(self.name(p) in self.changed for p in self.model.parameters()):
                    module.reset_running_stats()
        order = [self.name(p) for p in self.model.parameters()]
        return InitReport(
            [self.changed[n] for n in order if n in self.changed],
            [self.left[n] for n in order if n in self.left],
            self.notes,
        )

    def _draw_all(self):
        self.scales = {}  # {module: Scale}, for the measured batch
        modules = list(self.model.modules())
        made = [m for m in modules if getattr(m, "parametrizations", None) or hasattr(m, "weight_g")]
        made += [m for m in modules if any(type(h).__name__ in ("SpectralNorm", "WeightNorm") for h in m._forward_pre_hooks.values())]
        for module in made:
            for parameter in module.parameters():
                self.leave(parameter, "its weight is made of others (a parametrisation)")
        attentions = [m for m in modules if isinstance(m, torch.nn.MultiheadAttention)]
        for module in attentions:
            attention(self, module)
        for module in modules:
            if isinstance(module, families.EMBEDDING):
                embedding(self, module)
        for module in modules:
            if isinstance(module, families.LINEAR) and not any(module is a.out_proj for a in attentions):
                self._linear_module(module)
            elif isinstance(module, (*families.RECURRENT, torch.nn.RNNCellBase)):
                recurrent(self, module)
            elif isinstance(module, families.NORMALISATION):
                normalisation(self, module)
            elif isinstance(module, torch.nn.PReLU):
                self.leave(module.weight, "the slope of an activation, as it was")
        self._functions()
        for parameter in self.model.parameters():
            if not parameter.requires_grad:
                self.leave(parameter, "it is frozen")
            self.leave(parameter, self._why_left(parameter))

    def _why_left(self, parameter):
        name = self.name(parameter)
        if name not in self.places.by_param and not any(m in self.places.shapes for m, _ in self.owners[id(parameter)]):
            return "the batch does not reach it"
        kind = type(self.owners[id(parameter)][0][0])
        if kind.__module__.startswith("torch.nn") and not kind.__module__.endswith("container"):
            return f"no rule for {kind.__name__}"
        return f"{kind.__name__}'s own: what it does is not known"

    # Linear layers.

    def _op_of(self, module):
        """The layer of its first call; of the second, where that reads nothing of the network yet (a recurrence
        that is written out)."""
        path = self.places.graph.names.get(id(module))
        first, second = (self.places.graph.by_path.get(p) for p in (path, f"{path}#2"))
        if first is None or second is None:
            return first
        reads = [op.inputs[0].family if op.inputs else "input" for op in (first, second)]
        return second if reads[0] == "input" != reads[1] else first

    def _linear_module(self, module):
        weight = module.weight
        if id(weight) not in self.names:  # made by a hook
            return
        fan_in = weight[0].numel()
        if isinstance(module, families.TRANSPOSED):
            stride = math.prod(module.stride)
            fan_in = max(1, module.in_channels // module.groups * math.prod(module.kernel_size) // stride)
        elif weight.dim() > 2:
            fan_in = module.in_channels // module.groups * math.prod(module.kernel_size)
        op = self._op_of(module)
        if op is None:
            for parameter in module.parameters(recurse=False):
                self.leave(parameter, "the batch does not reach it" if module not in self.places.shapes else "it is in no graph")
            return
        is_plain = not isinstance(module, families.TRANSPOSED) and getattr(module, "groups", 1) == 1
        scale = self._linear(op, weight, module.bias, fan_in, is_plain, is_measured=True)
        if scale is not None:
            self.scales[module] = scale

    def _linear(self, op, weight, bias, fan_in, is_plain, turned=False, is_measured=False):
        """Draws one linear layer. Returns its Scale, None where the batch has nothing to correct."""
        place = self.places.of(op)
        scale = Scale(self, op, place, fan_in, weight, bias, is_measured)
        may = self.may_change(weight)
        if op in self.places.ends and self.residual in ("auto", "zero") and may:
            self.fill(weight, 0.0, "the branch ends here: the block is the identity at the start")
            self.fill(bias, 0.0, "")
            return None
        if not may:
            self._bias(scale, bias, "its weight is left")
            return None
        if self._is_kept(scale, fan_in):
            why = "the last layer of a network that is well started" if place.is_output else "a fresh normalisation stands behind"
            self.leave(weight, f"{why}, and it is as good as any draw")
            self.leave(bias, why)
            self.has_kept = True
            return None
        std = scale.std()
        if self.orthogonal and is_plain and weight.dim() >= 2:
            value = orthogonal_weight(weight.t().shape if turned else weight.shape, self.source(weight))
            value = (value.t() if turned else value) * (std * math.sqrt(fan_in))
            kind, code = "orthogonal", "nn.init.orthogonal_(PARAMETER, gain=GAIN)"
            if is_delta(weight.shape):
                code = "nn.init.zeros_(PARAMETER); nn.init.orthogonal_(PARAMETERDELTA, gain=GAIN)"
        else:
            value = normal(weight.shape, std, self.source(weight))
            kind, code = "normal", "nn.init.normal_(PARAMETER, std=STD)"
        self.draw(weight, kind, value, scale.why(), scale.gain, code)
        self._bias(scale, bias, scale.bias_why())
        return None if scale.is_normalised else scale

    def _is_kept(self, scale, fan_in):
        """In front of a normalisation that is fresh nothing but direction and speed are a weight's own. The last layer
        goes with the others: where all of them were left, it has nothing new to read."""
        if self.orthogonal or not (scale.is_normalised or scale.place.is_output) or not is_well_started(scale.weight, fan_in):
            return False
        if scale.place.is_output and not scale.is_normalised:
            return self.has_kept and not self.changed
        modules = {self.places.graph.names[id(m)]: m for m in self.model.modules() if id(m) in self.places.graph.names}
        return all(is_fresh(modules.get(op.path)) for op in self.places.normalisations_behind(scale.op))

    def _bias(self, scale, bias, why):
        if bias is None or not self.may_change(bias):
            return
        if scale.bias_std > 0:
            value = normal(bias.shape, scale.bias_std, self.source(bias))
            self.draw(bias, "normal", value, why, code=f"nn.init.normal_(PARAMETER, std={scale.bias_std:.3g})")
        else:
            self.fill(bias, 0.0, why)

    def _functions(self):
        """Weights that functions use: F.linear(x, self.weight), x @ self.weight."""
        for name, layout in self.places.layouts.items():
            parameter = next((p for p in self.model.parameters() if self.name(p) == name), None)
            ops = [op for op in self.places.by_param.get(name, []) if op.family == "linear" and not op.is_module]
            if parameter is None or self.is_done(parameter) or not ops:
                continue
            biases = [n for n in ops[0].params if n != name]
            bias = next((p for p in self.model.parameters() if self.name(p) in biases and p.dim() == 1), None)
            turned = layout == "in_out"
            fan_in = parameter.shape[0] if turned else parameter[0].numel()
            self._linear(ops[0], parameter, bias, fan_in, parameter.dim() == 2, turned)
            if name in self.changed:
                self.changed[name] = filled(self.changed[name], parameter)

    def _fill_code(self):
        """Of what the batch had nothing to correct: in front of a normalisation, say, or never called."""
        for parameter in self.model.parameters():
            change = self.changed.get(self.name(parameter))
            if change is not None and any(word in change.code for word in ("STD", "GAIN", "DELTA")):
                self.changed[change.name] = filled(change, parameter)

    # The measured batch.

    def _measure(self):
        handles = [m.register_forward_hook(s.on_call) for m, s in self.scales.items()]
        try:
            with torch.no_grad(), measured_mode(self.model), untouched(self.model):
                call(self.model, self.inputs, self.forward)
        finally:
            for handle in handles:
                handle.remove()
        for scale in self.scales.values():
            scale.tell()


def init(model, batch, orthogonal, residual, forget_bias, seed, forward):
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"init_: model is a {type(model).__name__}, expected a torch.nn.Module")
    if residual not in RESIDUALS:
        raise ValueError(f"init_: residual is {residual!r}, expected one of {', '.join(RESIDUALS)}")
    if not (forget_bias is None or forget_bias == "chrono" or isinstance(forget_bias, (int, float))):
        raise ValueError(f"init_: forget_bias is {forget_bias!r}, expected a number, 'chrono' or None")
    model = inner(model)
    return Start(model, batch if forward else inputs_of(batch), orthogonal, residual, forget_bias, seed, forward).run()
