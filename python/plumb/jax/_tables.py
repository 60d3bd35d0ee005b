# SPDX-License-Identifier: Apache-2.0
"""What JAX's primitives do to a gradient: tables of names, no rules."""

#: Pass a tensor on, in another shape, order or type.
PLUMBING = set(
    "reshape transpose broadcast_in_dim convert_element_type squeeze expand_dims slice dynamic_slice rev copy "
    "copy_p stop_gradient reduce_precision split optimization_barrier pad sharding_constraint mesh_cast reshard "
    "pvary pcast".split()
)
LINEAR = {"dot_general", "conv_general_dilated", "ragged_dot", "ragged_dot_general"}
GATHER = {"gather", "take"}
ADD = {"add", "sub", "add_any"}
REDUCTIONS = {"reduce_sum", "reduce_max", "reduce_window_sum", "reduce_window_max", "reduce_window", "reduce_window_max_p"}
#: Of one operand, element by element: the text of the function.
ACTIVATION_PRIMITIVES = {"tanh": "tanh", "logistic": "sigmoid"}
#: Functions of jax.nn, by the name that they are compiled under.
ACTIVATION_FUNCTIONS = {
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "elu": "elu 1",
    "leaky_relu": "leaky_relu 0.01",
    "softplus": "softplus",
    "soft_sign": "softsign",
    "selu": "selu",
    "celu": "celu 1",
    "mish": "mish",
    "hard_tanh": "hardtanh -1 1",
    "hard_swish": "hardswish",
    "tanh": "tanh",
}
#: Activations that are no function of their own: what they are made of, and what may stand beside.
WRITTEN_OUT = (
    ("gelu approximate=tanh", {"integer_pow", "tanh", "mul", "add"}, {"convert_element_type"}),
    ("gelu", {"erf", "mul"}, {"add", "div", "convert_element_type"}),
    ("gelu", {"erfc", "mul"}, {"neg", "div", "convert_element_type"}),
)
#: Parameters by their own name.
USES = {"kernel": "weight", "weight": "weight", "embedding": "weight", "bias": "bias", "scale": "scale"}
