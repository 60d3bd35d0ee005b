// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/symmetric_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/words.h"
#include "plumb/flow/layer_tree.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

const SymmetryRecord* symmetry(const StepRecord& step, const std::string& path) {
  const auto it = std::find_if(step.symmetries.begin(), step.symmetries.end(),
                               [&](const SymmetryRecord& record) { return record.path == path; });
  return it == step.symmetries.end() ? nullptr : &*it;
}

bool mostly_symmetric(const StepRecord& step, const LayerInfo& layer) {
  const SymmetryRecord* record = symmetry(step, layer.path);
  return record != nullptr && 2 * record->duplicate_units >= record->units - 1;
}

/// A weight of zeros that waits for its first gradient, or has just had it.
bool leaves_zero(const RunView& view, std::size_t s, const LayerInfo& layer) {
  const WakingLayers& layers = view.waking()[s];
  if (!layers.waking.contains(layer.path) && !layers.behind.contains(layer.path)) return false;
  return std::isinf(log2_rms_or_nan(StepIndex(*view.measured()[s]).find(layer.path, Role::weight)));
}

}  // namespace

void check_symmetric_units(const RunView& view, std::vector<Finding>& findings) {
  struct Hit {
    const LayerInfo* layer;
    Episode episode;
    double fraction;
  };
  const LayerTree tree(view.run().info);
  LayerTree::Chain linear;
  for (const LayerInfo* layer : tree.forward_order()) {
    if (layer->family == LayerFamily::linear) linear.push_back(layer);
  }
  std::vector<Hit> hits;
  for (std::size_t l = 0; l + 1 < linear.size(); ++l) {
    std::vector<double> badness;
    for (std::size_t s = 0; s < view.measured().size(); ++s) {
      const StepRecord* step = view.measured()[s];
      const SymmetryRecord* record = symmetry(*step, linear[l]->path);
      if (record == nullptr || record->units < 2) {
        badness.push_back(std::numeric_limits<double>::quiet_NaN());
      } else if (leaves_zero(view, s, *linear[l]) ||
                 (view.measured().size() == 1 && !mostly_symmetric(*step, *linear[l + 1]))) {
        badness.push_back(0);
      } else {
        badness.push_back(static_cast<double>(record->duplicate_units));
      }
    }
    const auto episode = find_episode(badness, false, 2);
    if (!episode) continue;
    const SymmetryRecord& record = *symmetry(*view.measured()[episode->worst], linear[l]->path);
    hits.push_back(
        {linear[l], *episode,
         static_cast<double>(record.duplicate_units) / static_cast<double>(record.units - 1)});
  }
  if (hits.empty()) return;
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  std::size_t first = hits[0].episode.first;
  std::size_t last = hits[0].episode.last;
  for (const Hit& hit : hits) {
    first = std::min(first, hit.episode.first);
    last = std::max(last, hit.episode.last);
  }
  const StepRecord& step = *view.measured()[worst.episode.worst];
  const SymmetryRecord& record = *symmetry(step, worst.layer->path);
  const double weight = log2_rms_or_nan(StepIndex(step).find(worst.layer->path, Role::weight));

  const std::string where = layer_text(view.run().info, worst.layer->path);

  Finding finding;
  finding.rule = "symmetric_units";
  finding.severity = worst.fraction >= 0.5   ? Severity::critical
                     : worst.fraction >= 0.1 ? Severity::warning
                                             : Severity::note;
  finding.path = hits.front().layer->path;
  finding.first_step = view.measured()[first]->step;
  finding.last_step = view.measured()[last]->step;
  finding.symptom =
      fmt::format("{} of the {} units of {} repeat the weights of another unit exactly",
                  record.duplicate_units, record.units, where);
  finding.symptom +=
      hits.size() == 1 ? "." : fmt::format("; {} layers have such units.", hits.size());
  finding.evidence = {{"repeated rows in the weight of " + where,
                       static_cast<double>(record.duplicate_units), 1,
                       "continuous random initialisation never repeats a row"}};
  finding.cause = std::isinf(weight)
                      ? "All weights of the layer are zero."
                      : "The weights started equal (a constant instead of random numbers), and "
                        "equal units get equal gradients.";
  finding.consequence =
      fmt::format("Training cannot tell these units apart: {} works as if it had {} instead of {}.",
                  where, count_text(record.units - record.duplicate_units, "unit"), record.units);
  finding.remedies = {
      "initialise with random weights: glorot_normal for tanh and sigmoid, he_normal for relu",
      "biases may start at zero; weights of hidden layers may not"};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
