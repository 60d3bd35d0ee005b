// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/flow_finding.h"

#include <fmt/format.h>

#include <utility>

#include "plumb/diagnose/words.h"

namespace plumb {

Finding flow_finding(const RunView& view, const Episode& episode, const std::string& rule, int sign,
                     std::string symptom) {
  const DepthFlow& flow = view.flows()[episode.first];
  const RunInfo& info = view.run().info;
  const std::string source = "our choice, calibrated in docs/rules/" + rule + ".md";
  Finding finding;
  finding.rule = rule;
  finding.severity = sign * flow.log2_total >= kFlowLog2Extreme && !episode.over
                         ? Severity::critical
                         : Severity::warning;
  finding.path = flow.bottom;
  finding.first_step = view.measured()[episode.first]->step;
  finding.last_step = view.measured()[episode.last]->step;
  finding.symptom = std::move(symptom);
  if (episode.over) {
    finding.symptom += fmt::format(" After step {} it no longer shows.", finding.last_step);
  }
  finding.evidence = {
      {"gradient at " + layer_text(info, flow.bottom) + " against that at " +
           layer_text(info, flow.top) + ", log2 of the norm",
       flow.log2_total, sign * kFlowLog2Total, "a factor of 100; " + source},
      {"the same for one layer, log2", flow.log2_per_layer(), sign * kFlowLog2PerLayer, source}};
  finding.cause = cause_text(info, flow);
  finding.remedies = remedies_for(info, flow);
  return finding;
}

}  // namespace plumb
