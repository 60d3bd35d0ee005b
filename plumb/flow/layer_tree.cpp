// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/layer_tree.h"

namespace plumb {

bool is_projection(const LayerInfo& layer) {
  return !layer.parent.empty() && layer.path == layer.parent + ".proj";
}

Role output_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::z : Role::a;
}

Role grad_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::grad_z : Role::grad_a;
}

LayerTree::LayerTree(const RunInfo& info) {
  for (const LayerInfo& layer : info.layers) {
    if (is_projection(layer)) {
      projections_[layer.parent] = &layer;
    } else {
      chains_[layer.parent].push_back(&layer);
    }
  }
}

const LayerTree::Chain& LayerTree::chain(std::string_view parent) const {
  static const Chain kEmpty;
  const auto it = chains_.find(parent);
  return it == chains_.end() ? kEmpty : it->second;
}

const LayerInfo* LayerTree::projection(std::string_view block) const {
  const auto it = projections_.find(block);
  return it == projections_.end() ? nullptr : it->second;
}

LayerTree::Chain LayerTree::forward_order() const {
  Chain order;
  append(chain(""), order);
  return order;
}

void LayerTree::append(const Chain& chain_of_parent, Chain& order) const {
  for (const LayerInfo* layer : chain_of_parent) {
    if (layer->family == LayerFamily::residual) {
      append(chain(layer->path), order);
      if (const LayerInfo* proj = projection(layer->path)) order.push_back(proj);
    }
    order.push_back(layer);
  }
}

}  // namespace plumb
