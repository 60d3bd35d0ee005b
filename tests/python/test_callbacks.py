# SPDX-License-Identifier: Apache-2.0
"""The callbacks of trainers, with the package where it is installed, else with a trainer of the same calls."""

import os
import sys
import tempfile
import types
import unittest

import models
import torch
import torch.nn as nn
import torch.nn.functional as F


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def installed(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def stand_in(name, **classes):
    """A module of that name, with empty base classes, for as long as the tests run."""
    parts = name.split(".")
    for i in range(len(parts)):
        path = ".".join(parts[: i + 1])
        sys.modules.setdefault(path, types.ModuleType(path))
    vars(sys.modules[name]).update(classes)


if not installed("lightning"):
    stand_in("lightning.pytorch.callbacks", Callback=type("Callback", (), {}))
if not installed("transformers"):
    stand_in("transformers", TrainerCallback=type("TrainerCallback", (), {}))

import plumb.lightning  # noqa: E402
import plumb.transformers  # noqa: E402


class Parts(nn.Module):
    """As a LightningModule: it has parts, and is itself never called."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(16, 8), nn.Tanh()), nn.Linear(8, 5)

    def training_step(self, batch):
        x, y = batch
        return F.cross_entropy(self.head(self.body(x)), y)


class Callbacks(unittest.TestCase):
    def test_lightning(self):
        model, callback = Parts(), plumb.lightning.Watch(run=file(), record="every=1")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        trainer = types.SimpleNamespace(optimizers=[optimizer], callback_metrics={"val_loss": torch.tensor(0.5)})
        callback.on_fit_start(trainer, model)
        for i in range(3):
            batch = models.rows()
            callback.on_train_batch_start(trainer, model, batch, i)
            loss = model.training_step(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        callback.on_validation_end(trainer, model)
        callback.on_fit_end(trainer, model)
        run = callback.watch.run()
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1])
        self.assertEqual(len(run.find("body.0", "grad_z")), 3)
        self.assertEqual(len(run.find("head.weight", "update")), 3)
        self.assertEqual({layer["path"]: layer["inputs"] for layer in run.layers}["body.0"], ["input"])

    def test_transformers(self):
        model, callback = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 5)), plumb.transformers.Watch(run=file(), record="every=1")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        wrapped = types.SimpleNamespace(optimizer=optimizer)
        callback.on_train_begin(None, None, None, model=model, optimizer=wrapped)
        for _ in range(3):
            x, y = models.rows()
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        callback.on_evaluate(None, None, None, metrics={"eval_loss": 0.25})
        callback.on_train_end(None, None, None)
        run = callback.watch.run()
        self.assertEqual(list(run.steps["measured"]), [1, 1, 1])
        self.assertEqual(len(run.find("0.weight", "update")), 3)


if __name__ == "__main__":
    unittest.main()
