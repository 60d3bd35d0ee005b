// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/layer_lines.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "plumb/flow/layer_tree.h"

namespace plumb {

namespace {

// The activation behind each linear layer: the first one before the next linear layer, if any.
std::unordered_map<std::string, std::string> following_activation(const RunInfo& info) {
  std::unordered_map<std::string, std::string> result;
  const std::string* linear = nullptr;
  for (const auto& layer : info.layers) {
    if (!name_beside_branch(layer).empty()) continue;
    if (layer.family == LayerFamily::linear) {
      linear = &layer.path;
    } else if (layer.family == LayerFamily::activation && linear != nullptr) {
      result.emplace(*linear, layer.path);
      linear = nullptr;
    }
  }
  return result;
}

bool worse(const LayerLine& a, const LayerLine& b) {
  const auto rank = [](const LayerLine& line) { return line.nonfinite ? 0 : 1; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a.flow.log2_grad_z < b.flow.log2_grad_z;
}

}  // namespace

std::vector<LayerLine> make_layer_lines(const RunInfo& info, const StepRecord& step) {
  // Maps instead of find(): a search for each layer would be quadratic in depth.
  std::unordered_map<std::string_view, const ActivationRecord*> activations;
  for (const auto& record : step.activations) activations.emplace(record.path, &record);
  std::set<std::string_view> nonfinite;
  for (const auto& record : step.sketches) {
    const bool gradient = record.site.role == Role::grad_z || record.site.role == Role::grad_weight;
    if (gradient && record.sketch.nonfinite_count > 0) nonfinite.insert(record.site.path);
  }
  std::unordered_map<std::string_view, const LayerInfo*> layers;
  for (const auto& layer : info.layers) layers.emplace(layer.path, &layer);
  const auto following = following_activation(info);

  std::vector<LayerLine> lines;
  for (const auto& point : flow_profile(info, step)) {
    LayerLine line;
    line.flow = point;
    if (const auto it = layers.find(point.path); it != layers.end()) line.text = it->second->text;
    if (!point.beside.empty()) {
      line.text = (point.beside == "proj" ? "shortcut" : point.beside) + ": " + line.text;
    }
    line.nonfinite = nonfinite.contains(point.path);
    if (const auto after = following.find(point.path); after != following.end()) {
      if (const auto it = activations.find(after->second); it != activations.end()) {
        const ActivationRecord& record = *it->second;
        line.saturated_fraction = record.saturated_fraction;
        if (record.units > 0) {
          line.dead_fraction =
              static_cast<double>(record.dead_units) / static_cast<double>(record.units);
        }
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::size_t> select_lines(const std::vector<LayerLine>& lines, std::size_t at_most,
                                      std::span<const std::string> keep) {
  const std::size_t count = lines.size();
  std::set<std::size_t> chosen;
  if (count <= at_most) {
    for (std::size_t i = 0; i < count; ++i) chosen.insert(i);
    return {chosen.begin(), chosen.end()};
  }
  chosen.insert({0, count - 1});
  chosen.insert(static_cast<std::size_t>(std::min_element(lines.begin(), lines.end(), worse) -
                                         lines.begin()));
  for (std::size_t i = 0; i < count && chosen.size() < at_most / 2; ++i) {
    if (std::find(keep.begin(), keep.end(), lines[i].flow.path) != keep.end()) chosen.insert(i);
  }
  // Evenly over depth; where a place is taken already its turn goes to a later, finer pass.
  for (std::size_t parts = at_most - chosen.size() + 1; chosen.size() < at_most; ++parts) {
    for (std::size_t k = 1; k < parts && chosen.size() < at_most; ++k) {
      chosen.insert(k * (count - 1) / parts);
    }
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace plumb
