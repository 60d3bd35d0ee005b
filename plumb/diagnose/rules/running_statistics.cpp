// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/running_statistics.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

constexpr double kMissing = 0.25;
constexpr double kMissingCritical = 0.5;
constexpr double kSlowMemory = 0.05;
constexpr double kWantedMemory = 0.01;
constexpr double kUsualMomentum = 0.1;  // PyTorch's

/// The layer whose statistics follow most slowly; kNoLayer where none keeps any.
LayerId slowest(const RunInfo& info) {
  LayerId slowest = kNoLayer;
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    if (!info.layers[i].running_momentum) continue;
    const auto id = static_cast<LayerId>(i);
    if (slowest == kNoLayer ||
        *info.layers[i].running_momentum < *info.layer(slowest).running_momentum) {
      slowest = id;
    }
  }
  return slowest;
}

/// The part of what was gained that is missing in use, by the accuracy; NaN where there is none.
double missing_accuracy(const Learning& learning, const LossCurve::Evaluation& in_use) {
  return (learning.accuracy - in_use.accuracy) / (learning.accuracy - learning.baseline_accuracy);
}

double missing_loss(const Learning& learning, const LossCurve::Evaluation& in_use) {
  return (in_use.loss - learning.at_last) / (learning.reference - learning.at_last);
}

}  // namespace

void check_running_statistics(const RunView& view, std::vector<Finding>& findings) {
  const LayerId layer = slowest(view.info());
  const auto& in_use = view.losses().last_inference();
  const Learning learning = view.learning();
  if (layer == kNoLayer || !in_use || !learning.learns) return;
  const double of_accuracy = missing_accuracy(learning, *in_use);
  const double of_loss = missing_loss(learning, *in_use);
  // Either is enough: an answer may be right still and far less sure.
  const bool by_accuracy = std::isfinite(of_accuracy) && !(of_loss > of_accuracy);
  const double missing = by_accuracy ? of_accuracy : of_loss;
  const bool beyond_noise = !(in_use->loss - learning.at_last < 4 * learning.noise);
  if (!(missing >= kMissing) || !beyond_noise) return;

  const double momentum = *view.info().layer(layer).running_momentum;
  const double memory = std::pow(1 - momentum, static_cast<double>(learning.steps));
  const Place place = Place::layer(layer);
  const bool slow = memory > kSlowMemory;

  Finding finding = learning_finding(view, learning, "running_statistics");
  finding.severity = missing > kMissingCritical ? Severity::critical : Severity::warning;
  finding.place = place;
  finding.first_step = finding.last_step = in_use->step;
  finding.did_harm = true;
  if (by_accuracy) {
    finding.evidence = {
        {{Quantity::inference_accuracy, in_use->accuracy, {}, {}},
         learning.accuracy - kMissing * (learning.accuracy - learning.baseline_accuracy)}};
    finding.facts.push_back({Quantity::training_accuracy, learning.accuracy, {}, {}});
  } else {
    finding.evidence = {{{Quantity::inference_loss, in_use->loss, Place::loss(), {}},
                         learning.at_last + kMissing * (learning.reference - learning.at_last)}};
  }
  finding.cause.kind =
      slow ? CauseKind::slow_running_statistics : CauseKind::unlike_running_statistics;
  finding.cause.place = place;
  finding.cause.facts = {{Quantity::running_momentum, momentum, place, {}},
                         {Quantity::running_memory, memory, place, {}}};
  const double wanted = std::max(
      kUsualMomentum, 1 - std::pow(kWantedMemory, 1 / static_cast<double>(learning.steps)));
  const Remedy raise{
      RemedyKind::set_momentum, place, {{"value", slow ? wanted : 3 * momentum}}, {}};
  const Remedy lower{RemedyKind::lower_rate, {}, {}, {}};
  if (slow) {
    finding.remedies = {raise,
                        {RemedyKind::train_on,
                         {},
                         {{"steps", std::ceil(std::log(kWantedMemory) / std::log1p(-momentum))}},
                         {}}};
  } else {
    finding.remedies = {lower};
    if (3 * momentum < 1) finding.remedies.push_back(raise);
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
