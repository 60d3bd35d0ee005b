# SPDX-License-Identifier: Apache-2.0
"""A remedy as a line or two of JAX, in the words of the library that the parameters are of: made from a finding's
facts, never from its sentences."""

import re

ACTIVATIONS = "relu leaky_relu elu selu gelu silu tanh softplus sigmoid".split()
ACTIVATIONS = {name: f"jax.nn.{name}" for name in ACTIVATIONS} | {"softsign": "jax.nn.soft_sign", "tanh": "jnp.tanh"}
#: How each library writes what is not the same in all.
NORMALISATION = {
    "linen": "x = nn.LayerNorm()(x)",
    "nnx": "self.norm = nnx.LayerNorm(features, rngs=rngs)  # and x = self.norm(x)",
    "equinox": "self.norm = eqx.nn.LayerNorm(features)  # and x = self.norm(x)",
    "": "x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)",
}


def library_of(params):
    """"linen", "nnx", "equinox" or "": by what the pytree of parameters is."""
    module = type(params).__module__
    if module.startswith("flax.nnx"):
        return "nnx"
    if any(kind.__module__.startswith("equinox") for kind in type(params).__mro__):
        return "equinox"
    if module.startswith("flax.core") or (hasattr(params, "keys") and "params" in params.keys()):
        return "linen"
    return ""


def expression(root, path):
    """"layers.0" as "model.layers[0]"."""
    text = root
    for part in path.split("#")[0].split("."):
        text += f"[{part}]" if part.isdigit() else f".{part}" if part.isidentifier() else f'["{part}"]'
    return text


def subscripts(root, path):
    """"fc.0.w" as params["fc"][0]["w"]."""
    return root + "".join(f"[{p}]" if p.isdigit() else f'["{p}"]' for p in path.split("#")[0].split("."))


def number(arguments, key, otherwise):
    value = arguments.get(key, otherwise)
    return value if isinstance(value, (int, float)) else otherwise


def initialiser(arguments):
    gain, scheme = number(arguments, "gain", None), arguments.get("scheme", "")
    of = "jax.nn.initializers"
    if scheme.startswith("he_") or (not scheme and gain is not None and abs(gain - 2**0.5) < 0.02):
        return f"{of}.he_{'uniform' if scheme.endswith('uniform') else 'normal'}", ""
    if scheme == "orthogonal":
        return f"{of}.orthogonal", "" if gain is None or abs(gain - 1) < 1e-6 else f"{gain:.4g}"
    if scheme.startswith(("glorot_", "xavier_")):
        how = "uniform" if scheme.endswith("uniform") else "truncated_normal"
        if gain is None or abs(gain - 1) < 1e-6:
            return f"{of}.glorot_{'uniform' if how == 'uniform' else 'normal'}", ""
        return f"{of}.variance_scaling", f'{gain * gain:.4g}, "fan_avg", "{how}"'
    if gain is not None:
        return f"{of}.variance_scaling", f'{gain * gain:.4g}, "fan_in", "truncated_normal"'
    return f"{of}.he_normal", ""


class Words:
    """library: as of library_of. weights: {path of a layer: {use: name of the parameter}}."""

    def __init__(self, library, weights):
        self.library, self.weights = library, weights

    def start(self, path, use, name, arguments):
        """The parameter of that use of a layer, or of all of them, started by an initialiser."""
        option = "kernel_init" if use == "weight" else "bias_init"
        if self.library in ("linen", "nnx"):
            kind = "the layer" if not path else path
            return f"{option}={name}({arguments})  # of {kind}, where it is made"
        if use == "weight" and self.library == "equinox":  # its weights are [out, in, places]
            axes = "in_axis=1, out_axis=0"
            arguments = f"{arguments}, {axes}" if arguments and "orthogonal" not in name else arguments or (
                axes if "orthogonal" not in name else ""
            )
        own = self.weights.get(path.split("#")[0], {}).get(use)
        if own is None:
            return f"{name}({arguments})(key, {use}.shape)  # the start of each {use}"
        if self.library == "equinox":
            leaf = expression("m", f"{path}.{own}" if own else path)
            return (
                f"model = eqx.tree_at(lambda m: {leaf}, model,\n"
                f"    {name}({arguments})(key, {leaf.replace('m', 'model', 1)}.shape))"
            )
        leaf = subscripts("params", f"{path}.{own}" if own else path)
        return f"{leaf} = {name}({arguments})(key, {leaf}.shape)"

    def rate(self, arguments):
        if arguments.get("because") == "it_is_summed":
            return "loss = losses.mean()  # not their sum"
        rate = number(arguments, "rate", None)
        return None if rate is None else f"optimizer = optax.sgd({rate:.2g})  # or the one that you have"

    def code_of(self, kind, arguments, path, weighted):
        """None where there is no line for it. path: of the layer, "" for the network; weighted: of the layer with
        weights that it is, or reads."""
        if kind in ("initialise", "random_weights", "orthogonal_start", "smaller_weights", "like_others"):
            if kind == "orthogonal_start":
                arguments = {"scheme": "orthogonal"}
            if kind in ("random_weights", "smaller_weights"):
                arguments = {"scheme": "glorot_normal", **arguments}
            return self.start(weighted, "weight", *initialiser(arguments))
        if kind == "set_bias":
            return self.start(weighted, "bias", "jax.nn.initializers.constant", f"{number(arguments, 'value', 0.0):.3g}")
        if kind == "replace_activation":
            by = ACTIVATIONS.get(str(arguments.get("activation", "")).split(" ")[0])
            if by is None:
                return None
            was = re.sub(r"_\d+$", "", path.rpartition(".")[2])
            return f"x = {by}(x)  # in the place of {was or 'the activations'}"
        if kind in ("lower_rate", "raise_rate"):
            return self.rate(arguments)
        simple = {
            "add_normalisation": NORMALISATION[self.library],
            "add_residual": "x = x + block(x)",
            "scale_branch": f"x = x + {number(arguments, 'scale', 0.1):.3g} * block(x)",
            "scale_inputs": "x = (x - x_train.mean(0)) / (x_train.std(0) + 1e-8)",
            "warm_up": "optimizer = optax.sgd(optax.warmup_constant_schedule(0.0, rate, 100))  # or the one that you have",
            "clip_norm": f"optimizer = optax.chain(optax.clip_by_global_norm({number(arguments, 'at', 1.0):.3g}), optimizer)",
            "adaptive_optimiser": "optimizer = optax.adamw(1e-3)",
            "lower_eps": "optimizer = optax.adam(rate, eps=1e-8)",
            "raise_eps": "optimizer = optax.adam(rate, eps=1e-6)",
            "loss_from_logits": "loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()  # of logits",
            "clean_data": "x = jnp.nan_to_num(x)",
        }
        return simple.get(kind)

    def code_for(self, finding, paths, weighted):
        """For each remedy of a finding. paths: of the layers, by id; weighted: see code_of, by id too."""
        return [
            self.code_of(r.kind, r.arguments, paths.get(r.layer, ""), weighted.get(r.layer, "")) for r in finding.remedies
        ]
