// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/output_scale.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

/// rms(weight) sqrt(fan_in); NaN where it is not known.
double gain_of(const RunInfo& info, const ForwardStep& step, LayerId layer) {
  if (layer == kNoLayer || info.layer(layer).fan_in <= 0) return std::nan("");
  const ParamId weight = info.find_param(layer, ParamUse::weight);
  if (weight == kNoParam || !step.param(weight).known()) return std::nan("");
  return step.param(weight).rms * std::sqrt(static_cast<double>(info.layer(layer).fan_in));
}

}  // namespace

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
  finding.severity = ratio >= kVeryLargeStart ? Severity::critical
                     : ratio >= kHarmfulStart ? Severity::warning
                                              : Severity::note;
  finding.place = place;
  finding.first_step = finding.last_step = first->step;
  finding.evidence = {{{Quantity::loss_over_baseline, ratio, Place::loss(), {}}, kLargeStart},
                      {{Quantity::output_rms, y.rms, place, {}}, kLargeOutput}};
  finding.facts = {{Quantity::loss_at_first, first->loss, {}, {}},
                   {Quantity::baseline_loss, baseline, {}, {}}};
  const double gain = gain_of(info, *first, last);
  const ParamId bias = last == kNoLayer ? kNoParam : info.find_param(last, ParamUse::bias);
  const double shift = bias == kNoParam ? 0 : first->param(bias).rms;
  if (2 * shift >= y.rms) {
    finding.cause = {
        CauseKind::large_bias, place, 1, {{Quantity::bias_rms, shift, Place::param(bias), {}}}};
  } else if (gain >= kLargeHeadGain) {
    finding.cause = {CauseKind::large_weight, place, 1, {{Quantity::gain, gain, place, {}}}};
  } else {
    return;
  }
  finding.remedies = {{RemedyKind::smaller_weights, place, {{"for", "output"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
