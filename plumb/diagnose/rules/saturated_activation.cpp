// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_activation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "plumb/diagnose/activation_facts.h"
#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/words.h"
#include "plumb/flow/layer_tree.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

struct Candidate {
  const LayerInfo* activation = nullptr;
  const LayerInfo* linear = nullptr;  // before it in its chain, or null
  const LayerInfo* before = nullptr;  // before that
};

/// The bounded activations with a linear layer somewhere behind them.
std::vector<Candidate> candidates(const LayerTree& tree) {
  std::vector<Candidate> found;
  const LayerInfo* last_linear = nullptr;
  const LayerTree::Chain order = tree.forward_order();
  for (const LayerInfo* layer : order) {
    if (layer->family == LayerFamily::linear) last_linear = layer;
  }
  bool open = last_linear != nullptr;
  for (std::size_t i = 0; i < order.size() && open; ++i) {
    open = order[i] != last_linear;
    const bool bounded =
        order[i]->family == LayerFamily::activation && activation_facts(*order[i]).saturates;
    if (!open || !bounded) continue;
    Candidate candidate{order[i], nullptr, nullptr};
    if (i > 0 && order[i - 1]->family == LayerFamily::linear) {
      candidate.linear = order[i - 1];
      if (i > 1) candidate.before = order[i - 2];
    }
    found.push_back(candidate);
  }
  return found;
}

std::string cause_of(const Candidate& at, const StepRecord& step) {
  if (at.linear == nullptr) return "Its input is large.";
  const StepIndex index(step);
  const double z = log2_rms_or_nan(index.find(at.linear->path, Role::z));
  const double gain =
      log2_rms_or_nan(index.find(at.linear->path, Role::weight)) +
      0.5 * std::log2(static_cast<double>(std::max<std::int64_t>(1, at.linear->fan_in)));
  const double x = at.before == nullptr
                       ? log2_rms_or_nan(index.find("input", Role::a))
                       : log2_rms_or_nan(index.find(at.before->path, output_role(*at.before)));
  const std::string sizes =
      fmt::format("z = Wx + b has rms {:.3g}: x has rms {:.3g} and the weight a gain of {:.3g}",
                  std::exp2(z), std::exp2(x), std::exp2(gain));
  if (x >= gain && x > 1) return "The input is too large: " + sizes + ".";
  if (gain > 1) return "The weight is too large: " + sizes + ".";
  return "The bias is too large, or the weight has aligned with its input: " + sizes + ".";
}

}  // namespace

void check_saturated_activation(const RunView& view, std::vector<Finding>& findings) {
  const LayerTree tree(view.run().info);
  struct Hit {
    Candidate at;
    Episode episode;
    double fraction;
  };
  std::vector<Hit> hits;
  for (const Candidate& candidate : candidates(tree)) {
    std::vector<double> badness;
    for (const StepRecord* step : view.measured()) {
      const ActivationRecord* record = step->activation(candidate.activation->path);
      badness.push_back(record == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                          : record->saturated_fraction / kSaturatedFraction);
    }
    if (const auto episode = find_episode(badness, true, 2)) {
      hits.push_back({candidate, *episode, badness[episode->worst] * kSaturatedFraction});
    }
  }
  if (hits.empty()) return;
  const auto earliest = [](const Hit& a, const Hit& b) {
    return a.episode.first < b.episode.first;
  };
  const Hit& first = *std::min_element(hits.begin(), hits.end(), earliest);
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  std::size_t last = 0;
  for (const Hit& hit : hits) last = std::max(last, hit.episode.last);

  const RunInfo& info = view.run().info;
  const std::string where = layer_text(info, first.at.activation->path);
  const std::string worst_at = layer_text(info, worst.at.activation->path);

  Finding finding;
  finding.rule = "saturated_activation";
  finding.severity =
      worst.fraction >= kSaturatedFractionCritical ? Severity::critical : Severity::warning;
  finding.path = first.at.activation->path;
  finding.first_step = view.measured()[first.episode.first]->step;
  finding.last_step = view.measured()[last]->step;
  finding.symptom = fmt::format(
      "{} of the values of {} are in its flat ends, where its slope f' is below {} of the largest",
      percent_text(first.fraction), where, percent_text(kSaturatedDerivative));
  finding.symptom += hits.size() == 1
                         ? "."
                         : fmt::format("; so it is in {} layers, and {} is the worst ({}).",
                                       hits.size(), worst_at, percent_text(worst.fraction));
  finding.evidence = {{"saturated fraction of " + worst_at, worst.fraction, kSaturatedFraction,
                       "our choice, calibrated in docs/rules/saturated_activation.md"}};
  finding.cause = cause_of(first.at, *view.measured()[first.episode.first]);
  finding.consequence = fmt::format(
      "Where the slope is nearly 0 no gradient passes: {} and all layers before learn from the few "
      "values that are left.",
      where);
  finding.remedies = {"initialise the weights smaller: gain 1 for tanh (glorot_normal), biases 0",
                      "scale the inputs to mean 0 and variance 1",
                      "normalise the inputs of the layers (batch or layer normalisation)",
                      "use relu with he_normal, which has no flat end on its active side",
                      "lower the learning rate, if it began during training"};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
