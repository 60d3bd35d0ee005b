// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_scale.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

void check_output_scale(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  const ForwardStep* first = view.first_forward();
  const LayerId output = output_layer(info);
  if (first == nullptr || output == kNoLayer || first->step != 0) return;
  if (info.loss != "cross_entropy" && info.loss != "binary_cross_entropy") return;
  const bool by_data = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return (finding.rule == "input_scale" || finding.rule == "column_scale") &&
           finding.severity > Severity::note;
  });
  const TensorFacts& y = first->output(output);
  const double baseline = baseline_loss(info);
  const double ratio = first->loss / baseline;
  if (by_data || !y.known() || y.rms < kLargeOutput || !(ratio >= kLargeStart)) return;
  const LayerId last = view.chain_ends().last;
  const Place place = Place::layer(last == kNoLayer ? output : last);
  Finding finding;
  finding.rule = "output_scale";
  finding.severity = ratio >= kVeryLargeStart ? Severity::critical : Severity::warning;
  finding.place = place;
  finding.first_step = finding.last_step = first->step;
  finding.evidence = {{{Quantity::loss_over_baseline, ratio, Place::loss(), {}}, kLargeStart},
                      {{Quantity::output_rms, y.rms, place, {}}, kLargeOutput}};
  finding.facts = {{Quantity::loss_at_first, first->loss, {}, {}},
                   {Quantity::baseline_loss, baseline, {}, {}}};
  finding.cause = {CauseKind::large_weight, place, 1, {}};
  const ParamId weight = last == kNoLayer ? kNoParam : info.find_param(last, ParamUse::weight);
  const std::int64_t fan_in = last == kNoLayer ? 0 : info.layer(last).fan_in;
  if (weight != kNoParam && fan_in > 0 && first->param(weight).known()) {
    finding.cause.facts = {{Quantity::gain,
                            first->param(weight).rms * std::sqrt(static_cast<double>(fan_in)),
                            place,
                            {}}};
  }
  const ParamId bias = last == kNoLayer ? kNoParam : info.find_param(last, ParamUse::bias);
  if (bias != kNoParam && 2 * first->param(bias).rms >= y.rms) {
    finding.cause = {CauseKind::large_bias,
                     place,
                     1,
                     {{Quantity::bias_rms, first->param(bias).rms, Place::param(bias), {}}}};
  }
  finding.remedies = {{RemedyKind::smaller_weights, place, {{"for", "output"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
