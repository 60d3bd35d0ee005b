# SPDX-License-Identifier: Apache-2.0
"""The losses of a step, which backward() is called on, and what the best constant answer reaches."""

import math

import torch

from .constant_answer import ConstantAnswer


class SeenLosses:
    """Of the step that is open, and of all steps what the best constant answer reaches."""

    def __init__(self, core):
        self.core, self.constant = core, ConstantAnswer()
        self.losses = []  # (number, or a tensor elsewhere that is fetched when the step ends; loss scale); None: it is told

    def begin(self):
        self.losses = []

    def is_told(self):
        """log() says what the loss of the open step is."""
        self.losses = None

    def see(self, roots, scale):
        """roots: what backward() is called on; scale: of a GradScaler. Whether all that is here is finite."""
        is_finite = True
        for root in roots if self.losses is not None else ():
            if torch.is_tensor(root) and root.numel() == 1:
                self.constant.see(root, is_first=not self.losses)
                is_here = root.device.type == "cpu"
                self.losses.append((root.item() if is_here else root.detach().clone(), scale))
                is_finite = is_finite and (not is_here or math.isfinite(self.losses[-1][0]))
        return is_finite

    def metrics(self):
        """The sum, for Watcher.set_metrics."""
        return {"loss": sum(float(loss) / scale for loss, scale in self.losses)} if self.losses else {}

    def tell_baseline(self):
        """What the best constant answer reaches, where the targets so far say it."""
        baseline = self.constant.baseline()
        if baseline is not None:
            self.core.set_baseline(*baseline)
