#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PyTorch training that does not learn, cured: what was changed, as code, and the proof by fresh trainings."""

import torch
from torch import nn

import plumb

data = torch.Generator().manual_seed(0)
centres = torch.randn(4, 32, generator=data)
y = torch.randint(0, 4, (600,), generator=data)
x = centres[y] + 0.8 * torch.randn(600, 32, generator=data)


def make_model(seed):
    layers = []
    for _ in range(10):
        layers += [nn.Linear(32, 32), nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(32, 4))


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(60):
        batch = torch.randint(0, 500, (32,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        return (model(x[500:]).argmax(1) == y[500:]).float().mean()


cure = plumb.cure(make_model, train, higher_is_better=True, budget=40, proof_seeds=4)
print(cure)
model = cure.apply(make_model(0))
