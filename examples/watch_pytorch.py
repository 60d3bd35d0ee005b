#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PyTorch training that does not learn, watched: what is wrong, and the line that mends it."""

import torch
from torch import nn

import plumb

torch.manual_seed(0)
layers = []
for _ in range(16):
    layers += [nn.Linear(32, 32), nn.Sigmoid()]
model = nn.Sequential(*layers, nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
centres = torch.randn(4, 32)

with plumb.watch(model, optimizer, run="sigmoid.plumb", steps=40) as w:
    for _ in range(40):
        y = torch.randint(0, 4, (64,))
        x = centres[y] + 0.3 * torch.randn(64, 32)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

diagnosis = w.diagnose()
print(diagnosis)
worst = diagnosis[0]
print(f"{worst.rule} at {worst.where}, because of {worst.cause}")
