// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plumb/core/tensor.h"
#include "plumb/nn/graph/pass.h"
#include "plumb/nn/layer.h"

namespace plumb {

struct NodeWay;

/// One place of a network: a layer (layer_node.h), or a join of several ways. Each kind of join is
/// a class of its own, named in join_table.cpp; nothing else tells them apart.
///
/// The calls that change a node are the network's own: who is lent a `const Node` reads it.
class Node {
 public:
  /// Where it stands and how it is written.
  struct Place {
    std::string path;    ///< "3"; inside a block "5.0"; on its shortcut "5.proj"
    std::string parent;  ///< path of the enclosing join, empty on the main chain
    std::string text;    ///< as in the network language: "dense 128"
    /// Linear layers from the input up to and including this one, along the longest way.
    int depth = 0;
  };

  explicit Node(Place place);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string path;  ///< as Place says, of this node
  std::string parent;
  std::string text;
  int depth = 0;
  /// Its place in the order of Network::visit(), from 1: 0 is the input of the network.
  std::int32_t id = 0;
  std::size_t first_param = 0;  ///< index of its first parameter in Network::params()
  Tensor y;                     ///< the output, [batch, ...]; alive until the next forward pass

  virtual std::string_view kind() const = 0;  ///< "dense", "res"; stable, saved in runs
  virtual LayerFamily family() const = 0;
  /// Its own parameters and buffers, without those of the nodes inside it.
  virtual std::span<Param> params() = 0;
  std::span<const Param> params() const { return const_cast<Node*>(this)->params(); }
  virtual std::span<Buffer> buffers() { return {}; }
  std::span<const Buffer> buffers() const { return const_cast<Node*>(this)->buffers(); }
  /// Null of a join.
  virtual const Layer* layer() const { return nullptr; }
  /// None of a layer. The passes go through them in this order.
  virtual std::span<NodeWay> ways();
  std::span<const NodeWay> ways() const;
  /// Of a join in which a gate decides elementwise: the part T of the first way that it lets in,
  /// shaped as y, of the last forward pass. Of nothing elsewhere.
  virtual ConstView transform() const { return {}; }

  /// Of a batched x.
  virtual Shape output_shape(const Shape& x) const = 0;
  /// Values that a pass keeps of the node's own for a y of this shape.
  virtual std::int64_t kept_values(const Shape& shape) const { return shape.size(); }

  /// Sets those of its parameters that no initialiser draws; called when those of the nodes inside
  /// it have been drawn.
  virtual void start_params() {}
  /// Allocates what passes over an x of this shape and layout need.
  virtual TensorPlan plan(const TensorPlan& x, Planner& planner) = 0;
  /// x is as planned. Writes y and shows it to the observer.
  virtual void forward(ConstView x, const ForwardPass& pass) = 0;
  /// dLoss/dx for this dLoss/dy, which stays the caller's; nothing unless it is wanted. Adds to the
  /// gradients of all parameters in it.
  virtual std::optional<Gradient> backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                           const BackwardPass& pass) = 0;
};

}  // namespace plumb
