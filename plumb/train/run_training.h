// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "plumb/record/run.h"
#include "plumb/train/trainer.h"

namespace plumb {

/// Called after each step; returning false stops the training cleanly.
using StepCallback = std::function<bool(const Trainer& trainer, const StepRecord& record)>;

/// Trains to the planned end (or until the callback says stop), delivering every record to the
/// sink, and ends the run with the reason "finished" or "interrupted". Either argument may be
/// empty.
void run_training(Trainer& trainer, RecordSink* sink, const StepCallback& callback);

/// Loads the data, trains and returns the whole run in memory: the short way for a C++ program.
Run train(const TrainConfig& config, const StepCallback& callback = {});

}  // namespace plumb
