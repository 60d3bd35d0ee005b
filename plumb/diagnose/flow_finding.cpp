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
  finding.severity = sign * flow.log2_total >= kFlowLog2Extreme && !episode.over
                         ? Severity::critical
                         : Severity::warning;
  finding.place = bottom;
  finding.first_step = step.step;
  finding.last_step = view.measured()[episode.last].step;
  finding.over = episode.over;
  finding.evidence = {{{Quantity::flow_log2, flow.log2_total, bottom, top}, sign * kFlowLog2Total},
                      {{Quantity::flow_log2_per_layer, flow.log2_per_layer(), bottom, top},
                       sign * kFlowLog2PerLayer}};
  finding.facts = {
      {Quantity::layers_crossed, static_cast<double>(flow.linear_layers), bottom, top}};
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
