#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes losses.json beside this file: values and gradients of the losses by PyTorch in double."""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(1)
BATCH, OUTPUTS = 4, 5


def case(name, y, target, labels, loss):
    y = y.clone().requires_grad_()
    value = loss(y)
    value.backward()
    return {
        "loss": name,
        "y": y.detach().flatten().tolist(),
        "values": target.flatten().tolist() if target is not None else [],
        "labels": labels.tolist() if labels is not None else [],
        "value": value.item(),
        "grad_y": y.grad.flatten().tolist(),
    }


cases = []
for scale in (1.0, 30.0):
    y = scale * torch.randn(BATCH, OUTPUTS, dtype=torch.float64)
    t = torch.rand(BATCH, OUTPUTS, dtype=torch.float64)
    labels = torch.tensor([0, 4, 2, 2])
    one_hot = F.one_hot(labels, OUTPUTS).double()
    bce = lambda y, t: F.binary_cross_entropy_with_logits(y, t, reduction="sum") / BATCH
    mse = lambda y, t: 0.5 * F.mse_loss(y, t, reduction="sum") / BATCH
    cases += [
        case("cross_entropy", y, None, labels, lambda y: F.cross_entropy(y, labels)),
        case("binary_cross_entropy", y, t, None, lambda y: bce(y, t)),
        case("binary_cross_entropy", y, None, labels, lambda y: bce(y, one_hot)),
        case("mse", y, t, None, lambda y: mse(y, t)),
        case("mse", y, None, labels, lambda y: mse(y, one_hot)),
        case("difference", y, t, None, lambda y: (y - t).sum() / BATCH),
    ]

golden = {"torch": torch.__version__, "batch": BATCH, "outputs": OUTPUTS, "cases": cases}
pathlib.Path(__file__).with_name("losses.json").write_text(json.dumps(golden, indent=0) + "\n")
