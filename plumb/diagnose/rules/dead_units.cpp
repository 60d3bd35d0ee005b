// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/dead_units.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/rules/saturated_activation.h"

namespace plumb {

namespace {

struct Hit {
  LayerId layer = kNoLayer;
  Episode episode;
  const UnitFacts* at_worst = nullptr;
  double fraction = 0;
  double at_first = 0;  ///< the fraction in the first measured step
};

double dead_fraction(const UnitFacts& facts) {
  return static_cast<double>(facts.dead_units) / static_cast<double>(facts.units);
}

/// A layer whose input is not finite has no activity to speak of; non_finite tells that story.
bool can_tell(const UnitFacts& facts) {
  return facts.units > 0 && facts.window_samples > 0 && facts.finite_loss;
}

bool is_relu_cell(const LayerInfo& layer) {
  return layer.family == LayerFamily::recurrent && layer.cell &&
         layer.cell->state_activation == "relu";
}

bool is_judged(const RunView& view, LayerId id) {
  const LayerInfo& layer = view.info().layer(id);
  if (is_relu_cell(layer)) return true;
  return layer.family == LayerFamily::activation && layer.traits && layer.traits->can_die == true &&
         layer.traits->saturates != true && !is_flat_above(view, id);
}

std::optional<Hit> judge(const RunView& view, LayerId layer) {
  const StepSeries<UnitFacts>& series = view.units(layer);
  Hit hit{.layer = layer, .episode = {}};
  const auto first = std::find_if(series.items().begin(), series.items().end(),
                                  [](const auto& item) { return can_tell(item.second); });
  if (first == series.items().end()) return std::nullopt;
  hit.at_first = dead_fraction(first->second);
  const auto badness = series.column(view.measured().size(), [&](const UnitFacts& facts) {
    if (!can_tell(facts)) return std::numeric_limits<double>::quiet_NaN();
    const double fraction = dead_fraction(facts);
    const double limit = dead_fraction_limit(facts.units);
    const double by_chance = limit < 1 || fraction == 1 ? fraction / limit : 0.0;
    return std::max(by_chance, (fraction - hit.at_first) / died_fraction_limit(facts.units));
  });
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return std::nullopt;
  hit.episode = *episode;
  hit.at_worst = series.at(episode->worst);
  hit.fraction = dead_fraction(*hit.at_worst);
  return hit;
}

/// Momentum that makes fifty times the rate of it, and more.
bool adds_up(const RunView& view) {
  const std::optional<OptimiserInfo>& optimiser = view.info().optimiser_info;
  return optimiser && !optimiser->is_adaptive() && optimiser->momentum > 0.98;
}

std::vector<Remedy> remedies_of(const LayerInfo& layer, const UnitFacts& facts, bool died,
                                bool adds_up, const Place& place) {
  const Remedy immortal =
      is_relu_cell(layer)
          ? Remedy{RemedyKind::gated_cell, place, {{"units", static_cast<double>(facts.units)}}, {}}
          : Remedy{RemedyKind::replace_activation, place, {{"activation", "leaky_relu"}}, {}};
  if (died && adds_up) {
    return {{RemedyKind::lower_momentum, {}, {{"to", 0.9}}, {}},
            {RemedyKind::lower_rate, {}, {}, {}},
            immortal};
  }
  if (died) {
    return {{RemedyKind::lower_rate, {}, {}, {}},
            {RemedyKind::warm_up, {}, {}, {}},
            immortal,
            {RemedyKind::clip_norm, {}, {}, {}}};
  }
  return {{RemedyKind::set_bias, place, {{"value", 0.0}}, {}},
          {RemedyKind::initialise, place, {{"scheme", "he_normal"}}, {}},
          immortal,
          {RemedyKind::scale_inputs, {}, {}, {}}};
}

/// A limit that is met to the last digit but one counts as met: judged was the ratio to it.
bool is_passed(const Evidence& evidence) {
  return evidence.fact.value >= evidence.threshold - 1e-12 * std::abs(evidence.threshold);
}

}  // namespace

double dead_fraction_limit(std::int64_t units) {
  return std::min(1.0, 0.5 + 2 / std::sqrt(static_cast<double>(units)));
}

double died_fraction_limit(std::int64_t units) {
  return std::max(0.3, 4 * std::sqrt(0.5 / static_cast<double>(units)));
}

void check_dead_units(const RunView& view, std::vector<Finding>& findings) {
  std::vector<Hit> hits;
  int judged = 0;
  for (const LayerId layer : view.graph().forward_order()) {
    if (!is_judged(view, layer)) continue;
    ++judged;
    if (const auto hit = judge(view, layer)) hits.push_back(*hit);
  }
  if (hits.empty()) return;
  const Hit& first = *std::min_element(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return a.episode.first < b.episode.first;
  });
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  const UnitFacts& then = *worst.at_worst;
  const double rise = worst.fraction - worst.at_first;
  const bool died = rise >= died_fraction_limit(then.units);
  const Place place = Place::layer(worst.layer);
  const auto number = [](auto value) { return static_cast<double>(value); };

  Finding finding;
  finding.rule = "dead_units";
  finding.severity =
      worst.fraction >= kDeadCriticalFraction ? Severity::critical : Severity::warning;
  finding.place = Place::layer(first.layer);
  set_steps(view, joined_episode(hits), finding);
  // Either is enough.
  const Evidence all{{Quantity::dead_fraction, worst.fraction, place, {}},
                     dead_fraction_limit(then.units)};
  const Evidence since{{Quantity::dead_fraction_rise, rise, place, {}},
                       died_fraction_limit(then.units)};
  for (const Evidence& one : {all, since}) {
    if (is_passed(one)) {
      finding.evidence.push_back(one);
    } else {
      finding.facts.push_back(one.fact);
    }
  }
  const Fact more[] = {{Quantity::dead_units, number(then.dead_units), place, {}},
                       {Quantity::units, number(then.units), place, {}},
                       {Quantity::window_samples, number(then.window_samples), place, {}},
                       {Quantity::layers_affected, number(hits.size()), {}, {}},
                       {Quantity::layers_judged, number(judged), {}, {}}};
  finding.facts.insert(finding.facts.end(), std::begin(more), std::end(more));
  finding.cause = {
      died ? CauseKind::died_in_training : CauseKind::silent_from_start,
      place,
      1,
      {{Quantity::dead_fraction_at_first, worst.at_first, place, {}},
       {Quantity::largest_at_step, number(view.measured()[worst.episode.worst].step), place, {}}}};
  finding.remedies = remedies_of(view.info().layer(worst.layer), then, died, adds_up(view), place);
  findings.push_back(std::move(finding));
}

}  // namespace plumb
