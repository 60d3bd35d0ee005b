#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plumb in Hugging Face's Trainer: a small BERT that is made anew is trained, watched by a callback."""

import tempfile

import torch
import transformers

import plumb.transformers

torch.manual_seed(0)
config = transformers.BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
model = transformers.BertForSequenceClassification(config)
rows = [{"input_ids": tokens, "labels": int(tokens[0]) % 2} for tokens in torch.randint(1, 50, (128, 12))]

callback = plumb.transformers.Watch(run="watch_transformers.plumb")
arguments = transformers.TrainingArguments(output_dir=tempfile.mkdtemp(), num_train_epochs=2, use_cpu=True, report_to=[], save_strategy="no")
transformers.Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[callback]).train()
print(callback.watch.diagnose())
