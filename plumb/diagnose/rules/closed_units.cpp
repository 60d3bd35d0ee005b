// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/closed_units.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

bool closes_below(const LayerInfo& layer) {
  if (layer.family != LayerFamily::activation || !layer.traits || layer.inputs.size() != 1) {
    return false;
  }
  const auto& traits = *layer.traits;
  return traits.low_slope && traits.high_slope && traits.usual_log2_derivative &&
         *traits.low_slope < 0.4 * *traits.high_slope;
}

struct Hit {
  LayerId layer = kNoLayer;  ///< the activation
  ParamId param = kNoParam;
  double shift = 0;  ///< mean over deviation
  double bias = 0;
  double log2_closed = 0;  ///< rms f' over the usual
};

/// In one step; the worst.
Hit find_closed(const RunView& view, const ForwardStep& step, int& affected) {
  const RunInfo& info = view.info();
  Hit worst;
  affected = 0;
  for (const LayerId layer : view.graph().forward_order()) {
    const LayerInfo& one = info.layer(layer);
    if (!closes_below(one)) continue;
    const LayerId source = one.inputs[0].from;
    const bool norm = info.layer(source).family == LayerFamily::normalisation;
    const ParamId param = info.find_param(source, norm ? ParamUse::shift : ParamUse::bias);
    const TensorFacts& z = step.output(source);
    if (param == kNoParam || !z.known() || !step.param(param).known()) continue;
    const double bias = step.param(param).mean;
    const double closed = step.derivative(layer) - *one.traits->usual_log2_derivative;
    // Where nothing is multiplied into it, what is added is all there is.
    const ParamId factor = info.find_param(source, norm ? ParamUse::scale : ParamUse::weight);
    const double smallest = norm ? kSmallScale : 0;
    if (factor != kNoParam && !(step.param(factor).rms > smallest)) continue;
    const bool shifted = z.mean < 0 && z.mean <= -kShift * z.deviation && bias <= 0.5 * z.mean;
    if (!shifted || !(closed <= kClosedLog2)) continue;
    ++affected;
    if (worst.layer == kNoLayer || closed < worst.log2_closed) {
      worst = {layer, param, z.mean / z.deviation, bias, closed};
    }
  }
  return worst;
}

void add_closed(const RunView& view, std::vector<Finding>& findings) {
  for (const ForwardStep* step : {view.first_forward(), view.last_forward()}) {
    int affected = 0;
    const Hit hit = find_closed(view, *step, affected);
    if (hit.layer == kNoLayer) continue;
    const Place place = Place::layer(hit.layer);
    Finding finding;
    finding.rule = "closed_units";
    finding.severity = hit.log2_closed <= kVeryClosedLog2 ? Severity::critical : Severity::warning;
    finding.place = place;
    finding.first_step = step->step;
    int still = 0;
    find_closed(view, *view.last_forward(), still);
    finding.over = still == 0;
    finding.last_step = finding.over ? step->step : view.last_forward()->step;
    finding.evidence = {{{Quantity::closed_log2, hit.log2_closed, place, {}}, kClosedLog2},
                        {{Quantity::shift_in_deviations, hit.shift, place, {}}, -kShift}};
    finding.facts = {{Quantity::bias_mean, hit.bias, Place::param(hit.param), {}},
                     {Quantity::layers_affected, static_cast<double>(affected), {}, {}}};
    const bool norm = view.info().param(hit.param).use == ParamUse::shift;
    finding.cause = {
        norm ? CauseKind::norm_shift : CauseKind::large_bias, Place::param(hit.param), 1, {}};
    // What was open at the start was shut by the steps: another start would not keep it open.
    if (step == view.first_forward()) {
      finding.remedies = {{RemedyKind::set_bias, Place::param(hit.param), {{"value", 0.0}}, {}}};
    } else {
      finding.remedies = {{RemedyKind::lower_rate, {}, {}, {}},
                          {RemedyKind::clip_norm, {}, {}, {}}};
    }
    findings.push_back(std::move(finding));
    return;
  }
}

void add_muted(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  const ForwardStep& first = *view.first_forward();
  const ForwardStep& last = *view.last_forward();
  for (const LayerId layer : view.graph().main_chain()) {
    if (info.layer(layer).family != LayerFamily::normalisation) continue;
    const ParamId scale = info.find_param(layer, ParamUse::scale);
    if (scale == kNoParam || !first.param(scale).known()) continue;
    const double rms = first.param(scale).rms;
    if (rms > kSmallScale) continue;
    const Place place = Place::layer(layer);
    Finding finding;
    finding.rule = "closed_units";
    finding.severity = Severity::warning;
    finding.place = place;
    finding.first_step = first.step;
    finding.over = last.param(scale).known() && last.param(scale).rms > kSmallScale;
    finding.last_step = finding.over ? first.step : last.step;
    finding.evidence = {{{Quantity::scale_rms, rms, Place::param(scale), {}}, kSmallScale}};
    finding.cause = {CauseKind::norm_scale, Place::param(scale), 1, {}};
    finding.remedies = {{RemedyKind::set_scale, Place::param(scale), {{"value", 1.0}}, {}}};
    findings.push_back(std::move(finding));
    return;
  }
}

}  // namespace

void check_closed_units(const RunView& view, std::vector<Finding>& findings) {
  if (view.first_forward() == nullptr) return;
  add_closed(view, findings);
  add_muted(view, findings);
}

}  // namespace plumb
