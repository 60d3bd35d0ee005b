// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/record/step_record.h"

namespace plumb {

/// How the norm of all parameter gradients grew over training, against what it was in the first ten
/// steps: the larger of that of the very first one, and of the lower median of those that have one.
/// When the first steps themselves explode, their better half is the reference; when the network
/// converges within them, where it came from. Of runs of less than twenty steps the first half are
/// the first steps. They are steps of the training, however many of them were measured.
///
/// Done     A step whose loss is below kOpenFraction of the reference loss (learning.h) is no
/// growth:
///          gradients next to an optimum are small numbers whose ratios say nothing.
/// Memory   Constant: once the reference is settled the steps are judged as they come.
class GradientGrowth {
 public:
  /// The factor that counts as growth, in log2.
  static constexpr double kLimitLog2 = 9.966;
  static constexpr double kOpenFraction = 0.1;

  struct Step {
    std::int64_t step = 0;
    double grad_norm = 0;
    double loss = 0;
    bool open = true;  ///< not done
  };
  struct Growth {
    double reference = 0;  ///< what it was in the first steps
    Step first;            ///< of all steps
    Step begin;            ///< the first one at kLimitLog2 or above
    Step end;              ///< the last one
    double worst_log2 = 0;
  };

  /// NaN for a reference loss that is not known: every step is judged then.
  void add(const StepRecord& step, double reference_loss);
  /// Nothing with fewer than two steps, or where none is at the limit.
  std::optional<Growth> find() const;

 private:
  static constexpr std::int64_t kFirstSteps = 10;
  double reference(std::int64_t last_step) const;
  static void judge(const Step& step, std::optional<Growth>& growth, double reference);

  std::vector<Step> early_;  ///< as many as it takes to settle the reference
  std::optional<Growth> settled_;
  double reference_ = 0;
};

}  // namespace plumb
