// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

#include "plumb/record/run.h"
#include "plumb/train/trainer.h"

namespace plumb {

/// Called after each step; returning false stops the training cleanly.
using StepCallback = std::function<bool(const Trainer& trainer, const StepRecord& record)>;

/// Counts the epochs whose validation loss is not below all before it (NaN is not). Threads: one at
/// a time.
class Patience {
 public:
  /// 0: never over.
  explicit Patience(std::int64_t epochs) : epochs_(epochs) {}
  /// Takes the record of the next step; true when so many epochs in a row were no better.
  bool is_over(const StepRecord& record);
  /// Whether the epoch that ended last was the best so far.
  bool is_best() const { return waited_ == 0 && best_ < std::numeric_limits<double>::infinity(); }

 private:
  std::int64_t epochs_;
  std::int64_t waited_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

/// Trains to the planned end (or until the callback says stop), delivering every record to the
/// sink, and ends the run with the reason "finished", "interrupted" (by the callback), "stopped
/// early" (TrainConfig::patience) or "diverged" (TrainConfig::stop_on_nan). Either argument may be
/// empty.
void run_training(Trainer& trainer, RecordSink* sink, const StepCallback& callback);

/// Loads the data, trains and returns the whole run in memory: the short way for a C++ program.
Run train(const TrainConfig& config, const StepCallback& callback = {});

}  // namespace plumb
