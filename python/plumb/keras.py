# SPDX-License-Identifier: Apache-2.0
"""plumb in Keras 3, on its PyTorch and its JAX backend: model.fit(..., callbacks=[plumb.keras.Watch(run="exp1.plumb")])."""

import keras

import plumb


class Watch(keras.callbacks.Callback):
    """Watches what is fitted; options are those of plumb.watch. After fit() the run is in `watch`.

    Errors: RuntimeError on another backend than PyTorch's and JAX's.
    """

    def __init__(self, run=None, **options):
        super().__init__()
        self.run, self.options, self.watch = run, options, None
        self._undo = []

    def on_train_begin(self, logs=None):
        backend = keras.backend.backend()
        if backend not in ("torch", "jax"):
            raise RuntimeError(f"plumb.keras: the backend is {backend}, expected torch or jax")
        (self._watch_torch if backend == "torch" else self._watch_jax)(self.model)

    def _watch_torch(self, model):
        from plumb._torch.keras_parts import Parts, optimiser_of
        from plumb._torch.watch import Watch as TorchWatch

        parts, optimizer = Parts(model), optimiser_of(model)
        self._undo = [optimizer.remove]
        self.watch = TorchWatch(model, optimizer, self.run, parts=parts, **self.options)
        self.watch._code = lambda finding: [code_of(r) for r in finding.remedies]
        self._undo += [handle.remove for handle in parts.watch_forward()]

    def _watch_jax(self, model):
        import plumb.jax

        names = [v.path.removeprefix(model.name + "/").replace("/", ".") for v in model.trainable_variables]
        original = model.compute_loss_and_updates
        watch = plumb.jax.watch(original, self.run, has_aux=True, **self.options)
        watch._core.set_info({"network": type(model).__name__})
        watch._code = lambda finding: [code_of(r) for r in finding.remedies]

        def compute(trainable, others, metrics, x, y, weight, training=False, optimizer_variables=None):
            def loss(params, x):
                values = [params[name] for name in names]
                return original(values, others, metrics, x, y, weight, training=training, optimizer_variables=optimizer_variables)

            if not training:
                return loss(dict(zip(names, trainable)), x)
            watch._loss_fn = loss
            value, aux = watch(dict(zip(names, trainable)), x)
            # Keras reads the loss that is not scaled alone, and what nobody reads is never computed.
            is_scaled = hasattr(model.optimizer, "inner_optimizer") or model.optimizer.loss_scale_factor
            return value, aux if is_scaled else (value, *aux[1:])

        object.__setattr__(model, "compute_loss_and_updates", compute)
        model.make_train_function(force=True)  # what was compiled before has no taps

        def undo():
            vars(model).pop("compute_loss_and_updates", None)
            model.train_function = None

        self.watch, self._undo = watch, [undo]

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        numbers = {"validation_loss": logs.get("val_loss"), "validation_accuracy": logs.get("val_accuracy")}
        if hasattr(self.watch, "log"):
            self.watch.log(**{name: float(value) for name, value in numbers.items() if value is not None})

    def on_train_end(self, logs=None):
        if self.watch is not None:
            self.watch.close()
            for undo in self._undo:
                undo()
            self._undo = []


def code_of(remedy):
    """A remedy as a line of Keras; None where it has none."""
    arguments = remedy.arguments
    kind = remedy.kind
    if kind in ("initialise", "random_weights", "smaller_weights", "like_others"):
        scheme = str(arguments.get("scheme", "he_normal"))
        return f'keras.layers.Dense(..., kernel_initializer="{scheme}")'
    if kind == "lower_rate" and "rate" in arguments:
        return f'model.optimizer.learning_rate = {arguments["rate"]:.2g}'
    if kind == "replace_activation":
        return f'keras.layers.Dense(..., activation="{str(arguments.get("activation", "relu")).split(" ")[0]}")'
    if kind == "clip_norm":
        return f'keras.optimizers.Adam(..., global_clipnorm={arguments.get("at", 1.0):.2g})'
    return LINES.get(kind)


LINES = {
    "orthogonal_start": 'keras.layers.Dense(..., kernel_initializer="orthogonal")',
    "set_bias": 'keras.layers.Dense(..., bias_initializer="zeros")',
    "add_normalisation": "keras.layers.LayerNormalization()",
    "add_residual": "x = keras.layers.add([x, block(x)])",
    "scale_inputs": "scale = keras.layers.Normalization(); scale.adapt(x_train)  # then in front of the model",
    "scale_targets": "y = (y - y_train.mean(0)) / (y_train.std(0) + 1e-8)",
    "lower_rate": "model.optimizer.learning_rate = float(model.optimizer.learning_rate) / 3",
    "raise_rate": "model.optimizer.learning_rate = 3 * float(model.optimizer.learning_rate)",
    "warm_up": "keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=rate, warmup_steps=500)",
    "drop_activation": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # and no activation at the output",
    "scale_loss": "optimizer = keras.optimizers.LossScaleOptimizer(optimizer)",
    "wider_format": 'keras.mixed_precision.set_global_policy("mixed_bfloat16")  # before the layers are made',
    "adaptive_optimiser": "keras.optimizers.AdamW(1e-3)",
}
