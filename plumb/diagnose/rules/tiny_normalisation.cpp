// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/tiny_normalisation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

constexpr double kMostOfTwo = 1.05;
constexpr double kLeastOfTwo = 0.5;

/// Whether all that comes out is +s or -s, s the scale: of two values less their mean over their
/// deviation nothing but a sign is left. Of three, the largest is 1.22 deviations off at least.
bool gives_signs_alone(const RunView& view, LayerId layer) {
  const RunInfo& info = view.info();
  const ForwardStep& step = *view.first_forward();
  const TensorFacts& y = step.output(layer);
  if (!y.known() || y.zero_fraction > 0.9) return false;
  double factor = 1;
  if (const ParamId id = info.find_param(layer, ParamUse::scale); id != kNoParam) {
    const TensorFacts& scale = step.param(id);
    if (!scale.known() || scale.deviation > 0.01 * scale.rms) return false;
    factor = scale.rms;
  }
  if (const ParamId id = info.find_param(layer, ParamUse::shift); id != kNoParam) {
    const TensorFacts& shift = step.param(id);
    if (!shift.known() || shift.rms > 0.01 * factor) return false;
  }
  // Two equal values give zeros.
  const double rms = y.rms / std::sqrt(1 - y.zero_fraction);
  return y.abs_max <= kMostOfTwo * factor && rms >= kLeastOfTwo * factor;
}

/// Whether every value that comes out is the shift alone, of inputs that differ: one value less its
/// mean is zero.
bool gives_nothing(const RunView& view, LayerId layer) {
  const RunInfo& info = view.info();
  const LayerInfo& one = info.layer(layer);
  const ForwardStep& step = *view.first_forward();
  const TensorFacts& y = step.output(layer);
  if (!y.known() || one.inputs.size() != 1) return false;
  const TensorFacts& x = step.output(one.inputs[0].from);
  if (!x.known() || !(x.deviation > 0)) return false;
  const ParamId scale = info.find_param(layer, ParamUse::scale);
  if (scale != kNoParam && !(step.param(scale).known() && step.param(scale).rms > 0)) return false;
  const ParamId shift = info.find_param(layer, ParamUse::shift);
  if (shift == kNoParam) return y.abs_max == 0;
  return step.param(shift).known() && step.param(shift).rms == 0 && y.abs_max == 0;
}

/// NaN where it is not known.
double values_of(const RunView& view, LayerId layer) {
  const LayerInfo& info = view.info().layer(layer);
  if (info.units <= 0) return std::nan("");
  if (!info.running_momentum) {
    // The groups of a group normalisation are told by what they give.
    if (info.units > 2 && gives_nothing(view, layer)) return 1;
    const bool in_pairs = info.units > 2 && gives_signs_alone(view, layer);
    return in_pairs ? 2 : static_cast<double>(info.units);
  }
  const ParamId scale = view.info().find_param(layer, ParamUse::scale);
  const TensorFacts& y = view.first_forward()->output(layer);
  if (scale == kNoParam || view.info().param(scale).count <= 0 || !y.known()) return std::nan("");
  return y.count / static_cast<double>(view.info().param(scale).count);
}

/// The statistics of a batch change from step to step: of three values they are noise.
double limit_of(const LayerInfo& layer) { return layer.running_momentum ? 3 : 2; }

}  // namespace

void check_tiny_normalisation(const RunView& view, std::vector<Finding>& findings) {
  if (view.first_forward() == nullptr) return;
  const RunInfo& info = view.info();
  LayerId worst = kNoLayer;
  double fewest = std::numeric_limits<double>::infinity();
  int affected = 0;
  for (const LayerId layer : view.graph().forward_order()) {
    if (info.layer(layer).family != LayerFamily::normalisation) continue;
    const double values = values_of(view, layer);
    if (!(values <= limit_of(info.layer(layer)))) continue;
    ++affected;
    if (values < fewest) fewest = values, worst = layer;
  }
  if (worst == kNoLayer) return;
  Finding finding;
  finding.rule = "tiny_normalisation";
  finding.severity = fewest <= 1 ? Severity::critical : Severity::warning;
  finding.place = Place::layer(worst);
  set_all_steps(view, finding);
  finding.evidence = {
      {{Quantity::values_normalised, fewest, finding.place, {}}, limit_of(info.layer(worst))}};
  finding.facts = {{Quantity::layers_affected, static_cast<double>(affected), {}, {}}};
  const bool over_batch = info.layer(worst).running_momentum.has_value();
  finding.cause = {CauseKind::normalisation, finding.place, 1, {}};
  if (over_batch) {
    finding.remedies = {{RemedyKind::larger_batch, finding.place, {}, {}},
                        {RemedyKind::drop_normalisation, finding.place, {{"by", "ln"}}, {}}};
  } else {
    finding.remedies = {{RemedyKind::drop_normalisation, finding.place, {}, {}},
                        {RemedyKind::widen, finding.place, {}, {}}};
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
