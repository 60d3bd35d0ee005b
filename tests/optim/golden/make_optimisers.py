#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes optimisers.json beside this file: six steps of torch.optim in double for every option."""

import json
import pathlib

import torch

torch.manual_seed(2)
SIZE, STEPS, RATE = 5, 6, 0.05
START = torch.randn(SIZE, dtype=torch.float64)
GRADS = torch.randn(STEPS, SIZE, dtype=torch.float64)


def case(config, make):
    value = START.clone().requires_grad_()
    optimiser = make([value])
    values = []
    for grad in GRADS:
        value.grad = grad.clone()
        optimiser.step()
        values.append(value.detach().tolist())
    return {"config": config, "values": values}


def sgd(**config):
    return case({"name": "sgd", **config}, lambda p: torch.optim.SGD(p, RATE, **config))


def rmsprop(rho=0.99, **config):
    make = lambda p: torch.optim.RMSprop(p, RATE, alpha=rho, **config)
    return case({"name": "rmsprop", "rho": rho, **config}, make)


def adam(name, kind, beta1=0.9, beta2=0.999, **config):
    make = lambda p: kind(p, RATE, betas=(beta1, beta2), **config)
    return case({"name": name, "beta1": beta1, "beta2": beta2, **config}, make)


cases = [
    sgd(),
    sgd(weight_decay=0.1),
    sgd(momentum=0.9),
    sgd(momentum=0.9, nesterov=True),
    sgd(momentum=0.8, nesterov=True, weight_decay=0.05),
    rmsprop(),
    rmsprop(rho=0.9, eps=1e-3, weight_decay=0.1),
    rmsprop(momentum=0.7),
    adam("adam", torch.optim.Adam),
    adam("adam", torch.optim.Adam, weight_decay=0.1),
    adam("adam", torch.optim.Adam, beta1=0.8, beta2=0.95, eps=1e-3),
    adam("adamw", torch.optim.AdamW, weight_decay=0.01),
    adam("adamw", torch.optim.AdamW, beta1=0.5, weight_decay=0.5),
]
golden = {
    "torch": torch.__version__,
    "learning_rate": RATE,
    "start": START.tolist(),
    "grads": GRADS.tolist(),
    "cases": cases,
}
path = pathlib.Path(__file__).with_name("optimisers.json")
path.write_text(json.dumps(golden, indent=0) + "\n")
