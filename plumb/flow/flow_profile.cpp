// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/flow/ledger.h"
#include "plumb/flow/line_fit.h"

namespace plumb {

namespace {

/// What hands on what a linear layer computed: activations, dropouts, reshapes and the like that
/// follow it on its chain.
bool only_hands_on(const LayerInfo& layer) {
  switch (layer.family) {
    case LayerFamily::activation:
    case LayerFamily::shape:
    case LayerFamily::dropout:
    case LayerFamily::normalisation:
    case LayerFamily::pooling: return layer.inputs.size() < 2;
    default: return false;
  }
}

/// By linear layer: the last of those that follow it up to the next layer that computes, or itself.
class Followers {
 public:
  explicit Followers(const LayerGraph& graph)
      : graph_(graph), last_(graph.info().layers.size(), kNoLayer) {
    note(graph.main_chain());
    for (const LayerId layer : graph.forward_order()) {
      for (const LayerGraph::WayThrough& way : graph.ways(layer)) note(way.chain);
    }
  }
  LayerId operator[](LayerId layer) const {
    const LayerId last = last_[static_cast<std::size_t>(layer)];
    return last == kNoLayer ? layer : last;
  }

 private:
  void note(const LayerGraph::Chain& chain) {
    for (std::size_t i = chain.size(); i-- > 0;) {
      const bool goes_on = i + 1 < chain.size() && only_hands_on(graph_.info().layer(chain[i + 1]));
      last_[static_cast<std::size_t>(chain[i])] =
          goes_on ? last_[static_cast<std::size_t>(chain[i + 1])] : chain[i];
    }
  }
  const LayerGraph& graph_;
  std::vector<LayerId> last_;
};

}  // namespace

std::vector<FlowPoint> flow_profile(const LayerGraph& graph, const StepIndex& index) {
  const Followers followers(graph);
  std::vector<FlowPoint> profile;
  for (const LayerId id : graph.forward_order()) {
    const LayerInfo& layer = graph.info().layer(id);
    if (layer.family != LayerFamily::linear) continue;
    FlowPoint point;
    point.layer = id;
    point.beside = graph.beside(id);
    point.depth = layer.depth;
    point.units = layer.units;
    point.log2_grad_z = log2_rms_or_nan(index.find(id, Role::grad_z));
    point.log2_grad_weight = log2_rms_or_nan(index.find(id, Role::grad_weight));
    point.log2_z = log2_rms_or_nan(index.find(id, Role::z));
    const LayerId last = followers[id];
    point.log2_a = log2_rms_or_nan(index.find(last, output_role(graph.info().layer(last))));
    point.log2_weight = log2_rms_or_nan(index.find(id, Role::weight));
    point.log2_update = log2_rms_or_nan(index.find(id, Role::update));
    // -inf - -inf, a weight of zeros that stays so, has no ratio and gives NaN as it should.
    point.log2_update_ratio = point.log2_update - point.log2_weight;
    profile.push_back(point);
  }
  return profile;
}

std::vector<FlowPoint> flow_profile(const RunInfo& info, const StepRecord& step) {
  return flow_profile(LayerGraph(info), StepIndex(info, step));
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
