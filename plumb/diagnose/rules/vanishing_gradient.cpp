// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

double badness_of(const DepthFlow& flow) {
  if (!flow.known) return std::numeric_limits<double>::quiet_NaN();
  const double both =
      std::min(-flow.log2_total / kFlowLog2Total, -flow.log2_per_layer() / kFlowLog2PerLayer);
  return std::max(both, -flow.log2_total / kFlowLog2Extreme);
}

/// What the optimiser makes of it: how much faster the last hidden layer moves than the first.
std::string consequence_text(const std::vector<FlowPoint>& profile, const DepthFlow& flow) {
  if (std::isinf(flow.log2_total)) {
    return fmt::format("Layer {} and everything before it get no gradient at all and do not learn.",
                       flow.bottom);
  }
  if (profile.empty()) return "The early layers learn far more slowly than the late ones.";
  const FlowPoint& first = profile.front();
  const FlowPoint& last = profile.back();
  const double updates = first.log2_update_ratio - last.log2_update_ratio;
  const double gradients =
      (first.log2_grad_weight - first.log2_weight) - (last.log2_grad_weight - last.log2_weight);
  const double learning = std::isfinite(updates) ? updates : gradients;
  if (!std::isfinite(learning)) return "The early layers learn far more slowly than the late ones.";
  if (learning < 0.5 * flow.log2_total) {
    return fmt::format(
        "Layer {} learns at {} of the pace of layer {} ({}), so the network trains as if its first "
        "layers were frozen at their random start.",
        first.path, power_text(learning), last.path,
        std::isfinite(updates) ? "updates relative to weights" : "gradients relative to weights");
  }
  return fmt::format(
      "The parameter gradients show little of it (layer {} against layer {}: {}), because the "
      "signal "
      "on the way "
      "forward shrinks as well: all layers learn slowly together, and the output hardly depends on "
      "the input.",
      first.path, last.path, power_text(learning));
}

}  // namespace

void check_vanishing_gradient(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const DepthFlow& flow : view.flows()) badness.push_back(badness_of(flow));
  // An output layer that starts at zero stops the gradient for one step and is good practice.
  if (badness.size() > 1 && std::isinf(badness[0]) && !std::isinf(badness[1])) {
    badness[0] = std::numeric_limits<double>::quiet_NaN();
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;

  const DepthFlow& flow = view.flows()[episode->first];
  const bool stops = std::isinf(flow.log2_total);
  Finding finding;
  finding.rule = "vanishing_gradient";
  finding.severity = -flow.log2_total >= kFlowLog2Extreme && !episode->over ? Severity::critical
                                                                            : Severity::warning;
  finding.path = flow.bottom;
  finding.first_step = view.measured()[episode->first]->step;
  finding.last_step = view.measured()[episode->last]->step;
  finding.symptom =
      stops ? fmt::format("The gradient ends at layer {}: nothing of it reaches the layers before.",
                          flow.bottom)
            : fmt::format(
                  "From layer {} back to layer {} the gradient shrinks to {}: {:.2f} in log2 a "
                  "layer over {}.",
                  flow.top, flow.bottom, power_text(flow.log2_total), flow.log2_per_layer(),
                  count_text(flow.linear_layers, "linear layer"));
  if (episode->over) {
    finding.symptom += fmt::format(" After step {} it no longer shows.", finding.last_step);
  }
  finding.evidence = {
      {"flow gradient of layer " + flow.bottom + " against that of layer " + flow.top +
           ", log2 of the norm",
       flow.log2_total, -kFlowLog2Total,
       "a factor of 100; our choice, calibrated in docs/rules/vanishing_gradient.md"},
      {"the same for one linear layer, log2", flow.log2_per_layer(), -kFlowLog2PerLayer,
       "our choice, calibrated in docs/rules/vanishing_gradient.md"}};
  finding.cause = cause_text(view.run().info, flow);
  finding.consequence = consequence_text(view.profiles()[episode->first], flow);
  finding.remedies = remedies_for(view.run().info, flow);
  findings.push_back(std::move(finding));
}

}  // namespace plumb
