#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb in Lightning: a deep sigmoid network is fitted, watched by a callback."""

import lightning
import torch
import torch.nn as nn

import plumb.lightning


class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        layers = [part for _ in range(16) for part in (nn.Linear(16, 16), nn.Sigmoid())]
        self.net = nn.Sequential(*layers, nn.Linear(16, 4))

    def training_step(self, batch, index):
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


torch.manual_seed(0)
labels = torch.randint(0, 4, (256,))
data = torch.utils.data.TensorDataset(torch.randn(256, 16) + labels[:, None], labels)
callback = plumb.lightning.Watch(run="watch_lightning.plumb")
trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False)
trainer.fit(Net(), torch.utils.data.DataLoader(data, batch_size=32))
print(callback.watch.diagnose())
