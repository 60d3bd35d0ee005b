// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/flow_finding.h"

#include <cmath>

namespace plumb {

Finding flow_finding(const RunView& view, const Episode& episode, const std::string& rule,
                     int sign) {
  const MeasuredStep& step = view.measured()[episode.first];
  const DepthFlow& flow = step.flow;
  const Place bottom = Place::layer(flow.bottom);
  const Place top = Place::layer(flow.top);
  Finding finding;
  finding.rule = rule;
  const double total = flow.log2_judged(), per_layer = flow.log2_judged_per_layer();
  finding.severity =
      sign * total >= kFlowLog2Extreme && !episode.over ? Severity::critical : Severity::warning;
  finding.place = bottom;
  finding.first_step = step.step;
  finding.last_step = view.measured()[episode.last].step;
  finding.over = episode.over;
  finding.facts = {
      {Quantity::layers_crossed, static_cast<double>(flow.linear_layers), bottom, top}};
  const Fact whole{Quantity::flow_log2, total, bottom, top};
  const Fact of_layer{Quantity::flow_log2_per_layer, per_layer, bottom, top};
  // Both, or so much in all that it does not matter over how many layers.
  if (sign * per_layer >= kFlowLog2PerLayer) {
    finding.evidence = {{whole, sign * kFlowLog2Total}, {of_layer, sign * kFlowLog2PerLayer}};
  } else {
    finding.evidence = {{whole, sign * kFlowLog2Extreme}};
    finding.facts.push_back(of_layer);
  }
  if (flow.recurrence != 0) {
    finding.facts.push_back({Quantity::recurrence_log2, flow.recurrence, bottom, top});
  }
  if (!std::isnan(step.log2_learning)) {
    // By the updates where some were recorded, else by the gradients.
    const Role by = step.paces.empty() ? Role::grad_weight : Role::update;
    finding.facts.push_back({Quantity::learning_log2, step.log2_learning,
                             Place::layer(view.chain_ends().first, by),
                             Place::layer(view.chain_ends().last)});
  }
  finding.cause = flow_cause(view.info(), flow);
  finding.remedies = flow_remedies(view.info(), flow);
  return finding;
}

}  // namespace plumb
