// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cure/cure_data.h"
#include "plumb/diagnose/outcome.h"
#include "plumb/record/run.h"
#include "plumb/train/config.h"

namespace plumb {

/// What one training came to.
struct ArmTraining {
  std::uint64_t seed = 0;
  /// Held-out samples where there are at least kFewestHeldOut, else those of the training part:
  /// accuracy for classes; for values 1 - loss / (loss of the constant answer), at least -1. The
  /// constant answer has 0 for values, the share of the largest class for classes. A training that
  /// ends in no number has what the constant answer has, or less.
  double score = 0;
  double loss = 0;  ///< on the same samples
  bool diverged = false;
  bool finished = false;          ///< false: it was cut short, and its score is no number
  std::vector<Finding> findings;  ///< of our own rules
  /// log2 of the gradient's norm, first over last linear layer, in the first measured step.
  std::optional<double> log2_reach;
  Outcome outcome = Outcome::not_measured;
  /// One of them is critical and not over.
  bool is_sick() const;
  /// Its outcome is neither healthy nor converged.
  bool is_suspect() const;
};
inline constexpr std::int64_t kFewestHeldOut = 50;

/// The same training with several seeds: of the start, the order of the batches and dropout. The
/// data and their split stay.
struct Arm {
  std::string name;  ///< "untreated", "cured"
  TrainConfig config;
  std::vector<ArmTraining> trainings;

  std::vector<double> scores() const;
  double mean_score() const;
  /// The mean of log2_reach where it is known and finite.
  std::optional<double> mean_log2_reach() const;
};

/// Where a training's records go; null for nowhere.
using ArmSink =
    std::function<std::unique_ptr<RecordSink>(const std::string& arm, std::uint64_t seed)>;

/// One training from beginning to end, on one thread. `keep_going` may say no at any step.
/// Errors  as Trainer.
ArmTraining train_arm(const TrainConfig& config, std::uint64_t seed, const CureSplit& data,
                      RecordSink* sink, const std::function<bool()>& keep_going);

/// What the constant answer would score.
double constant_score(const CureSplit& data);

}  // namespace plumb
