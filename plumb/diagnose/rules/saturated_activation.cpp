// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_activation.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"

namespace plumb {

namespace {

struct Hit {
  LayerId layer = kNoLayer;
  Episode episode;
  double fraction = 0;
};

/// Bounded, with a linear layer somewhere behind it.
bool is_judged(const RunView& view, LayerId layer) {
  const LayerInfo& info = view.info().layer(layer);
  if (info.family != LayerFamily::activation || !info.traits) return false;
  if (info.traits->saturates != true && !is_flat_above(view, layer)) return false;
  return !view.next_linear(layer).empty();
}

/// A handful of units through which everything passes learns to say yes or no.
bool is_learned_code(const RunView& view, LayerId layer, const Episode& episode) {
  const UnitFacts* units = view.units(layer).at(episode.first);
  return episode.first > 0 && units != nullptr && units->units > 0 && units->units <= kCodeUnits;
}

/// Of an activation behind a normalisation, which gives deviation 1 but for its scale and shift.
std::optional<FindingCause> cause_in_normalisation(const RunView& view, LayerId layer) {
  const RunInfo& info = view.info();
  const LayerId source =
      info.layer(layer).inputs.size() == 1 ? info.layer(layer).inputs[0].from : kNoLayer;
  const ForwardStep* step = view.first_forward();
  if (step == nullptr || source == kNoLayer ||
      info.layer(source).family != LayerFamily::normalisation) {
    return std::nullopt;
  }
  const ParamId scale = info.find_param(source, ParamUse::scale);
  const ParamId shift = info.find_param(source, ParamUse::shift);
  if (scale == kNoParam || !step->param(scale).known() || !step->output(source).known()) {
    return std::nullopt;
  }
  const double factor = step->param(scale).rms;
  const double offset = shift == kNoParam ? 0 : step->param(shift).rms;
  if (factor < 2 && offset < 2) return std::nullopt;
  const Place place = Place::layer(source);
  const bool by_shift = offset > factor;
  return FindingCause{by_shift ? CauseKind::norm_shift : CauseKind::norm_scale,
                      Place::param(by_shift ? shift : scale),
                      1,
                      {{Quantity::z_rms, step->output(source).rms, place, {}},
                       {by_shift ? Quantity::bias_rms : Quantity::scale_rms,
                        by_shift ? offset : factor,
                        place,
                        {}}}};
}

FindingCause cause_of(const RunView& view, const Hit& hit) {
  const UnitFacts& then = *view.units(hit.layer).at(hit.episode.first);
  FindingCause cause{CauseKind::large_input, Place::layer(hit.layer), 1, {}};
  if (const auto by_norm = cause_in_normalisation(view, hit.layer)) return *by_norm;
  const double z = static_cast<double>(then.log2_z);
  const double x = static_cast<double>(then.log2_x);
  const double gain = static_cast<double>(then.log2_gain);
  if (std::isnan(z) || std::isnan(x) || std::isnan(gain)) return cause;
  const Place linear = Place::layer(view.info().layer(hit.layer).inputs[0].from);
  cause.place = linear;
  cause.facts = {{Quantity::z_rms, std::exp2(z), linear, {}},
                 {Quantity::x_rms, std::exp2(x), linear, {}},
                 {Quantity::gain, std::exp2(gain), linear, {}}};
  const bool by_input = x >= gain && x > 1;
  cause.kind = by_input   ? CauseKind::large_input
               : gain > 1 ? CauseKind::large_weight
                          : CauseKind::large_bias;
  return cause;
}

}  // namespace

bool is_flat_above(const RunView& view, LayerId layer) {
  constexpr double kFewZeros = 0.1;
  const auto& traits = view.info().layer(layer).traits;
  const bool both = traits && !traits->saturates.has_value() && traits->can_die == true &&
                    traits->low_slope == 0 && traits->high_slope == 0;
  if (!both) return false;
  const auto few_zeros = [&](const ForwardStep* step) {
    return step != nullptr && step->output(layer).known() &&
           step->output(layer).zero_fraction <= kFewZeros;
  };
  return few_zeros(view.first_forward()) || few_zeros(view.last_forward());
}

void check_saturated_activation(const RunView& view, std::vector<Finding>& findings) {
  std::vector<Hit> hits;
  for (const LayerId layer : view.graph().forward_order()) {
    if (!is_judged(view, layer)) continue;
    const auto badness = view.units(layer).column(
        view.measured().size(),
        [](const UnitFacts& facts) { return facts.saturated_fraction / kSaturatedFraction; });
    const auto episode = find_episode(badness, true, 2);
    if (episode && !is_learned_code(view, layer, *episode)) {
      hits.push_back({layer, *episode, badness[episode->worst] * kSaturatedFraction});
    }
  }
  if (hits.empty()) return;
  const Hit& first = *std::min_element(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return a.episode.first < b.episode.first;
  });
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  const Place place = Place::layer(first.layer);

  Finding finding;
  finding.rule = "saturated_activation";
  finding.severity =
      worst.fraction >= kSaturatedFractionCritical ? Severity::critical : Severity::warning;
  finding.place = place;
  set_steps(view, joined_episode(hits), finding);
  finding.evidence = {
      {{Quantity::worst_saturated_fraction, worst.fraction, Place::layer(worst.layer), {}},
       kSaturatedFraction}};
  const auto step = static_cast<double>(view.measured()[first.episode.worst].step);
  finding.facts = {{Quantity::saturated_fraction, first.fraction, place, {}},
                   {Quantity::largest_at_step, step, place, {}},
                   {Quantity::layers_affected, static_cast<double>(hits.size()), {}, {}}};
  finding.cause = cause_of(view, first);
  finding.remedies = {
      {RemedyKind::smaller_weights, place, {{"gain", 1.0}, {"scheme", "glorot_normal"}}, {}},
      {RemedyKind::scale_inputs, {}, {}, {}},
      {RemedyKind::add_normalisation, {}, {}, {}},
      {RemedyKind::replace_activation,
       place,
       {{"activation", "relu"}, {"scheme", "he_normal"}},
       {}},
      {RemedyKind::lower_rate, {}, {{"if", "it_began_in_training"}}, {}}};
  if (finding.cause.kind == CauseKind::large_input) {
    std::swap(finding.remedies[0], finding.remedies[1]);
  }
  if (finding.cause.kind == CauseKind::large_bias) {
    const ParamId bias = view.info().find_param(finding.cause.place.id, ParamUse::bias);
    const Place at = bias == kNoParam ? place : Place::param(bias);
    finding.remedies.insert(finding.remedies.begin(),
                            {RemedyKind::set_bias, at, {{"value", 0.0}}, {}});
  }
  // A normalisation gives what it reads deviation 1, however small its weights: its own parameters
  // did it, and another one in front of the activation changes nothing.
  if (finding.cause.kind == CauseKind::norm_scale) {
    finding.remedies = {{RemedyKind::set_scale, finding.cause.place, {{"value", 1.0}}, {}}};
  } else if (finding.cause.kind == CauseKind::norm_shift) {
    finding.remedies = {{RemedyKind::set_bias, finding.cause.place, {{"value", 0.0}}, {}}};
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
