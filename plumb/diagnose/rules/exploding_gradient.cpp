// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/flow_finding.h"
#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

double badness_of(const DepthFlow& flow, bool learns_badly) {
  if (!flow.known || std::isinf(flow.log2_total)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const bool by_normalisation =
      learns_badly && flow.log2_judged() > 0 && main_cause(flow) == CauseKind::normalisation;
  const double limit = by_normalisation ? kFlowLog2Normalised : kFlowLog2Total;
  const double both =
      std::min(flow.log2_judged() / limit, flow.log2_judged_per_layer() / kFlowLog2PerLayer);
  return std::max(both, flow.log2_judged() / kFlowLog2Extreme);
}

bool check_over_depth(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  const bool badly = learns_badly(view);
  for (const MeasuredStep& step : view.measured()) {
    badness.push_back(step.done ? std::numeric_limits<double>::quiet_NaN()
                                : badness_of(step.flow, badly));
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return false;
  for (Finding& finding : flow_findings(view, *episode, "exploding_gradient", +1)) {
    findings.push_back(std::move(finding));
  }
  return true;
}

void check_over_training(const RunView& view, std::vector<Finding>& findings) {
  constexpr double kTimesUsual = 3;  // our choice: clips nothing usual, and all that was found
  const auto growth = view.growth().find();
  if (!growth) return;
  Finding finding;
  finding.rule = "exploding_gradient";
  finding.severity = Severity::critical;
  finding.first_step = growth->begin.step;
  finding.last_step = growth->end.step;
  finding.evidence = {{{Quantity::gradient_norm_growth_log2, growth->worst_log2, {}, {}},
                       GradientGrowth::kLimitLog2}};
  finding.facts = {{Quantity::first_gradient_norm, growth->reference, {}, {}}};
  finding.cause.kind = CauseKind::drift;
  // A loss that is not finite is no number to show; non_finite tells of it.
  if (std::isfinite(growth->begin.loss) && std::isfinite(growth->first.loss)) {
    finding.cause.facts = {{Quantity::loss_then, growth->begin.loss, {}, {}},
                           {Quantity::loss_at_first, growth->first.loss, {}, {}}};
  }
  finding.remedies = {{RemedyKind::lower_rate, {}, {}, {}},
                      {RemedyKind::warm_up, {}, {}, {}},
                      {RemedyKind::clip_norm, {}, {{"at", kTimesUsual * growth->reference}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_exploding_gradient(const RunView& view, std::vector<Finding>& findings) {
  if (!check_over_depth(view, findings)) check_over_training(view, findings);
}

}  // namespace plumb
