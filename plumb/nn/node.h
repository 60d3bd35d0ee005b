// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plumb/core/tensor.h"
#include "plumb/nn/layer.h"

namespace plumb {

/// One place of a network: a layer, or a residual join around a branch of further nodes.
///
/// A residual node computes y = shortcut(x) + scale * branch(x); the shortcut is the identity or,
/// with `proj`, a linear layer without bias.
struct Node {
  std::string path;    ///< "3"; inside a residual block "5.0"; its shortcut "5.proj"
  std::string parent;  ///< path of the enclosing residual node, empty on the main chain
  std::string text;    ///< as in the network language: "dense 128"
  int depth =
      0;  ///< linear layers from the input up to and including this one, along the longest way
  std::unique_ptr<Layer> layer;      ///< null for a residual node
  std::vector<Node> branch;          ///< of a residual node
  std::unique_ptr<Node> projection;  ///< of a residual node with `proj`
  double scale = 1;                  ///< of a residual node
  std::size_t first_param = 0;       ///< index of its first parameter in Network::params()
  Tensor x_reordered;  ///< x in the layout that the layer takes, where it came in another
  Tensor y;            ///< the output, [batch, ...]; alive until the next forward pass

  bool is_residual() const { return layer == nullptr; }
  std::string_view kind() const { return layer ? layer->kind() : std::string_view("res"); }
  LayerFamily family() const { return layer ? layer->family() : LayerFamily::residual; }
};

}  // namespace plumb
