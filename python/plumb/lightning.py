# SPDX-License-Identifier: Apache-2.0
"""plumb in Lightning: Trainer(callbacks=[plumb.lightning.Watch(run="exp1.plumb")])."""

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    from pytorch_lightning.callbacks import Callback

import plumb


class Watch(Callback):
    """Watches what is fitted; options are those of plumb.watch. After fit() the run is in `watch`.

    A LightningModule is not called as a module, so a step begins with its batch.
    """

    def __init__(self, run=None, **options):
        self.run, self.options, self.watch = run, options, None

    def on_fit_start(self, trainer, pl_module):
        self.watch = plumb.watch(pl_module, list(trainer.optimizers), run=self.run, **self.options)

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if self.watch is not None:
            self.watch.begin_pass(batch)

    def on_validation_end(self, trainer, pl_module):
        if self.watch is not None and "val_loss" in trainer.callback_metrics:
            self.watch.log(validation_loss=float(trainer.callback_metrics["val_loss"]))

    def on_exception(self, trainer, pl_module, exception):
        if self.watch is not None:
            self.watch.close(f"stopped by {type(exception).__name__}: {exception}")

    def on_fit_end(self, trainer, pl_module):
        if self.watch is not None:
            self.watch.close()
