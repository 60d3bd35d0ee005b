// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/update_too_large.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/learning_finding.h"
#include "plumb/diagnose/summed_loss.h"

namespace plumb {

namespace {

using Paces = std::vector<LayerPace>;
/// A first step that leaves nothing of the weights: sixteen times their size.
constexpr double kFirstUpdateLog2 = 4;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kNone = -std::numeric_limits<double>::infinity();

const LayerPace& largest(const Paces& paces) {
  return *std::max_element(paces.begin(), paces.end(), [](const LayerPace& a, const LayerPace& b) {
    return a.log2_update < b.log2_update;
  });
}

/// A network whose units are all dead does not move any more, and says nothing of its steps.
bool can_tell(const Paces& paces) {
  return !paces.empty() && largest(paces).log2_update > -std::numeric_limits<double>::infinity();
}

double largest_ratio(const Paces& paces) {
  return can_tell(paces) ? std::exp2(largest(paces).log2_update) : kNan;
}

double median_log2(const Paces& paces) {
  std::vector<double> ratios;
  ratios.reserve(paces.size());
  for (const LayerPace& pace : paces) ratios.push_back(pace.log2_update);
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>((ratios.size() - 1) / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

double badness_of(const Paces& paces, double persistence_log2) {
  if (!can_tell(paces)) return kNan;
  return std::max(std::exp2(median_log2(paces) - kUpdateLog2),
                  largest_ratio(paces) * std::exp2(-kLayerUpdateLog2)) *
         std::exp2(persistence_log2);
}

/// Momentum beta takes a step the same way again for 1 / (1 - beta) steps, 10 at the usual 0.9:
/// log2 of how many times as long, in a network that learns badly, else 0. Steps that are in order
/// one by one carry the weights that much further before the gradient can turn them.
double persistence_log2(const RunView& view) {
  constexpr double kUsual = 10;
  const std::optional<OptimiserInfo>& optimiser = view.info().optimiser_info;
  if (!optimiser || optimiser->is_adaptive() || !(optimiser->momentum < 1)) return 0;
  const double memory = 1 / (1 - optimiser->momentum);
  if (!(memory > kUsual * (1 + 1e-9)) || !learns_badly(view)) return 0;
  return std::log2(std::min(memory, static_cast<double>(view.learning().steps)) / kUsual);
}

/// How many layers moved faster than that in one of the steps.
std::size_t count_faster(const RunView& view, const Episode& episode, double limit_log2) {
  std::vector<bool> faster(view.info().layers.size(), false);
  for (std::size_t s = episode.first; s <= episode.last; ++s) {
    for (const LayerPace& pace : view.measured()[s].paces) {
      if (pace.log2_update > limit_log2) faster[static_cast<std::size_t>(pace.layer)] = true;
    }
  }
  return static_cast<std::size_t>(std::count(faster.begin(), faster.end(), true));
}

/// How many gradients a step is: what momentum added up. 1 where that is not known, and of an
/// optimiser that divides by their size.
double gradients_a_step(const RunView& view, const MeasuredStep& step, const LayerPace& pace) {
  const std::optional<OptimiserInfo>& optimiser = view.info().optimiser_info;
  if (!optimiser || optimiser->is_adaptive() || !(optimiser->momentum > 0)) return 1;
  const double log2 = pace.log2_step - pace.log2_gradient - std::log2(step.learning_rate);
  return std::isnan(log2) ? 1 : std::exp2(std::min(log2, 60.0));
}

/// As the steps began to be too large: what follows may be large by itself.
bool is_by_momentum(const RunView& view, const MeasuredStep& begin, const LayerPace& first) {
  constexpr double kMany = 4;
  const double many = gradients_a_step(view, begin, first);
  return many > kMany && first.log2_update - std::log2(many) < kUpdateLog2;
}

CauseKind cause_of(const MeasuredStep& step, const LayerPace& worst) {
  const double decay = std::log2(step.learning_rate * step.weight_decay) + worst.log2_weight;
  const bool is_half = decay > worst.log2_step - 1;
  if (worst.log2_learning < worst.log2_update - 1 || is_half) return CauseKind::weight_decay;
  return CauseKind::learning_rate;
}

/// One step of it is several evaluations and the length of each its own finding: no rate times a
/// gradient.
bool is_found_along_a_line(const RunView& view) {
  return view.info().optimiser_info && view.info().optimiser_info->kind == "lbfgs";
}

Remedy first_remedy(CauseKind cause) {
  switch (cause) {
    case CauseKind::weight_decay: return {RemedyKind::lower_weight_decay, {}, {}, {}};
    case CauseKind::momentum: return {RemedyKind::lower_momentum, {}, {{"to", 0.9}}, {}};
    default: break;
  }
  return {RemedyKind::lower_rate, {}, {}, {}};
}

/// A limit that is met to the last digit but one counts as met: judged was the ratio to it.
bool is_passed(const Evidence& evidence) {
  return evidence.fact.value >= evidence.threshold - 1e-12 * std::abs(evidence.threshold);
}

}  // namespace

void check_update_too_large(const RunView& view, std::vector<Finding>& findings) {
  if (is_found_along_a_line(view)) return;
  std::vector<double> badness;
  std::vector<double> ratios;
  for (const MeasuredStep& step : view.measured()) {
    badness.push_back(badness_of(step.paces, 0));
    ratios.push_back(largest_ratio(step.paces));
  }
  auto episode = find_episode(badness, false, 2);
  // A step as large as the weight is enough by itself.
  if (!episode) episode = find_episode(ratios, true, 1);
  double persistence = 0;
  if (!episode && (persistence = persistence_log2(view)) > 0) {
    for (std::size_t i = 0; i < badness.size(); ++i) {
      badness[i] = badness_of(view.measured()[i].paces, persistence);
    }
    episode = find_episode(badness, false, 2);
  }
  if (!episode) return;

  const MeasuredStep& begin = view.measured()[episode->first];
  const MeasuredStep& end = view.measured()[episode->last];
  const Paces& then = view.measured()[episode->worst].paces;
  const LayerPace& worst = largest(then);
  const LayerPace& first = largest(begin.paces);
  const Place place = Place::layer(worst.layer);
  const auto number = [](auto value) { return static_cast<double>(value); };

  Finding finding;
  finding.rule = "update_too_large";
  finding.severity = worst.log2_update >= 0 ? Severity::critical : Severity::warning;
  // The first step alone: the next ones may be smaller, and what it changed may be learned again.
  if (view.measured().size() == 1 && worst.log2_update < kFirstUpdateLog2) {
    finding.severity = Severity::note;
  }
  finding.place = Place::layer(first.layer);
  set_steps(view, *episode, finding);
  finding.facts = {
      {Quantity::layers_affected,
       number(count_faster(view, *episode, kUpdateLog2 - persistence)),
       {},
       {}},
      {Quantity::layers_judged, number(count_faster(view, *episode, kNone)), {}, {}},
      {Quantity::largest_at_step, number(view.measured()[episode->worst].step), place, {}}};
  // Either is enough.
  const Evidence of_one{{Quantity::update_log2, worst.log2_update, place, {}},
                        kLayerUpdateLog2 - persistence};
  const Evidence of_most{{Quantity::median_update_log2, median_log2(then), {}, {}},
                         kUpdateLog2 - persistence};
  for (const Evidence& one : {of_one, of_most}) {
    if (is_passed(one)) {
      finding.evidence.push_back(one);
    } else {
      finding.facts.push_back(one.fact);
    }
  }
  // A loss that is not finite is no number to show; non_finite tells of it.
  if (std::isfinite(begin.loss)) {
    finding.facts.push_back({Quantity::loss_at_first, begin.loss, Place::loss(), {}});
  }
  if (std::isfinite(end.loss)) {
    finding.facts.push_back({Quantity::loss_at_last, end.loss, Place::loss(), {}});
  }
  CauseKind cause = cause_of(view.measured()[episode->worst], worst);
  const bool by_momentum = persistence > 0 || is_by_momentum(view, begin, first);
  if (cause == CauseKind::learning_rate && by_momentum) cause = CauseKind::momentum;
  finding.cause.kind = cause;
  finding.cause.place = place;
  finding.cause.facts = {{Quantity::learning_rate, begin.learning_rate, {}, {}},
                         {Quantity::clip_factor, begin.clip_factor, {}, {}}};
  if (cause == CauseKind::momentum) {
    const double momentum = view.info().optimiser_info->momentum;
    finding.cause.facts.push_back({Quantity::momentum, momentum, {}, {}});
    finding.cause.facts.push_back(
        {Quantity::effective_rate, begin.learning_rate / (1 - momentum), {}, {}});
  }
  if (std::isfinite(worst.log2_weight)) {
    finding.cause.facts.push_back({Quantity::weight_rms_log2, worst.log2_weight, place, {}});
  }
  finding.remedies = {first_remedy(cause), {RemedyKind::warm_up, {}, {}, {}}};
  if (const auto sum = summed_loss(view); sum && cause == CauseKind::learning_rate) {
    const auto samples = static_cast<double>(sum->samples);
    finding.cause.facts.push_back({Quantity::loss_over_baseline, sum->ratio, Place::loss(), {}});
    finding.cause.facts.push_back({Quantity::window_samples, samples, {}, {}});
    finding.remedies.front().arguments = {{"because", "it_is_summed"}, {"samples", samples}};
  }
  const bool adaptive = view.info().optimiser_info && view.info().optimiser_info->is_adaptive();
  // One that divides by the gradient's size takes the same step for a shorter one.
  if (!adaptive) finding.remedies.push_back({RemedyKind::clip_norm, {}, {}, {}});
  findings.push_back(std::move(finding));
}

}  // namespace plumb
