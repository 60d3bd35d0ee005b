// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/layer_tree.h"

namespace plumb {

namespace {

/// "proj" of "5.proj" in block "5"; empty on the main chain.
std::string_view name_in_block(const LayerInfo& layer) {
  if (layer.parent.empty() || layer.path.size() <= layer.parent.size()) return {};
  return std::string_view(layer.path).substr(layer.parent.size() + 1);
}

}  // namespace

std::string_view name_beside_branch(const LayerInfo& layer) {
  const std::string_view name = name_in_block(layer);
  const bool in_branch = !name.empty() && name.front() >= '0' && name.front() <= '9';
  return in_branch ? std::string_view() : name;
}

Role output_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::z : Role::a;
}

Role grad_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::grad_z : Role::grad_a;
}

LayerTree::LayerTree(const RunInfo& info) {
  for (const LayerInfo& layer : info.layers) {
    if (const std::string_view name = name_beside_branch(layer); !name.empty()) {
      if (name == "gate") {
        gates_[layer.parent] = &layer;
      } else {
        shortcuts_[layer.parent].push_back(&layer);
      }
    } else {
      chains_[layer.parent].push_back(&layer);
    }
  }
}

namespace {

const LayerTree::Chain& find_chain(
    const std::unordered_map<std::string_view, LayerTree::Chain>& chains, std::string_view key) {
  static const LayerTree::Chain kEmpty;
  const auto it = chains.find(key);
  return it == chains.end() ? kEmpty : it->second;
}

}  // namespace

const LayerTree::Chain& LayerTree::chain(std::string_view parent) const {
  return find_chain(chains_, parent);
}

const LayerTree::Chain& LayerTree::shortcut(std::string_view block) const {
  return find_chain(shortcuts_, block);
}

const LayerInfo* LayerTree::gate(std::string_view block) const {
  const auto it = gates_.find(block);
  return it == gates_.end() ? nullptr : it->second;
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
      append(shortcut(layer->path), order);
      if (const LayerInfo* linear = gate(layer->path)) order.push_back(linear);
    }
    order.push_back(layer);
  }
}

}  // namespace plumb
