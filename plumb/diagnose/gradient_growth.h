// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/record/step_record.h"

namespace plumb {

/// How the norm of all parameter gradients grew over training, against its lower median in the
/// first ten steps that have one: when the first steps themselves explode, their better half is the
/// reference. Of shorter runs the first half and one are the first steps.
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
    double reference = 0;  ///< that median
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
  double reference(std::size_t steps) const;
  static void judge(const Step& step, std::optional<Growth>& growth, double reference);

  std::vector<Step> early_;  ///< as many as it takes to settle the reference
  std::optional<Growth> settled_;
  double reference_ = 0;
};

}  // namespace plumb
