// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/flow_finding.h"

#include <algorithm>
#include <cmath>

namespace plumb {

namespace {

/// Of the whole flow, what single layers must do to be its place.
constexpr double kMostOfIt = 0.6;

/// The weights were in order when the run began: what came later is not of how they were drawn.
bool began_in_order(const RunView& view, const Episode& episode) {
  const std::vector<MeasuredStep>& steps = view.measured();
  return std::any_of(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(episode.first),
                     [](const MeasuredStep& step) { return step.flow.known; });
}

Finding over_depth(const RunView& view, const Episode& episode, const std::string& rule, int sign) {
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
    const double limit = sign * total < kFlowLog2Total ? kFlowLog2Normalised : kFlowLog2Total;
    finding.evidence = {{whole, sign * limit}, {of_layer, sign * kFlowLog2PerLayer}};
  } else {
    finding.evidence = {{whole, sign * kFlowLog2Extreme}};
    finding.facts.push_back(of_layer);
  }
  if (flow.recurrence != 0) {
    finding.facts.push_back({Quantity::recurrence_log2, flow.recurrence, bottom, top});
  }
  if (!std::isnan(step.log2_learning)) {
    // By the updates where some were recorded, else by the gradients.
    const bool moves = !step.paces.empty() && step.learning_rate > 0;
    const Role by = moves ? Role::update : Role::grad_weight;
    finding.facts.push_back({Quantity::learning_log2, step.log2_learning,
                             Place::layer(view.chain_ends().first, by),
                             Place::layer(view.chain_ends().last)});
  }
  return finding;
}

}  // namespace

std::vector<OddLayer> layers_at_fault(const MeasuredStep& step) {
  const double total = step.flow.log2_judged();
  std::vector<OddLayer> layers;
  if (!step.flow.known || std::isinf(total)) return layers;
  double sum = 0;
  for (const OddLayer& one : step.odd) {
    if (!one.on_chain || one.log2 * total <= 0) continue;
    layers.push_back(one);
    sum += one.log2;
  }
  if (sum / total < kMostOfIt) layers.clear();
  return layers;
}

void blame(const RunInfo& info, const OddLayer& odd, Finding& finding) {
  const Place place = Place::layer(odd.layer);
  finding.place = place;
  finding.cause = {odd.kind,
                   place,
                   1,
                   {{Quantity::odd_log2, odd.log2, place, {}},
                    {Quantity::own_gain_log2, odd.own, place, {}},
                    {Quantity::usual_gain_log2, odd.usual, {}, {}},
                    {Quantity::others, static_cast<double>(odd.alike), {}, {}}}};
  const Remedy like_others{RemedyKind::like_others, place, {{"gain", std::exp2(odd.usual)}}, {}};
  const Remedy residual{RemedyKind::add_residual, {}, {}, {}};
  const Remedy normalise{RemedyKind::add_normalisation, {}, {}, {}};
  finding.remedies = {like_others, normalise};
  if (odd.kind == CauseKind::odd_derivative) {
    // Replaced where it is the activation itself; what it is fed decides that.
    finding.remedies = {like_others, {RemedyKind::set_bias, place, {{"value", 0.0}}, {}}};
    if (info.layer(odd.layer).traits) finding.remedies.push_back(residual);
  }
  if (odd.kind == CauseKind::odd_branch) {
    finding.remedies = {like_others, {RemedyKind::scale_branch, place, {{"scale", 0.1}}, {}}};
  }
}

std::vector<Finding> flow_findings(const RunView& view, const Episode& episode,
                                   const std::string& rule, int sign) {
  const MeasuredStep& step = view.measured()[episode.first];
  const Finding whole = over_depth(view, episode, rule, sign);
  std::vector<Finding> findings;
  for (const OddLayer& odd : layers_at_fault(step)) {
    Finding finding = whole;
    blame(view.info(), odd, finding);
    finding.cause.share = odd.log2 / step.flow.log2_judged();
    findings.push_back(std::move(finding));
  }
  if (!findings.empty()) return findings;
  findings.push_back(whole);
  Finding& finding = findings.back();
  finding.cause = flow_cause(view.info(), step.flow);
  finding.remedies = flow_remedies(view.info(), step.flow);
  if (began_in_order(view, episode)) {
    std::erase_if(finding.remedies, [](const Remedy& remedy) {
      return remedy.kind == RemedyKind::initialise || remedy.kind == RemedyKind::random_weights;
    });
  }
  return findings;
}

}  // namespace plumb
