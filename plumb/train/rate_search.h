// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "plumb/train/trainer.h"

namespace plumb {

/// A search for the learning rate: one training whose rate grows from step to step.
///
///   rate_i = first (last / first)^(i / (steps - 1)),  s_i = smoothing s_(i-1) + (1 - smoothing) loss_i
///
/// with s_i / (1 - smoothing^(i+1)) as the loss that is looked at. It ends early when that exceeds
/// 4 times its smallest value so far, or is no number.
/// Source  Smith 2017, arXiv:1506.01186, section 3.3; smoothing and the factor 4 are those of fastai's
///         lr_find.
struct RateSearch {
  double first = 1e-6;
  double last = 10;
  std::int64_t steps = 100;
  double smoothing = 0.9;
};

struct RatePoint {
  double rate = 0;
  double loss = 0;    ///< of the batch
  double smooth = 0;  ///< as above
};

struct FoundRate {
  std::vector<RatePoint> points;
  /// A tenth of the rate of the smallest smooth loss (fastai's lr_min); nothing where the loss
  /// never went down by more than `kLeastDescent` of its start.
  std::optional<double> suggestion;
  bool diverged = false;
};
inline constexpr double kLeastDescent = 0.01;

/// Makes up to `search.steps` steps of the trainer, which is of no use afterwards. `go_on` is asked
/// after each. Errors: SpecError for rates that are not 0 < first < last or fewer than 10 steps.
FoundRate search_rate(Trainer& trainer, const RateSearch& search,
                      const std::function<bool(const StepRecord&)>& go_on = {});

}  // namespace plumb
