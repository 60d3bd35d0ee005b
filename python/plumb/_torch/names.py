# SPDX-License-Identifier: Apache-2.0
"""Paths for what has no module: by the parameters that it uses, or by where it stands and what it is."""


def path_of(op):
    return path_by_params(op.params) if op.family == "linear" and op.params else path_by_place(op)


def path_by_params(params):
    """"attn.in_proj_weight" is the linear layer attn.in_proj, "fc.weight" is fc."""
    parts = params[0].rpartition(".")
    for name in params:
        if name.endswith(("weight", ".kernel")):
            parts = name.rpartition(".")
    path, _, own = parts
    if own in ("weight", "bias", "kernel"):
        return path
    stem = own.removesuffix("_weight").removesuffix("_bias") or own
    return f"{path}.{stem}" if path else stem


def path_by_place(op):
    """The module that all it reads stands in, and what it is. A sum belongs where its branch ends."""
    reads = op.inputs[:1] if op.family == "residual" else op.inputs
    owners = [x.path.split("#")[0].rpartition(".")[0] for x in reads if x.family != "input"]
    common = []
    for words in zip(*(owner.split(".") for owner in owners)):
        if len(set(words)) > 1:
            break
        common.append(words[0])
    base = ".".join(w for w in common if w)
    return f"{base}.{op.kind}" if base else op.kind
