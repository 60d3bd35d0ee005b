# SPDX-License-Identifier: Apache-2.0
"""The callbacks in the trainers themselves: Lightning's fit() and Hugging Face's train(), where they are installed."""

import importlib.util
import os
import tempfile
import unittest
import warnings

import models
import torch
import torch.nn as nn
import torch.nn.functional as F


def file():
    return os.path.join(tempfile.mkdtemp(), "run.plumb")


def data(n=48):
    torch.manual_seed(4)
    return torch.utils.data.TensorDataset(*models.rows(n))


class Body(nn.Module):
    def __init__(self, labels=False):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(16, 8), nn.Tanh()), nn.Linear(8, 5)

    def forward(self, x, labels=None):
        logits = self.head(self.body(x))
        return logits if labels is None else {"loss": F.cross_entropy(logits, labels), "logits": logits}


@unittest.skipUnless(importlib.util.find_spec("lightning"), "lightning is not installed")
class Lightning(unittest.TestCase):
    def fit(self, watched, clip=None, accumulate=1, fails_at=None):
        import lightning

        import plumb.lightning

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = Body()

            def training_step(self, batch, index):
                if index == fails_at:
                    raise ZeroDivisionError("a fault of the user's")
                return F.cross_entropy(self.net(batch[0]), batch[1])

            def validation_step(self, batch, index):
                self.log("val_loss", F.cross_entropy(self.net(batch[0]), batch[1]))

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)

        torch.manual_seed(1)
        module = Module()
        callback = plumb.lightning.Watch(run=file(), record="every=1")
        loader = torch.utils.data.DataLoader(data(), batch_size=8)
        trainer = lightning.Trainer(
            max_epochs=2, accelerator="cpu", callbacks=[callback] if watched else [], logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=clip, accumulate_grad_batches=accumulate,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.fit(module, loader, torch.utils.data.DataLoader(data(), batch_size=8))
        return module, callback.watch

    def test_trains_as_without_and_everything_is_seen(self):
        plain, _ = self.fit(False)
        ours, watch = self.fit(True)
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = watch.run()
        self.assertEqual(list(run.steps["step"]), list(range(12)))
        self.assertEqual(len(run.find("net.body.0", "grad_z")), 12)
        self.assertEqual(len(run.find("net.head.weight", "update")), 12)
        self.assertEqual(run.info["end"], "finished")
        self.assertTrue(any(v == v for v in run.steps["validation_loss"]))
        self.assertEqual(sum(len(m._forward_hooks) for m in ours.modules()), 0)

    def test_accumulated_batches_are_one_step_and_a_clipped_gradient_is_what_the_optimiser_gets(self):
        _, watch = self.fit(True, clip=1e-3, accumulate=3)
        run = watch.run()
        self.assertEqual(list(run.steps["passes"]), [3, 3, 3, 3])
        squares = 0.0
        for path in ("net.body.0.weight", "net.body.0.bias", "net.head.weight", "net.head.bias"):
            row = run.find(path, "grad_weight", 0)[0]
            squares += 4 ** row["log2_rms"] * row["count"]
        self.assertAlmostEqual(squares**0.5 / 1e-3, 1, places=3)

    def test_an_exception_ends_the_run_with_its_reason(self):
        import plumb
        import plumb.lightning

        kept = []
        begin = plumb.lightning.Watch.on_fit_start

        def keep(self, trainer, module):
            begin(self, trainer, module)
            kept.append(self.watch)

        plumb.lightning.Watch.on_fit_start = keep
        try:
            with self.assertRaises(ZeroDivisionError):
                self.fit(True, fails_at=3)
        finally:
            plumb.lightning.Watch.on_fit_start = begin
        run = kept[0].run()
        self.assertEqual(list(run.steps["step"]), [0, 1, 2])
        self.assertIn("ZeroDivisionError", run.info["end"])


@unittest.skipUnless(importlib.util.find_spec("transformers") and importlib.util.find_spec("accelerate"), "transformers is not installed")
class HuggingFace(unittest.TestCase):
    def train(self, watched, accumulate=1):
        import transformers

        import plumb.transformers

        torch.manual_seed(1)
        model = Body()
        callback = plumb.transformers.Watch(run=file(), record="every=1")
        arguments = transformers.TrainingArguments(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=8, num_train_epochs=2, learning_rate=0.01, use_cpu=True,
            report_to=[], save_strategy="no", disable_tqdm=True, gradient_accumulation_steps=accumulate, logging_strategy="no",
            eval_strategy="epoch",
        )
        rows = [{"x": x, "labels": y} for x, y in data()]
        trainer = transformers.Trainer(
            model=model, args=arguments, train_dataset=rows, eval_dataset=rows, callbacks=[callback] if watched else []
        )
        trainer.train()
        return model, callback.watch

    def test_trains_as_without_and_everything_is_seen(self):
        plain, _ = self.train(False)
        ours, watch = self.train(True)
        for a, b in zip(plain.parameters(), ours.parameters()):
            self.assertTrue(torch.equal(a, b))
        run = watch.run()
        self.assertEqual(list(run.steps["step"]), list(range(12)))
        self.assertEqual(len(run.find("body.0", "grad_z")), 12)
        self.assertEqual(len(run.find("head.weight", "update")), 12)
        self.assertEqual(run.info["end"], "finished")
        self.assertTrue(any(v == v for v in run.steps["validation_loss"]))

    def test_accumulated_batches_are_one_step(self):
        _, watch = self.train(True, accumulate=2)
        self.assertEqual(list(watch.run().steps["passes"]), [2] * 6)

    def test_a_transformer_of_theirs(self):
        import transformers

        import plumb

        torch.manual_seed(0)
        config = transformers.BertConfig(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
        model = transformers.BertForSequenceClassification(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        with plumb.watch(model, optimizer, run=file(), record="every=1") as w:
            for _ in range(2):
                tokens = torch.randint(1, 20, (4, 7))
                mask = torch.ones_like(tokens)
                mask[:, 5:] = 0
                optimizer.zero_grad()
                model(input_ids=tokens, attention_mask=mask, labels=torch.randint(0, 2, (4,))).loss.backward()
                optimizer.step()
        families = [layer["family"] for layer in w.run().layers]
        self.assertEqual(families.count("residual"), 4)
        self.assertEqual(families.count("attention"), 2)

    def test_a_language_model_of_theirs_whose_loss_their_trainer_divides(self):
        import transformers

        import plumb.transformers

        torch.manual_seed(0)
        config = transformers.GPT2Config(
            vocab_size=20, n_positions=8, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
        )
        rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 20, (16, 8))]
        arguments = transformers.TrainingArguments(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=8, max_steps=4, use_cpu=True, report_to=[], save_strategy="no",
            disable_tqdm=True, gradient_accumulation_steps=2, logging_strategy="no",
        )
        callback = plumb.transformers.Watch(run=file(), record="every=1")
        model = transformers.GPT2LMHeadModel(config)
        transformers.Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[callback]).train()
        self.assertEqual(callback.watch.diagnose().outcome, "too_early")
        self.assertNotIn("div", [layer["path"] for layer in callback.watch.run().layers])


if __name__ == "__main__":
    unittest.main()
