// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/loss_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

constexpr std::size_t kMostStretches = 400;  // our choice, of memory: 200 at least are kept
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

void join(LossCurve::Stretch& to, const LossCurve::Stretch& next) {
  const double part = static_cast<double>(next.steps) / static_cast<double>(to.steps + next.steps);
  to.loss += part * (next.loss - to.loss);
  to.steps += next.steps;
  to.highest = std::max(to.highest, next.highest);
  if (next.accuracies == 0) return;
  const std::int64_t accuracies = to.accuracies + next.accuracies;
  const double share = static_cast<double>(next.accuracies) / static_cast<double>(accuracies);
  to.accuracy =
      to.accuracies == 0 ? next.accuracy : to.accuracy + share * (next.accuracy - to.accuracy);
  to.accuracies = accuracies;
}

}  // namespace

void LossCurve::add(const StepRecord& step) {
  if (step.validation_loss) {
    last_validation_ = {step.step, *step.validation_loss, step.validation_accuracy.value_or(kNan)};
    if (!best_validation_ || last_validation_->loss < best_validation_->loss) {
      best_validation_ = last_validation_;
    }
  }
  if (step.inference_loss) {
    last_inference_ = {step.step, *step.inference_loss, step.inference_accuracy.value_or(kNan)};
  }
  if (step.skipped) return;
  ends_finite_ = std::isfinite(step.loss);
  if (!ends_finite_) return;
  if (!first_) first_ = {step.step, step.loss, step.accuracy};
  ++steps_;
  const bool has_accuracy = std::isfinite(step.accuracy);
  const Stretch one{
      step.step, 1, step.loss, has_accuracy ? step.accuracy : kNan, has_accuracy ? 1 : 0,
      step.loss};
  if (!stretches_.empty() && stretches_.back().steps < per_stretch_) {
    join(stretches_.back(), one);
    return;
  }
  if (stretches_.size() == kMostStretches) halve();
  // The number of stretches is even, so that each of them is full again.
  stretches_.push_back(one);
}

void LossCurve::halve() {
  for (std::size_t i = 0; i < stretches_.size() / 2; ++i) {
    stretches_[i] = stretches_[2 * i];
    join(stretches_[i], stretches_[2 * i + 1]);
  }
  stretches_.resize(stretches_.size() / 2);
  per_stretch_ *= 2;
}

}  // namespace plumb
