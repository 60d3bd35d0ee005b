// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/layer_lines.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace plumb {

namespace {

/// By linear layer: the first activation behind it before the next linear layer, through the ends
/// of blocks too. What is beside a block's branch has none but its own.
class FollowingActivation {
 public:
  explicit FollowingActivation(const LayerGraph& graph)
      : graph_(graph),
        result_(graph.info().layers.size(), kNoLayer),
        seen_(graph.info().layers.size(), false) {
    note(graph.main_chain(), kNoLayer);
  }
  LayerId operator[](LayerId linear) const { return result_[static_cast<std::size_t>(linear)]; }

 private:
  /// `next` comes behind the chain; returns what comes behind a layer in front of it.
  LayerId note(const LayerGraph::Chain& chain, LayerId next) {
    for (std::size_t i = chain.size(); i-- > 0;) {
      const LayerId layer = chain[i];
      const LayerFamily family = graph_.info().layer(layer).family;
      if (family == LayerFamily::activation) {
        next = layer;
      } else if (family == LayerFamily::linear) {
        result_[static_cast<std::size_t>(layer)] = next;
        next = kNoLayer;
      } else if (!graph_.ways(layer).empty()) {
        next = note_ways(layer, next);
      }
    }
    return next;
  }

  LayerId note_ways(LayerId layer, LayerId next) {
    if (seen_[static_cast<std::size_t>(layer)]) return kNoLayer;
    seen_[static_cast<std::size_t>(layer)] = true;
    LayerId in_front = next;
    const LayerGraph::WayThrough* deepest = graph_.deepest_way(layer);
    for (const LayerGraph::WayThrough& way : graph_.ways(layer)) {
      const LayerId first = note(way.chain, &way == deepest ? next : kNoLayer);
      if (&way == deepest) in_front = first;
    }
    return in_front;
  }

  const LayerGraph& graph_;
  std::vector<LayerId> result_;
  std::vector<bool> seen_;
};

bool is_broken(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

bool worse(const LayerLine& a, const LayerLine& b) {
  const auto rank = [](const LayerLine& line) { return line.nonfinite ? 0 : 1; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a.flow.log2_grad_z < b.flow.log2_grad_z;
}

}  // namespace

std::vector<LayerLine> make_layer_lines(const LayerGraph& graph, const StepIndex& index) {
  const RunInfo& info = graph.info();
  const FollowingActivation following(graph);
  std::vector<LayerLine> lines;
  for (const FlowPoint& point : flow_profile(graph, index)) {
    LayerLine line;
    line.flow = point;
    line.text = info.layer(point.layer).text;
    if (!point.beside.empty()) line.text = std::string(point.beside) + ": " + line.text;
    line.nonfinite = is_broken(index.find(point.layer, Role::grad_z)) ||
                     is_broken(index.find(point.layer, Role::grad_weight));
    const LayerId after = following[point.layer];
    line.activation = after;
    if (const auto* record = after == kNoLayer ? nullptr : index.activation(after)) {
      line.saturated_fraction = record->saturated_fraction;
      if (record->units > 0) {
        line.dead_fraction =
            static_cast<double>(record->dead_units) / static_cast<double>(record->units);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<LayerLine> make_layer_lines(const RunInfo& info, const StepRecord& step) {
  return make_layer_lines(LayerGraph(info), StepIndex(info, step));
}

std::vector<std::size_t> select_lines(const std::vector<LayerLine>& lines, std::size_t at_most,
                                      std::span<const LayerId> keep) {
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
    if (std::find(keep.begin(), keep.end(), lines[i].flow.layer) != keep.end()) chosen.insert(i);
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
