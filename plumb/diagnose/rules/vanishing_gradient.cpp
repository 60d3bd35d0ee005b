// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/vanishing_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/flow_finding.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

constexpr double kZeroLog2 = -std::numeric_limits<double>::infinity();

double badness_of(const DepthFlow& flow) {
  if (!flow.known) return std::numeric_limits<double>::quiet_NaN();
  const double both = std::min(-flow.log2_judged() / kFlowLog2Total,
                               -flow.log2_judged_per_layer() / kFlowLog2PerLayer);
  return std::max(both, -flow.log2_judged() / kFlowLog2Extreme);
}

/// What the optimiser makes of it: how much faster the last hidden layer moves than the first.
std::string consequence_text(const RunInfo& info, const std::vector<FlowPoint>& profile,
                             const DepthFlow& flow) {
  if (std::isinf(flow.log2_total)) {
    return "The layers before it get no gradient at all and do not learn.";
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
        "Layer {} {} {} times more slowly than layer {}, so the first layers stay as random as "
        "they "
        "began.",
        first.depth, info.kind == "probe" ? "would learn" : "learns", size_text(-learning),
        last.depth);
  }
  return fmt::format(
      "The weight gradients show little of it (layer {} against layer {}: {}), because the signal "
      "shrinks on the way forward as well: all layers learn slowly together, and the output hardly "
      "depends on the input.",
      first.depth, last.depth, size_text(learning));
}

/// The last measured step ends at a layer that is about to leave zero: what is below it was never
/// seen, and silence would pass for health.
void note_hidden_depth(const RunView& view, std::vector<Finding>& findings) {
  if (view.measured().empty()) return;
  const Ledger& ledger = view.ledgers().back();
  if (!ledger.ends_in_zero || !view.waking().back().waking.contains(ledger.ends_at)) return;
  const std::string where = layer_text(view.run().info, ledger.ends_at);
  const std::vector<FlowPoint>& profile = view.profiles().back();
  const auto point = std::find_if(profile.begin(), profile.end(),
                                  [&](const FlowPoint& one) { return one.path == ledger.ends_at; });
  Finding finding;
  finding.rule = "vanishing_gradient";
  finding.severity = Severity::note;
  finding.path = ledger.ends_at;
  finding.first_step = finding.last_step = view.measured().back()->step;
  finding.symptom = fmt::format(
      "No gradient gets past {} in this step, so nothing is known of the layers before it.", where);
  finding.evidence = {{"weight of " + where + ", log2 of the rms", point->log2_weight, kZeroLog2,
                       "zero everywhere; its own gradient is not zero (2^" +
                           fmt::format("{:.3g})", point->log2_grad_weight)}};
  finding.cause = "Its weight starts at zero, as Fixup and careful output layers do.";
  finding.consequence = "The first update of that weight ends it, unless the layer is frozen.";
  finding.remedies = {"train a few steps and judge those: plumb train --steps 10",
                      "if it is not meant, initialise it with random weights"};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_vanishing_gradient(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const DepthFlow& flow : view.flows()) badness.push_back(badness_of(flow));
  const auto episode = find_episode(badness, true, 2);
  if (!episode) {
    note_hidden_depth(view, findings);
    return;
  }

  const DepthFlow& flow = view.flows()[episode->first];
  const bool stops = std::isinf(flow.log2_total);
  const RunInfo& info = view.run().info;
  const std::string bottom = layer_text(info, flow.bottom);
  Finding finding = flow_finding(
      view, *episode, "vanishing_gradient", -1,
      stops
          ? fmt::format("The gradient ends at {}: nothing of it reaches the layers before.", bottom)
          : fmt::format("From {} back to {} the gradient shrinks to {} of its size: on average a "
                        "layer passes on {} of it.",
                        layer_of_text(info, flow.top), bottom, size_text(flow.log2_total),
                        size_text(flow.log2_per_layer())));
  finding.consequence = consequence_text(info, on_the_chain(view.profiles()[episode->first]), flow);
  findings.push_back(std::move(finding));
}

}  // namespace plumb
