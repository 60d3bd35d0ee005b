// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plumb/core/tensor.h"
#include "plumb/nn/layer.h"

namespace plumb {

/// One place of a network: a layer, or a residual join around a branch of further nodes.
///
/// A residual node computes y = shortcut(x) + S branch(x). The shortcut is the identity or a chain
/// of its own; S is `scale`, or the learned parameter "alpha". With a gate (`highway`) it computes
/// y = T branch(x) + (1 - T) x, T = sigmoid(gate(x)).
struct Node {
  std::string path;    ///< "3"; inside a residual block "5.0"; on its shortcut "5.proj"
  std::string parent;  ///< path of the enclosing residual node, empty on the main chain
  std::string text;    ///< as in the network language: "dense 128"
  /// Its place in the order of Network::visit(), from 1: 0 is the input of the network.
  std::int32_t id = 0;
  int depth =
      0;  ///< linear layers from the input up to and including this one, along the longest way
  std::unique_ptr<Layer> layer;  ///< null for a residual node
  std::vector<Node> branch;      ///< of a residual node
  std::vector<Node> shortcut;    ///< of a residual node; none is the identity
  std::unique_ptr<Node> gate;    ///< of a highway: the linear layer "5.gate"
  Tensor transform;              ///< of a highway: T, [batch, ...]; alive as long as y
  double gate_bias = 0;          ///< of a highway: the bias of the gate at the start
  double scale = 1;              ///< of a residual node without `alpha`
  std::vector<Param> alpha;      ///< of a residual node: the learned S [1], or nothing
  std::size_t first_param = 0;   ///< index of its first parameter in Network::params()
  Tensor x_reordered;            ///< x in the layout that the layer takes, where it came in another
  Tensor shortcut_reordered;  ///< of a residual node: what the shortcut gives, in the layout of y
  Tensor y;                   ///< the output, [batch, ...]; alive until the next forward pass

  bool is_residual() const { return layer == nullptr; }
  std::string_view kind() const {
    return layer ? layer->kind() : std::string_view(gate ? "highway" : "res");
  }
  LayerFamily family() const { return layer ? layer->family() : LayerFamily::residual; }
  /// Its own parameters, without those of the nodes inside it.
  std::span<Param> params() { return layer ? layer->params() : std::span<Param>(alpha); }
  std::span<const Param> params() const {
    return layer ? std::span<const Param>(layer->params()) : std::span<const Param>(alpha);
  }
};

/// S of a residual node, as the next pass uses it.
double branch_scale(const Node& node);

}  // namespace plumb
