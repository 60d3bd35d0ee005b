// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plumb/record/step_record.h"

namespace plumb {

/// The losses of a run of any length, in bounded memory: stretches of consecutive steps, of one
/// step each at first and of twice as many whenever there are too many stretches.
///
/// A loss that is not finite is counted and left out; so is a skipped step. Accuracies go along
/// where they are told.
/// Memory  20 kB at most. A step costs some additions.
class LossCurve {
 public:
  struct Stretch {
    std::int64_t first_step = 0;
    std::int64_t steps = 0;
    double loss = 0;      ///< mean
    double accuracy = 0;  ///< mean of those told; NaN without any
    std::int64_t accuracies = 0;
    double highest = 0;  ///< loss of a step
  };
  /// What was evaluated in one step.
  struct Evaluation {
    std::int64_t step = 0;
    double loss = 0;
    double accuracy = 0;  ///< NaN where it was not told
  };

  void add(const StepRecord& step);

  /// The finite ones, in order. All but the last have the same number of steps.
  std::span<const Stretch> stretches() const { return stretches_; }
  std::int64_t steps() const { return steps_; }  ///< with a finite loss
  /// The finite loss of the first step that has one.
  const std::optional<Evaluation>& first() const { return first_; }
  bool ends_finite() const { return ends_finite_; }
  const std::optional<Evaluation>& last_validation() const { return last_validation_; }
  const std::optional<Evaluation>& best_validation() const { return best_validation_; }
  /// Of the last step that has it (StepRecord::inference_loss).
  const std::optional<Evaluation>& last_inference() const { return last_inference_; }

 private:
  void halve();

  std::vector<Stretch> stretches_;
  std::int64_t per_stretch_ = 1;
  std::int64_t steps_ = 0;
  bool ends_finite_ = true;
  std::optional<Evaluation> first_;
  std::optional<Evaluation> last_validation_, best_validation_, last_inference_;
};

}  // namespace plumb
