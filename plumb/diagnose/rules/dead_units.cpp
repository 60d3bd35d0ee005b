// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/dead_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/activation_facts.h"
#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

struct Hit {
  const LayerInfo* layer = nullptr;
  Episode episode;
  double fraction = 0;
  double at_first = 0;  ///< the fraction in the first measured step
  double limit = 0;
};

double dead_fraction(const ActivationRecord& record) {
  return static_cast<double>(record.dead_units) / static_cast<double>(record.units);
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
  for (const LayerInfo& layer : view.run().info.layers) {
    const ActivationFacts facts = activation_facts(layer);
    if (layer.family != LayerFamily::activation || !facts.can_die || facts.saturates) continue;
    ++judged;
    Hit hit{.layer = &layer, .episode = {}};
    std::vector<double> badness;
    bool have_first = false;
    for (const StepRecord* step : view.measured()) {
      const ActivationRecord* record = step->activation(layer.path);
      // A layer whose input is not finite has no activity to speak of; non_finite tells that story.
      if (record == nullptr || record->units == 0 || record->window_samples == 0 ||
          !std::isfinite(step->loss)) {
        badness.push_back(std::numeric_limits<double>::quiet_NaN());
        continue;
      }
      const double fraction = dead_fraction(*record);
      if (!have_first) {
        hit.at_first = fraction;
        have_first = true;
      }
      hit.limit = dead_fraction_limit(record->units);
      const double by_chance = hit.limit < 1 || fraction == 1 ? fraction / hit.limit : 0.0;
      badness.push_back(
          std::max(by_chance, (fraction - hit.at_first) / died_fraction_limit(record->units)));
    }
    if (const auto episode = find_episode(badness, true, 2)) {
      hit.episode = *episode;
      hit.fraction = dead_fraction(*view.measured()[episode->worst]->activation(layer.path));
      hits.push_back(hit);
    }
  }
  if (hits.empty()) return;
  const Hit& first = *std::min_element(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    return a.episode.first < b.episode.first;
  });
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  std::size_t last = 0;
  for (const Hit& hit : hits) last = std::max(last, hit.episode.last);
  const ActivationRecord& record =
      *view.measured()[worst.episode.worst]->activation(worst.layer->path);
  const bool died = worst.fraction - worst.at_first >= died_fraction_limit(record.units);

  const std::string where = layer_text(view.run().info, worst.layer->path);

  Finding finding;
  finding.rule = "dead_units";
  finding.severity = worst.fraction >= 0.9 ? Severity::critical : Severity::warning;
  finding.path = first.layer->path;
  finding.first_step = view.measured()[first.episode.first]->step;
  finding.last_step = view.measured()[last]->step;
  finding.symptom = fmt::format("{} of {} units of {} gave zero for each of {} samples",
                                record.dead_units, record.units, where, record.window_samples);
  finding.symptom +=
      hits.size() == 1
          ? "."
          : fmt::format("; {} of {} such layers have too many dead units.", hits.size(), judged);
  finding.evidence = {
      {"dead units of " + where + ", fraction", worst.fraction, worst.limit,
       "1/2 + 2/sqrt(units): four standard deviations above what units of random sign give"},
      {"rise since the first measured step", worst.fraction - worst.at_first,
       died_fraction_limit(record.units), "our choice, calibrated in docs/rules/dead_units.md"}};
  finding.cause = died ? fmt::format(
                             "They died during training: {} at the first measured step, {} at step "
                             "{}. A step that was too large pushed their inputs below zero for "
                             "every sample.",
                             percent_text(worst.at_first), percent_text(worst.fraction),
                             view.measured()[worst.episode.worst]->step)
                       : "They were silent from the start: weights and biases keep their input "
                         "below zero for every sample.";
  finding.consequence =
      worst.fraction == 1
          ? fmt::format("No gradient passes {}, and nothing before it learns.", where)
          : "A dead unit gets no gradient and seldom comes back; the layer works as if it were "
            "that much narrower.";
  finding.remedies =
      died
          ? std::vector<
                std::string>{"lower the learning rate, or warm it up",
                             "replace relu by leaky_relu, elu or gelu, whose units cannot die",
                             "clip the gradient's norm"}
          : std::vector<std::string>{
                "set the biases to zero or slightly positive", "initialise with he_normal (mean 0)",
                "replace relu by leaky_relu, elu or gelu, whose units cannot die",
                "scale the inputs to mean 0"};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
