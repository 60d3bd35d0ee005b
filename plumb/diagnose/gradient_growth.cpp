// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/gradient_growth.h"

#include <algorithm>
#include <cmath>

namespace plumb {

double GradientGrowth::reference(std::int64_t last_step) const {
  const std::int64_t begin = early_.front().step;
  // Of a run of few steps only the first half and one are the first steps.
  const std::int64_t end = std::min(begin + kFirstSteps, begin + (last_step - begin) / 2 + 1);
  std::vector<double> first;
  for (const Step& one : early_) {
    if (one.step < end) first.push_back(one.grad_norm);
  }
  const double at_begin = first.front();
  const auto middle = first.begin() + static_cast<std::ptrdiff_t>((first.size() - 1) / 2);
  std::nth_element(first.begin(), middle, first.end());
  return std::max(at_begin, *middle);
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
  if (reference_ > 0) {
    judge(step, settled_, reference_);
    return;
  }
  early_.push_back(step);
  // From here on half of the steps are more than the first ones.
  if (step.step < early_.front().step + 2 * kFirstSteps) return;
  reference_ = reference(step.step);
  for (const Step& one : early_) judge(one, settled_, reference_);
}

std::optional<GradientGrowth::Growth> GradientGrowth::find() const {
  if (early_.size() < 2) return std::nullopt;
  std::optional<Growth> growth = settled_;
  if (!(reference_ > 0)) {
    const double usual = reference(early_.back().step);
    for (const Step& one : early_) judge(one, growth, usual);
  }
  if (growth) growth->first = early_.front();
  return growth;
}

}  // namespace plumb
