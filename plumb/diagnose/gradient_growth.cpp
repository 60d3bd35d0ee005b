// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/gradient_growth.h"

#include <algorithm>
#include <cmath>

namespace plumb {

namespace {

constexpr std::size_t kFirstSteps = 10;
/// From here on half of the steps and one are more than kFirstSteps.
constexpr std::size_t kSettled = 2 * (kFirstSteps - 1);

}  // namespace

double GradientGrowth::reference(std::size_t steps) const {
  std::vector<double> first;
  for (std::size_t i = 0; i < std::min(kFirstSteps, steps / 2 + 1); ++i) {
    first.push_back(early_[i].grad_norm);
  }
  const auto middle = first.begin() + static_cast<std::ptrdiff_t>((first.size() - 1) / 2);
  std::nth_element(first.begin(), middle, first.end());
  return *middle;
}

void GradientGrowth::judge(const Step& step, std::optional<Growth>& growth, double reference) {
  const double log2 = std::log2(step.grad_norm / reference);
  if (log2 < kLimitLog2 || !step.open) return;
  if (!growth) growth = Growth{reference, {}, step, step, log2};
  growth->end = step;
  growth->worst_log2 = std::max(growth->worst_log2, log2);
}

void GradientGrowth::add(const StepRecord& record, double reference_loss) {
  if (record.skipped || !std::isfinite(record.grad_norm) || record.grad_norm <= 0) return;
  const bool open = !(record.loss < kOpenFraction * reference_loss);
  const Step step{record.step, record.grad_norm, record.loss, open};
  if (early_.size() == kSettled) {
    judge(step, settled_, reference_);
    return;
  }
  early_.push_back(step);
  if (early_.size() < kSettled) return;
  reference_ = reference(kSettled);
  for (const Step& one : early_) judge(one, settled_, reference_);
}

std::optional<GradientGrowth::Growth> GradientGrowth::find() const {
  if (early_.size() < 2) return std::nullopt;
  std::optional<Growth> growth = settled_;
  if (early_.size() < kSettled) {
    const double median = reference(early_.size());
    for (const Step& one : early_) judge(one, growth, median);
  }
  if (growth) growth->first = early_.front();
  return growth;
}

}  // namespace plumb
