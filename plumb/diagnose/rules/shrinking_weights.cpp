// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/shrinking_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class Number>
double median(const std::vector<LayerPace>& paces, Number number) {
  std::vector<double> values;
  for (const LayerPace& pace : paces) values.push_back(number(pace));
  if (values.empty()) return kNan;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_weight(const MeasuredStep& step) {
  return median(step.paces, [](const LayerPace& pace) { return pace.log2_weight; });
}

/// log2 of the decay term over the gradient of the loss, of the median layer.
double decay_over_gradient(const MeasuredStep& step) {
  if (!(step.weight_decay > 0)) return kNan;
  const double decay = std::log2(step.weight_decay);
  return median(step.paces, [&](const LayerPace& pace) {
    return decay + pace.log2_weight - pace.log2_gradient;
  });
}

}  // namespace

void check_shrinking_weights(const RunView& view, std::vector<Finding>& findings) {
  const std::vector<MeasuredStep>& steps = view.measured();
  const auto first = std::find_if(steps.begin(), steps.end(), [](const MeasuredStep& step) {
    return std::isfinite(median_weight(step));
  });
  if (first == steps.end()) return;
  const double at_first = median_weight(*first);
  const MeasuredStep* worst = nullptr;
  const MeasuredStep* begin = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (auto step = first; step < steps.end(); ++step) {
    const double change = median_weight(*step) - at_first;
    // A weight that is all gone has no gradient to compare with.
    const double share = decay_over_gradient(*step);
    if (std::isnan(change) || !(share > 0)) continue;
    if (begin == nullptr) begin = &*step;
    if (change < least) {
      least = change;
      worst = &*step;
    }
  }
  const double limit = view.learning().at_baseline() ? kShrinkLog2AtBaseline : kShrinkLog2;
  if (worst == nullptr || least > limit) return;
  const OptimiserInfo optimiser = view.info().optimiser_info.value_or(OptimiserInfo{});
  const bool is_divided = optimiser.is_adaptive() && !optimiser.is_decay_decoupled;
  // Momentum adds up the decay as it does the gradient.
  const double terms = optimiser.is_decay_decoupled ? 1 : 1 / (1 - optimiser.momentum);
  Finding finding;
  finding.rule = "shrinking_weights";
  finding.severity = Severity::critical;
  finding.first_step = begin->step;
  finding.last_step = steps.back().step;
  finding.evidence = {{{Quantity::weight_change_log2, least, {}, {}}, limit}};
  finding.facts = {{Quantity::shown_at_step, static_cast<double>(worst->step), {}, {}}};
  finding.cause.kind = CauseKind::weight_decay;
  finding.cause.facts = {{Quantity::weight_decay, worst->weight_decay, {}, {}},
                         {Quantity::learning_rate, first->learning_rate, {}, {}}};
  if (!is_divided) {
    finding.cause.facts.push_back(
        {Quantity::decay_fraction, terms * first->learning_rate * worst->weight_decay, {}, {}});
  }
  finding.remedies = {{RemedyKind::lower_weight_decay, {}, {{"to", 1e-4}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
