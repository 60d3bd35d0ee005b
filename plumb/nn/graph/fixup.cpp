// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/fixup.h"

#include <cmath>
#include <vector>

namespace plumb {

namespace {

template <class Visitor>
void each_branch(const NodeChain& nodes, const Visitor& visitor) {
  for (const Node& node : nodes) {
    for (const NodeWay& way : node.ways()) {
      if (way.name == "branch") visitor(way.chain);
    }
  }
}

int count_blocks(const NodeChain& nodes) {
  int blocks = 0;
  each_branch(nodes, [&](const NodeChain& branch) { blocks += 1 + count_blocks(branch); });
  return blocks;
}

std::vector<const Node*> linear_layers(const NodeChain& chain) {
  std::vector<const Node*> layers;
  for (const Node& node : chain) {
    if (node.family() == LayerFamily::linear) layers.push_back(&node);
  }
  return layers;
}

void scale_branches(const NodeChain& nodes, double blocks,
                    std::unordered_map<std::string, double>& factors) {
  each_branch(nodes, [&](const NodeChain& branch) {
    const auto layers = linear_layers(branch);
    const double m = static_cast<double>(layers.size());
    for (const Node* layer : layers) {
      const bool last = layer == layers.back();
      factors[layer->path] = last ? 0.0 : std::pow(blocks, -1 / (2 * m - 2));
    }
    scale_branches(branch, blocks, factors);
  });
}

}  // namespace

std::unordered_map<std::string, double> fixup_factors(const NodeChain& nodes) {
  std::unordered_map<std::string, double> factors;
  scale_branches(nodes, count_blocks(nodes), factors);
  const auto main_chain = linear_layers(nodes);
  if (!main_chain.empty()) factors[main_chain.back()->path] = 0;
  return factors;
}

}  // namespace plumb
