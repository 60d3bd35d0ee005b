# SPDX-License-Identifier: Apache-2.0
"""A Keras model on its PyTorch backend, as a watch sees it.

Its layers are modules of torch, but no parts of their model's module, and their variables have names of
their own: Parts gives both the names that Keras has for them. A layer with an activation of its own
(Dense(8, "relu")) is two layers: what it computes, read from autograd's graph, and the activation, which
stands in a module for as long as a measured forward pass lasts.
"""


import keras
import torch

from . import families
from .op import Layout
from .shapes import as_torch_has_it

L = keras.layers
LINEAR = (L.Dense, L.EinsumDense, L.Conv1D, L.Conv2D, L.Conv3D, L.Conv1DTranspose, L.Conv2DTranspose, L.DepthwiseConv2D)
FAMILIES = (
    ("embedding", (L.Embedding,)),
    ("normalisation", (L.BatchNormalization, L.LayerNormalization, L.GroupNormalization, L.UnitNormalization)),
    ("dropout", (L.Dropout, L.SpatialDropout1D, L.SpatialDropout2D, L.AlphaDropout, L.GaussianDropout, L.GaussianNoise)),
    ("pooling", (L.MaxPooling1D, L.MaxPooling2D, L.AveragePooling1D, L.AveragePooling2D, L.GlobalAveragePooling1D,
                 L.GlobalAveragePooling2D, L.GlobalMaxPooling1D, L.GlobalMaxPooling2D)),
    ("shape", (L.Flatten, L.Reshape, L.Permute, L.ZeroPadding2D, L.Rescaling)),
    ("other", (L.RNN, L.LSTM, L.GRU, L.SimpleRNN, L.Bidirectional, L.Softmax, L.UpSampling2D)),
)
#: Keras' functions by name, as the network language calls them; others are activations without a name.
FUNCTIONS = {
    "relu": "relu", "relu6": "relu6", "tanh": "tanh", "sigmoid": "sigmoid", "silu": "silu", "swish": "silu",
    "gelu": "gelu", "selu": "selu", "elu": "elu 1", "softplus": "softplus", "softsign": "softsign", "mish": "mish",
    "leaky_relu": "leaky_relu 0.2", "hard_tanh": "hardtanh -1 1", "exponential": "exponential",
}
#: Layers that are an activation.
ACTIVATIONS = {
    L.ReLU: lambda m: "relu" if m.max_value is None and not m.negative_slope and not m.threshold else "",
    L.LeakyReLU: lambda m: f"leaky_relu {m.negative_slope:g}",
    L.ELU: lambda m: f"elu {m.alpha:g}",
    L.PReLU: lambda m: "",
}


def function_of(layer):
    """The activation of a layer by its name, "" where it has none."""
    own = getattr(layer, "activation", None)
    name = "" if own is None else getattr(own, "__name__", type(own).__name__)
    return "" if name == "linear" else name


def activation_family(name):
    return ("other", "softmax") if name == "softmax" else ("activation", FUNCTIONS.get(name, ""))


class Activation(torch.nn.Module):
    """The activation within a layer, as a module that hooks can stand on."""

    def __init__(self, layer):
        super().__init__()
        # None of its parts: it has no parameters.
        self.__dict__.update(layer=layer, own=layer.activation, name=function_of(layer))

    def forward(self, x):
        return self.own(x)


class Variables(torch.nn.Module):
    """The variables of a layer, by their own names."""

    def __init__(self, layer):
        super().__init__()
        for variable in layer._trainable_variables:
            self.register_parameter(variable.name, variable.value)


class Known:
    """What families and shapes ask about modules that are none of torch.nn."""

    @staticmethod
    def family_of(module):
        if isinstance(module, Activation):
            return activation_family(module.name)
        if not isinstance(module, L.Layer):
            return None
        if isinstance(module, LINEAR):
            return None if function_of(module) else ("linear", "")
        if type(module) is L.Activation:
            return activation_family(function_of(module))
        if type(module) in ACTIVATIONS:
            return "activation", ACTIVATIONS[type(module)](module)
        for family, kinds in FAMILIES:
            if isinstance(module, kinds):
                return family, "softmax" if isinstance(module, L.Softmax) else ""
        return None

    @staticmethod
    def layout_of(module):
        layer = module.layer if isinstance(module, Activation) else module
        if not isinstance(layer, L.Layer):
            return None
        first = getattr(layer, "data_format", None) == "channels_first"
        return Layout.channels_first if first else Layout.rows

    @staticmethod
    def weight_shape(module):
        """As torch has it: outputs, inputs, places."""
        kernel = getattr(module, "kernel", None) if isinstance(module, LINEAR) else None
        return None if kernel is None else as_torch_has_it("kernel", tuple(kernel.shape))

    @staticmethod
    def text_of(module):
        layer = module.layer if isinstance(module, Activation) else module
        if not isinstance(layer, L.Layer):
            return None
        if isinstance(module, Activation):
            return module.name
        if type(layer) is L.Activation:
            return function_of(layer)
        size = getattr(layer, "units", getattr(layer, "filters", ""))
        return f"{type(layer).__name__}({size})"


class Parts:
    """In the place of the model, for names, parameters and hooks."""

    image_layout = Layout.rows

    def __init__(self, model):
        families.further = Known
        self.model, self.layers, self.activations = model, [], []
        if keras.config.image_data_format() == "channels_first":
            self.image_layout = Layout.channels_first
        root = model.name + "/"
        for layer in model._flatten_layers(include_self=False):
            name = (layer.path or layer.name).removeprefix(root).replace("/", ".")
            variables = Variables(layer)
            self.layers.append((name, layer, variables))
            if isinstance(layer, LINEAR) and function_of(layer):
                kind = type(function_of(layer).capitalize(), (Activation,), {})
                self.activations.append((f"{name}.{function_of(layer)}", kind(layer)))

    def named_modules(self):
        yield "", self.model
        for name, layer, variables in self.layers:
            yield name, layer
            if variables._parameters:
                yield name, variables
        yield from self.activations

    def modules(self):
        return (module for _, module in self.named_modules())

    def named_parameters(self):
        seen = set()
        for name, _, variables in self.layers:
            for own, parameter in variables._parameters.items():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield f"{name}.{own}", parameter

    def parameters(self):
        return (parameter for _, parameter in self.named_parameters())

    def watch_forward(self):
        """The activations stand in modules while the model computes. Returns the handles."""

        def begin(*_):
            for _, module in self.activations:
                object.__setattr__(module.layer, "activation", module)

        def end(*_):
            for _, module in self.activations:
                object.__setattr__(module.layer, "activation", module.own)

        return [
            self.model.register_forward_pre_hook(begin),
            self.model.register_forward_hook(end, always_call=True),
        ]


class _Handle:
    def __init__(self, to, call):
        self.to, self.call = to, call

    def remove(self):
        if self.call in self.to:
            self.to.remove(self.call)


def optimiser_of(model):
    """The model's optimiser in the form of one of torch's: groups of parameters, and hooks around a step."""
    keras_optimizer = model.optimizer
    inner = getattr(keras_optimizer, "inner_optimizer", keras_optimizer)  # of one that scales the loss

    def number(name):
        value = getattr(inner, name, None)
        return float(value) if isinstance(value, (int, float)) else None

    betas = (number("beta_1"), number("beta_2"))
    group = {
        "params": [variable.value for variable in model.trainable_variables],
        "momentum": number("momentum"),
        "eps": number("epsilon"),
        "weight_decay": number("weight_decay"),
        "nesterov": bool(getattr(inner, "nesterov", False)),
        "betas": betas if None not in betas else None,
        "alpha": number("rho") or 0.99,
    }

    class Adapter:
        before, after = [], []

        @property
        def param_groups(self):
            return [{**group, "lr": float(keras_optimizer.learning_rate)}]

        def register_step_pre_hook(self, call):
            self.before.append(call)
            return _Handle(self.before, call)

        def register_step_post_hook(self, call):
            self.after.append(call)
            return _Handle(self.after, call)

        def step(self, *arguments, **options):
            for call in list(self.before):
                call(self, arguments, options)
            original(*arguments, **options)
            for call in list(self.after):
                call(self, arguments, options)

        def remove(self):
            keras_optimizer.__dict__.pop("apply", None)

    Adapter.__name__ = type(inner).__name__
    original = keras_optimizer.apply
    adapter = Adapter()
    object.__setattr__(keras_optimizer, "apply", adapter.step)
    return adapter
