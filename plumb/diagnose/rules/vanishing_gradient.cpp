// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/flow_finding.h"

namespace plumb {

namespace {

double badness_of(const DepthFlow& flow) {
  if (!flow.known) return std::numeric_limits<double>::quiet_NaN();
  const double both = std::min(-flow.log2_judged() / kFlowLog2Total,
                               -flow.log2_judged_per_layer() / kFlowLog2PerLayer);
  return std::max(both, -flow.log2_judged() / kFlowLog2Extreme);
}

/// The last measured step ends at a layer that is about to leave zero: what is below it was never
/// seen, and silence would pass for health.
void note_hidden_depth(const RunView& view, std::vector<Finding>& findings) {
  constexpr double kZeroLog2 = -std::numeric_limits<double>::infinity();
  if (view.measured().empty() || !view.last_ends_in_zero()) return;
  const LayerId layer = view.last_end_at();
  if (!view.measured().back().leaving_zero.is_leaving(layer)) return;
  const Place place = Place::layer(layer);
  Finding finding;
  finding.rule = "vanishing_gradient";
  finding.severity = Severity::note;
  finding.place = place;
  finding.first_step = finding.last_step = view.measured().back().step;
  finding.evidence = {{{Quantity::weight_rms_log2,
                        view.last_log2_weight(layer),
                        Place::layer(layer, Role::weight),
                        {}},
                       kZeroLog2}};
  finding.facts = {{Quantity::own_gradient_log2,
                    view.last_log2_grad_weight(layer),
                    Place::layer(layer, Role::grad_weight),
                    {}}};
  finding.cause.kind = CauseKind::zero_start;
  finding.cause.place = place;
  finding.remedies = {{RemedyKind::train_on, {}, {{"steps", 10.0}}, {}},
                      {RemedyKind::random_weights, place, {{"if", "it_is_not_meant"}}, {}}};
  findings.push_back(std::move(finding));
}

/// Of an optimiser that divides by the gradient's size, which sees every layer's above its eps:
/// what the size of the weights takes from the gradient, its first steps may give back.
bool may_be_mended(const RunView& view, const MeasuredStep& step, const Finding& finding) {
  const bool by_weights =
      finding.cause.kind == CauseKind::weight_scale || finding.cause.kind == CauseKind::odd_weight;
  const std::optional<OptimiserInfo>& optimiser = view.info().optimiser_info;
  if (!by_weights || !optimiser || !optimiser->is_adaptive() || step.paces.empty()) return false;
  if (view.learning().steps >= Learning::kSomeSteps) return false;
  constexpr double kFarLog2 = 6.644;  // 100: eps then takes a hundredth of a step at most
  const double floor = std::log2(std::max(optimiser->eps, 1e-30)) + kFarLog2;
  return std::all_of(step.paces.begin(), step.paces.end(),
                     [&](const LayerPace& pace) { return pace.log2_gradient > floor; });
}

}  // namespace

void check_vanishing_gradient(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const MeasuredStep& step : view.measured()) {
    badness.push_back(step.done ? std::numeric_limits<double>::quiet_NaN() : badness_of(step.flow));
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) {
    note_hidden_depth(view, findings);
    return;
  }
  for (Finding& finding : flow_findings(view, *episode, "vanishing_gradient", -1)) {
    if (may_be_mended(view, view.measured()[episode->first], finding)) {
      finding.severity = Severity::note;
    }
    findings.push_back(std::move(finding));
  }
}

}  // namespace plumb
