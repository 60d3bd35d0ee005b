// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

#include "plumb/diagnose/loss_curve.h"
#include "plumb/record/run_info.h"

namespace plumb {

/// What the network made of the data, from the loss of the steps alone. Every limit is a ratio, so
/// that a factor on the loss moves nothing.
///
/// At the end  the mean of the last tenth of the steps (of five at least). Where rare batches hold
///             most of the loss (the mean of an epoch is above its median by kTail of the reference:
///             outliers, rare classes), the mean of the last epoch, as far as half of the run.
///             Means, because the baseline is one: batches without a rare sample are below it
///             whatever was learned.
/// Noise       the deviation of one step's loss about its course: the median distance of
///             neighbouring steps in the last half, over 0.954 (of normal noise). A difference
///             counts where it is above four standard errors of what is compared.
/// Reference   the baseline (RunInfo::baseline); where that is not known, the loss of the first
///             step, which can tell that a network learned and never that it did not.
/// Learns      at the end it is below the reference by kLearned of it at least, and by more than
///             the noise or with the validation part; or its accuracy is above the baseline's by
///             kLearnedByAccuracy of what is left to 1. Either alone is enough: a sure network
///             that errs seldom has a large loss. A network that answers a little better than
///             chance while its loss stands at the baseline's has not learned: weights that decay
///             away do that. Of data that say little the validation part is a witness: where it is
///             better than the baseline, beyond three standard errors of so many samples and by a
///             fortieth of the loss, something was learned that holds.
/// Unsure      it is below the reference by kLearned and more, and the noise is larger: of such a
///             network nobody can say that it stands where it began.
/// Rare        Where the constant answer's loss varies from batch to batch by half of itself and
///             more, a few samples carry most of it (a class of one in fifty, a target far out),
///             and the median of some batches does not see them: the standard error is that of
///             the constant answer over as many samples, at least.
/// Reached     kReached of the way to zero, by loss or by accuracy: most of what can be had.
/// Converged   kConverged of the reference is left.
/// Flat        the last quarter of the steps is not below the quarter before, beyond the noise.
/// Leaves      the mean of the last quarter is below the reference by kLearned of it, whatever the
///             noise, or by kLeaves and four standard errors: too much to say that nothing is
///             learned. Labels full of noise allow no more.
/// Lost        at the end its median is above the lowest stretch of the run by half of what that
///             had gained on the reference; or at twice the larger of the reference and the first
///             loss. Of 20 steps or more, and not where it has reached what can be had.
/// Losses without a floor at zero, or without a sign (RunInfo::loss of "difference"), tell nothing.
struct Learning {
  static constexpr std::int64_t kEnoughSteps = 100;  ///< to say that it does not learn
  static constexpr std::int64_t kSomeSteps = 50;     ///< to say that a symptom did no harm
  static constexpr double kLearned = 0.05;
  static constexpr double kLearnedByAccuracy = 0.3;
  static constexpr double kReached = 0.8;
  static constexpr double kConverged = 0.02;
  static constexpr double kLeaves = 0.02;
  static constexpr double kTail = 0.3;

  bool known = false;  ///< there is a curve, with a floor at zero
  bool has_baseline = false;
  std::int64_t steps = 0;
  double at_first = kNone;  ///< loss of the first step
  double at_last = kNone;
  double best = kNone;  ///< of the stretch with the lowest median, as long as that at the end
  std::int64_t best_step = 0;  ///< where it begins
  double noise = kNone;
  double standard_error = kNone;  ///< of at_last
  double reference = kNone;
  double accuracy = kNone;           ///< at the end, of the batches
  double baseline_accuracy = kNone;  ///< NaN where it is not known
  double gained = kNone;             ///< (reference - at_last) / reference
  double gained_accuracy = kNone;    ///< the same of the accuracy
  bool ends_finite = true;

  bool learns = false;
  bool reached = false;
  bool converged = false;
  bool flat = false;
  bool leaves = false;
  bool lost = false;

  /// It has had its steps and stands where it would without a look at the input, or worse.
  bool at_baseline() const;
  /// Neither learning nor its absence shows yet.
  bool is_early() const { return !learns && !at_baseline() && !lost; }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
};

Learning learning_of(const RunInfo& info, const LossCurve& curve);

/// The baseline's loss, or that of the first step; NaN where neither is known or above zero.
double reference_loss(const RunInfo& info, const LossCurve& curve);

/// The step at which the loss first stood below the reference: by Learning::kLearned of it, over
/// five stretches together, and beyond two standard errors of their median. -1 where it never did.
std::int64_t step_off_reference(const RunInfo& info, const LossCurve& curve);

/// So little of the reference is left that gradients are small, and of odd directions, because the
/// network is done.
inline constexpr double kDoneFraction = 0.01;

}  // namespace plumb
