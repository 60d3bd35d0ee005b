// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/zero_start.h"

#include <cmath>
#include <unordered_map>

#include "plumb/diagnose/layer_pace.h"
#include "plumb/flow/layer_tree.h"

namespace plumb {

namespace {

bool is_zero(double log2) { return std::isinf(log2) && log2 < 0; }

/// Of layer `l`, whose weight was zero in the first measured step.
bool is_waking(const std::vector<std::vector<FlowPoint>>& profiles, std::size_t l, std::size_t step,
               double log2_floor) {
  const FlowPoint& now = profiles[step][l];
  if (is_zero(now.log2_weight)) {
    if (step + 1 < profiles.size()) return std::isfinite(profiles[step + 1][l].log2_weight);
    // A gradient in the step before that did not move it says that it is frozen.
    return std::isfinite(now.log2_grad_weight) &&
           (step == 0 || !std::isfinite(profiles[step - 1][l].log2_grad_weight));
  }
  return now.log2_weight < log2_floor && now.log2_weight > profiles[step - 1][l].log2_weight;
}

void note_behind(const LayerTree& tree, const LayerTree::Chain& chain, bool behind,
                 WakingLayers& layers) {
  for (std::size_t i = chain.size(); i-- > 0;) {
    const LayerInfo& layer = *chain[i];
    if (behind) layers.behind.insert(layer.path);
    if (layer.family == LayerFamily::residual) {
      note_behind(tree, tree.chain(layer.path), behind, layers);
      note_behind(tree, tree.shortcut(layer.path), behind, layers);
      if (const LayerInfo* gate = tree.gate(layer.path)) note_behind(tree, {gate}, behind, layers);
    }
    behind = behind || layers.waking.contains(layer.path);
  }
}

}  // namespace

std::vector<WakingLayers> find_waking(const RunInfo& info,
                                      const std::vector<std::vector<FlowPoint>>& profiles) {
  std::vector<WakingLayers> result(profiles.size());
  if (profiles.empty()) return result;
  std::unordered_map<std::string_view, const LayerInfo*> layers;
  for (const LayerInfo& layer : info.layers) layers[layer.path] = &layer;
  for (std::size_t l = 0; l < profiles[0].size(); ++l) {
    if (!is_zero(profiles[0][l].log2_weight)) continue;
    const LayerInfo& layer = *layers.at(profiles[0][l].path);
    const double floor = log2_weight_floor(layer.fan_in);
    for (std::size_t s = 0; s < profiles.size(); ++s) {
      if (is_waking(profiles, l, s, floor)) result[s].waking.insert(layer.path);
    }
  }
  const LayerTree tree(info);
  for (WakingLayers& step : result) {
    if (!step.waking.empty()) note_behind(tree, tree.chain(""), false, step);
  }
  return result;
}

}  // namespace plumb
