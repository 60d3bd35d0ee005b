// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/flow/layer_tree.h"
#include "plumb/flow/ledger.h"
#include "plumb/flow/line_fit.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

/// The last layer of the run of activations, dropouts and reshapes that follows chain[i], or
/// chain[i].
const LayerInfo& last_before_next_linear(const LayerTree::Chain& chain, std::size_t i) {
  while (i + 1 < chain.size() && chain[i + 1]->family != LayerFamily::linear &&
         chain[i + 1]->family != LayerFamily::residual) {
    ++i;
  }
  return *chain[i];
}

}  // namespace

std::vector<FlowPoint> flow_profile(const RunInfo& info, const StepRecord& step) {
  const LayerTree tree(info);
  const StepIndex index(step);
  std::unordered_map<std::string_view, const LayerInfo*> fed_by;
  const auto note_followers = [&](const LayerTree::Chain& chain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      if (chain[i]->family == LayerFamily::linear) {
        fed_by[chain[i]->path] = &last_before_next_linear(chain, i);
      }
    }
  };
  note_followers(tree.chain(""));
  for (const LayerInfo& layer : info.layers) {
    if (layer.family != LayerFamily::residual) continue;
    note_followers(tree.chain(layer.path));
    note_followers(tree.shortcut(layer.path));
  }

  std::vector<FlowPoint> profile;
  for (const LayerInfo* layer : tree.forward_order()) {
    if (layer->family != LayerFamily::linear) continue;
    FlowPoint point;
    point.path = layer->path;
    point.beside = name_beside_branch(*layer);
    point.depth = layer->depth;
    point.units = layer->units;
    point.log2_grad_z = log2_rms_or_nan(index.find(layer->path, Role::grad_z));
    point.log2_grad_weight = log2_rms_or_nan(index.find(layer->path, Role::grad_weight));
    point.log2_z = log2_rms_or_nan(index.find(layer->path, Role::z));
    const auto follower = fed_by.find(layer->path);
    const LayerInfo& last = follower == fed_by.end() ? *layer : *follower->second;
    point.log2_a = log2_rms_or_nan(index.find(last.path, output_role(last)));
    point.log2_weight = log2_rms_or_nan(index.find(layer->path, Role::weight));
    point.log2_update = log2_rms_or_nan(index.find(layer->path, Role::update));
    // -inf - -inf, a weight of zeros that stays so, has no ratio and gives NaN as it should.
    point.log2_update_ratio = point.log2_update - point.log2_weight;
    profile.push_back(std::move(point));
  }
  return profile;
}

std::vector<FlowPoint> on_the_chain(std::vector<FlowPoint> profile) {
  std::erase_if(profile, [](const FlowPoint& point) { return !point.beside.empty(); });
  return profile;
}

DepthScale fit_depth_scale(const std::vector<FlowPoint>& profile) {
  constexpr double kLn2 = 0.69314718055994530942;
  std::vector<const FlowPoint*> points;
  for (const FlowPoint& point : profile) {
    if (point.beside.empty() && std::isfinite(point.log2_grad_z)) points.push_back(&point);
  }
  const auto deepest = std::max_element(points.begin(), points.end(),
                                        [](auto a, auto b) { return a->depth < b->depth; });
  // The last layer gets its gradient from the loss alone, without the activation and the fan of a
  // hidden layer: its step is of another kind than those the line describes.
  if (points.size() > 3) points.erase(deepest);

  DepthScale scale;
  scale.layers = static_cast<int>(points.size());
  scale.layers_per_efold = std::numeric_limits<double>::infinity();
  scale.r_squared = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> depths;
  std::vector<double> log2s;
  for (const FlowPoint* point : points) {
    depths.push_back(point->depth);
    log2s.push_back(point->log2_grad_z);
  }
  const LineFit fit = fit_line(depths, log2s);
  if (std::isnan(fit.slope)) return scale;
  scale.log2_per_layer = fit.slope == 0 ? 0.0 : -fit.slope;
  if (fit.slope != 0) scale.layers_per_efold = 1.0 / (fit.slope * kLn2);
  scale.r_squared = fit.r_squared;
  return scale;
}

}  // namespace plumb
