// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/train/config.h"
#include "plumb/train/trainer.h"

namespace plumb {

/// The first steps of a training, as the training itself would take them: same start, batches,
/// schedule and rate; nothing is measured.
///
/// Errors  as Trainer. Threads: one.
class ShortRun {
 public:
  /// `data` must outlive it.
  ShortRun(const TrainConfig& config, const Split& data);

  /// On to `steps` steps in all (or the planned end). Stops for good where the loss is no number,
  /// or above kDiverged times that of the first step.
  void advance(std::int64_t steps);
  static constexpr double kDiverged = 1e4;

  std::int64_t steps() const { return static_cast<std::int64_t>(losses_.size()); }
  std::int64_t planned_steps() const { return trainer_->planned_steps(); }
  bool diverged() const { return diverged_; }
  /// Training loss, mean over the last fifth of the steps so far; infinite where it diverged.
  double late_loss() const;
  /// Loss and accuracy in inference mode (running statistics, no dropout) on these samples;
  /// infinite loss where it diverged or the network gives no number.
  Evaluation evaluate(const Dataset& samples);
  const std::vector<double>& losses() const { return losses_; }

 private:
  std::unique_ptr<Trainer> trainer_;
  std::vector<double> losses_;
  bool diverged_ = false;
};

/// Seconds that a step takes on a usual core, from the size of the network alone: budgets of work
/// are counted in it, so that what fits one is the same on every machine.
/// Formula  6 fan_in units batch / 10^10 for each linear layer, and 3 microseconds a layer and
///          pass.
double nominal_step_s(const RunInfo& info);

}  // namespace plumb
