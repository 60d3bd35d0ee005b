# SPDX-License-Identifier: Apache-2.0
"""plumb in Hugging Face's Trainer: Trainer(..., callbacks=[plumb.transformers.Watch(run="exp1.plumb")])."""

from transformers import TrainerCallback

import plumb


class Watch(TrainerCallback):
    """Watches what is trained; options are those of plumb.watch. After train() the run is in `watch`."""

    def __init__(self, run=None, **options):
        self.run, self.options, self.watch = run, options, None

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **others):
        # Accelerate's wrapper of an optimiser calls the one within.
        optimizer = getattr(optimizer, "optimizer", optimizer)
        self.watch = plumb.watch(model, optimizer, run=self.run, **self.options)

    def on_evaluate(self, args, state, control, metrics=None, **others):
        if self.watch is not None and metrics and "eval_loss" in metrics:
            self.watch.log(validation_loss=metrics["eval_loss"])

    def on_train_end(self, args, state, control, **others):
        if self.watch is not None:
            self.watch.close()
