// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/graph_ways.h"

#include <algorithm>

namespace plumb::detail {

std::vector<LayerId> unread_layers(const RunInfo& info) {
  std::vector<bool> is_read(info.layers.size());
  for (const LayerInfo& layer : info.layers) {
    for (const Edge& edge : layer.inputs) is_read[at(edge.from)] = true;
  }
  std::vector<LayerId> unread;
  for (std::size_t i = 0; i < is_read.size(); ++i) {
    if (!is_read[i]) unread.push_back(static_cast<LayerId>(i));
  }
  return unread;
}

std::vector<LayerId> forward_order(const RunInfo& info) {
  std::vector<LayerId> order;
  std::vector<bool> is_done(info.layers.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < info.layers.size(); ++i) {
      const auto& inputs = info.layers[i].inputs;
      const bool ready = std::all_of(inputs.begin(), inputs.end(),
                                     [&](const Edge& edge) { return is_done[at(edge.from)]; });
      if (is_done[i] || !ready) continue;
      is_done[i] = moved = true;
      order.push_back(static_cast<LayerId>(i));
    }
  }
  return order;
}

Ways ways_of(const RunInfo& info) {
  Ways ways;
  ways.outputs = info.outputs;
  if (ways.outputs.empty()) {
    const std::vector<LayerId> unread = unread_layers(info);
    if (!unread.empty()) ways.outputs = {unread.back()};
  }
  const std::vector<LayerId> order = forward_order(info);
  ways.leads_out.resize(info.layers.size());
  for (const LayerId output : ways.outputs) ways.leads_out[at(output)] = true;
  for (auto layer = order.rbegin(); layer != order.rend(); ++layer) {
    if (!ways.leads_out[at(*layer)]) continue;
    for (const Edge& edge : info.layer(*layer).inputs) ways.leads_out[at(edge.from)] = true;
  }
  std::vector<bool> is_trained(info.layers.size(), info.params.empty());
  for (const ParamInfo& param : info.params) {
    for (const LayerId user : param.users) {
      if (!param.frozen) is_trained[at(user)] = true;
    }
  }
  ways.gets_grad.resize(info.layers.size());
  for (const LayerId layer : order) {
    const LayerInfo& one = info.layer(layer);
    if (one.family == LayerFamily::input) continue;
    bool trained = is_trained[at(layer)];
    for (const Edge& edge : one.inputs) trained = trained || ways.gets_grad[at(edge.from)];
    ways.gets_grad[at(layer)] = trained;
  }
  for (std::size_t i = 0; i < ways.gets_grad.size(); ++i) {
    ways.gets_grad[i] = ways.gets_grad[i] && ways.leads_out[i];
  }
  return ways;
}

}  // namespace plumb::detail
