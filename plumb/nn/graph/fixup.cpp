// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/fixup.h"

#include <cmath>

namespace plumb {

namespace {

int count_blocks(const std::vector<Node>& nodes) {
  int blocks = 0;
  for (const Node& node : nodes) {
    if (node.is_residual()) blocks += 1 + count_blocks(node.branch);
  }
  return blocks;
}

std::vector<const Node*> linear_layers(const std::vector<Node>& chain) {
  std::vector<const Node*> layers;
  for (const Node& node : chain) {
    if (node.family() == LayerFamily::linear) layers.push_back(&node);
  }
  return layers;
}

void scale_branches(const std::vector<Node>& nodes, double blocks,
                    std::unordered_map<std::string, double>& factors) {
  for (const Node& node : nodes) {
    if (!node.is_residual()) continue;
    const auto layers = linear_layers(node.branch);
    const double m = static_cast<double>(layers.size());
    for (const Node* layer : layers) {
      const bool last = layer == layers.back();
      factors[layer->path] = last ? 0.0 : std::pow(blocks, -1 / (2 * m - 2));
    }
    scale_branches(node.branch, blocks, factors);
  }
}

}  // namespace

std::unordered_map<std::string, double> fixup_factors(const std::vector<Node>& nodes) {
  std::unordered_map<std::string, double> factors;
  scale_branches(nodes, count_blocks(nodes), factors);
  const auto main_chain = linear_layers(nodes);
  if (!main_chain.empty()) factors[main_chain.back()->path] = 0;
  return factors;
}

}  // namespace plumb
