// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/train/config.h"

namespace plumb {

struct RateSweepOptions {
  /// Work that it may do, in seconds of a usual core (nominal_step_s): the same rates are tried on
  /// every machine.
  double budget_s = 1.5;
  std::int64_t most_steps = 300;  ///< of one trial
  /// The given rate is known to be too high: where the budget does not allow to look to both sides,
  /// those below are tried alone.
  bool is_too_high = false;
};

/// What one rate did in its first steps.
struct RateTrial {
  double rate = 0;
  std::int64_t steps = 0;
  double loss = 0;  ///< ShortRun::late_loss
};

struct RateSweep {
  /// The rate of least training loss, on the grid of 4 a decade; absent where the budget is too
  /// small to know it, or where no rate brings the loss below that of the first step.
  std::optional<double> best;
  double best_loss = 0;
  double given_loss = 0;          ///< of the training's own rate after as many steps
  std::vector<RateTrial> trials;  ///< ascending by rate
  std::int64_t steps = 0;         ///< of the longest trial
};

/// The learning rate that a training should have, measured: short trainings from the same start
/// with the same batches, which differ in the rate alone.
///
/// First one rate a decade, five decades to both sides of the given one, for a few steps, and five
/// further down where even the lowest of them does not learn; then 4 a decade within one decade of
/// the best, of which the better half goes on, and again, to most_steps (or the planned end). The
/// grid is 10^(k/4), and the given rate itself is tried too. Of one that is too high, where the
/// budget is small, the coarse rates go down alone and the fine ones half a decade to both sides.
/// Errors  as Trainer.
/// Source  Range test: Smith 2017, arXiv:1506.01186; halving: Jamieson and Talwalkar 2016,
///         arXiv:1502.07943. That both are combined so, and the numbers, are ours (docs/cure.md).
RateSweep sweep_rates(const TrainConfig& config, const Split& data,
                      const RateSweepOptions& options = {});

/// A grid without halving: every rate for `steps` steps. What the sweep is measured against.
std::vector<RateTrial> full_rate_grid(const TrainConfig& config, const Split& data, double lowest,
                                      double highest, std::int64_t steps);

/// 10^(k/4) to two digits: 0.1, 0.18, 0.32, 0.56.
double grid_rate(int k);

}  // namespace plumb
