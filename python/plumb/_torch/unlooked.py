# SPDX-License-Identifier: Apache-2.0
"""Steps that go by unseen, where a budget has no room to look at each: they are counted, and have no record."""

import torch


class Unlooked:
    """The part of Steps that lets steps go by."""

    def begin_unlooked(self):
        self.unlooked = self.went_by = 0  # steps that are to go by unseen, and those that did so just now
        self.logged = {}  # in those, but for the loss: the next step that has a record has it too

    def let_go_by(self):
        """After a step, the coming ones, if the budget wants it and the optimiser alone counts them rightly."""
        if self.wanted or self.measure_next or len(self.optimizers) != 1 or self.scaler is not None:
            return
        if isinstance(self.optimizers[0], torch.optim.Optimizer):
            self.unlooked = self.pace.unlooked()

    def look_again(self):
        self.pace.went_by(self.went_by)
        self.went_by = 0
        self.wanted = self.pace.wants(self.step)
        self.session.time(self.wanted or self.pace.times())

    def log(self, numbers):
        """Of the open step, or of one that goes by."""
        if self.core.in_step:
            if "loss" in numbers:
                self.losses.is_told()
            self.core.set_metrics(numbers)
        elif self.unlooked or self.went_by:
            self.logged |= {name: number for name, number in numbers.items() if name != "loss"}

    # Around the update, by the optimiser's hooks.

    def before_step(self, optimizer):
        if not self.unlooked:
            self.begin_update(optimizer)

    def after_step(self, optimizer):
        if not self.unlooked:
            self.end_update(optimizer)
            return
        self.unlooked -= 1
        self.went_by += 1
        self.step += 1
