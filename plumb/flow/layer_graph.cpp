// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/layer_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>

#include "plumb/core/error.h"

namespace plumb {

Role output_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::z : Role::a;
}

Role grad_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::grad_z : Role::grad_a;
}

LayerGraph::LayerGraph(const RunInfo& info)
    : info_(&info),
      rank_(info.layers.size(), 0),
      dominator_(info.layers.size(), kNoLayer),
      below_(info.layers.size(), kNoLayer),
      linear_(info.layers.size(), 0),
      deepest_(info.layers.size(), -1),
      readers_(info.layers.size()),
      ways_(info.layers.size()),
      beside_(info.layers.size(), kUnseen) {
  find_readers();
  sort();
  for (const LayerId layer : order_) {
    const std::vector<Edge>& inputs = info.layer(layer).inputs;
    linear_[index(layer)] = info.layer(layer).family == LayerFamily::linear ? 1 : 0;
    if (inputs.empty()) continue;
    LayerId dominator = inputs.front().from;
    for (const Edge& edge : inputs) dominator = meet(dominator, edge.from);
    dominator_[index(layer)] = below_[index(layer)] = dominator;
    if (inputs.size() > 1) find_ways(layer);
  }
  const LayerId top = output();
  if (top != kNoLayer) main_chain_ = chain_between(top, kNoLayer);
  note_beside(main_chain_, kOnChain);
}

void LayerGraph::find_readers() {
  const auto count = static_cast<LayerId>(info_->layers.size());
  for (LayerId layer = 0; layer < count; ++layer) {
    for (const Edge& edge : info_->layer(layer).inputs) {
      if (edge.from < 0 || edge.from >= count) {
        throw UsageError(fmt::format("layer '{}' reads layer {}, expected one of 0 to {}",
                                     info_->layer(layer).path, edge.from, count - 1));
      }
      std::vector<LayerId>& readers = readers_[index(edge.from)];
      if (readers.empty() || readers.back() != layer) readers.push_back(layer);
    }
  }
}

// The layer with the smallest id among those whose inputs are there comes next, so that a list that
// is in order stays as it is.
void LayerGraph::sort() {
  std::vector<std::size_t> missing;
  std::priority_queue<LayerId, std::vector<LayerId>, std::greater<>> ready;
  for (std::size_t i = 0; i < info_->layers.size(); ++i) {
    missing.push_back(info_->layers[i].inputs.size());
    if (missing.back() == 0) ready.push(static_cast<LayerId>(i));
  }
  while (!ready.empty()) {
    const LayerId layer = ready.top();
    ready.pop();
    rank_[index(layer)] = static_cast<int>(order_.size());
    order_.push_back(layer);
    for (const LayerId reader : readers_[index(layer)]) {
      for (const Edge& edge : info_->layer(reader).inputs) {
        if (edge.from == layer && --missing[index(reader)] == 0) ready.push(reader);
      }
    }
  }
  if (order_.size() == info_->layers.size()) return;
  const auto stuck = std::find_if(missing.begin(), missing.end(), [](auto n) { return n > 0; });
  throw UsageError(
      fmt::format("layer '{}' depends on its own output, expected a graph without "
                  "circles",
                  info_->layers[static_cast<std::size_t>(stuck - missing.begin())].path));
}

// The lowest common ancestor in the tree of immediate dominators (Cooper, Harvey, Kennedy 2001, "A
// simple, fast dominance algorithm": in a graph without circles one sweep in order is enough).
LayerId LayerGraph::meet(LayerId a, LayerId b) const {
  while (a != b && a != kNoLayer && b != kNoLayer) {
    LayerId& later = rank_[index(a)] > rank_[index(b)] ? a : b;
    later = dominator_[index(later)];
  }
  return a == b ? a : kNoLayer;
}

void LayerGraph::find_ways(LayerId layer) {
  const std::vector<Edge>& inputs = info_->layer(layer).inputs;
  const LayerId end = dominator_[index(layer)];
  std::vector<WayThrough>& ways = ways_[index(layer)];
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    WayThrough way{inputs[i].way, static_cast<std::int32_t>(i), inputs[i].main, layer, {}};
    if (inputs[i].from != end) {
      way.chain = chain_between(inputs[i].from, end);
      if (!way.chain.empty()) way.reader = way.chain.front();
    }
    ways.push_back(std::move(way));
  }
  int& deepest = deepest_[index(layer)];
  int most = -1;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    int count = 0;
    for (const LayerId inside : ways[i].chain) count += linear_[index(inside)];
    // The one that is called the branch is the deepest, whatever is on the others.
    if (ways[i].way == Way::branch) count = std::numeric_limits<int>::max();
    if (count <= most) continue;
    most = count;
    deepest = static_cast<int>(i);
    if (ways[i].way == Way::branch) break;
  }
  for (const LayerId inside : ways[static_cast<std::size_t>(deepest)].chain) {
    linear_[index(layer)] += linear_[index(inside)];
  }
  const auto marked = std::find_if(ways.begin(), ways.end(), [](const auto& w) { return w.main; });
  const WayThrough* main = marked != ways.end() ? &*marked : deepest_way(layer);
  for (WayThrough& way : ways) way.main = &way == main;
  if (end == kNoLayer) below_[index(layer)] = inputs[static_cast<std::size_t>(main->input)].from;
}

LayerGraph::Chain LayerGraph::chain_between(LayerId top, LayerId end) const {
  Chain chain;
  for (LayerId at = top; at != end && at != kNoLayer; at = below_[index(at)]) {
    if (info_->layer(at).family != LayerFamily::input) chain.push_back(at);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

LayerId LayerGraph::output() const {
  if (!info_->outputs.empty()) return info_->outputs.back();
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    const LayerInfo& layer = info_->layer(*it);
    if (readers_[index(*it)].empty() && !layer.inputs.empty()) return *it;
  }
  return kNoLayer;
}

const LayerGraph::WayThrough* LayerGraph::way(LayerId layer, Way name) const {
  const std::vector<WayThrough>& ways = ways_[index(layer)];
  const auto it =
      std::find_if(ways.begin(), ways.end(), [&](const auto& one) { return one.way == name; });
  return it == ways.end() ? nullptr : &*it;
}

const LayerGraph::WayThrough* LayerGraph::deepest_way(LayerId layer) const {
  const int deepest = deepest_[index(layer)];
  return deepest < 0 ? nullptr : &ways_[index(layer)][static_cast<std::size_t>(deepest)];
}

void LayerGraph::note_beside(const Chain& chain, int beside) {
  for (const LayerId layer : chain) {
    int& noted = beside_[index(layer)];
    if (noted == kOnChain || noted == beside) continue;
    noted = beside;
    const WayThrough* deepest = deepest_way(layer);
    for (const WayThrough& way : ways_[index(layer)]) {
      const bool follows = &way == deepest;
      note_beside(way.chain, follows ? beside
                             : beside == kOnChain || way.way != Way::unnamed
                                 ? static_cast<int>(way.way)
                                 : beside);
    }
  }
}

std::string_view LayerGraph::beside(LayerId layer) const {
  const int noted = beside_[index(layer)];
  if (noted == kOnChain) return {};
  const Way way = noted == kUnseen ? Way::unnamed : static_cast<Way>(noted);
  return way == Way::unnamed ? std::string_view("beside") : to_string(way);
}

}  // namespace plumb
