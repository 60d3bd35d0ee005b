// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "plumb/nn/graph/node.h"

namespace plumb {

/// Nodes one behind the other, each reading what the one before it gives. It owns them; a range of
/// `const Node&`. An empty chain hands its x on.
class NodeChain {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    using pointer = const Node*;
    using reference = const Node&;

    Iterator() = default;
    explicit Iterator(std::vector<std::unique_ptr<Node>>::const_iterator at) : at_(at) {}
    const Node& operator*() const { return **at_; }
    const Node* operator->() const { return at_->get(); }
    Iterator& operator++() { return ++at_, *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    std::vector<std::unique_ptr<Node>>::const_iterator at_;
  };

  void add(std::unique_ptr<Node> node) { nodes_.push_back(std::move(node)); }
  std::size_t size() const { return nodes_.size(); }
  bool empty() const { return nodes_.empty(); }
  Iterator begin() const { return Iterator(nodes_.begin()); }
  Iterator end() const { return Iterator(nodes_.end()); }
  const Node& operator[](std::size_t i) const { return *nodes_[i]; }
  const Node& front() const { return *nodes_.front(); }
  const Node& back() const { return *nodes_.back(); }
  /// For the owner of the network.
  Node& node(std::size_t i) { return *nodes_[i]; }

  Shape output_shape(Shape x) const;

  /// Every node and those inside it, in forward order: a join after its ways.
  template <class Visitor>
  void visit(const Visitor& visitor) const;
  template <class Visitor>
  void visit(const Visitor& visitor);

  /// The passes through all of its nodes, as Node's. backward() shows each gradient to the observer
  /// and releases the one that it is given.
  TensorPlan plan(TensorPlan x, Planner& planner);
  ConstView forward(ConstView x, const ForwardPass& pass);
  std::optional<Gradient> backward(ConstView x, Gradient grad_y, bool want_grad_x,
                                   const BackwardPass& pass);

 private:
  std::vector<std::unique_ptr<Node>> nodes_;
};

/// One way through a join, from its x to what the join brings together.
struct NodeWay {
  std::string_view name;  ///< "branch", "shortcut", "gate": a Way of record/layer_info.h
  NodeChain chain;        ///< none: x itself
  /// The way that the books follow; one of a join's.
  bool is_main = false;
};

template <class Visitor>
void NodeChain::visit(const Visitor& visitor) const {
  for (const auto& node : nodes_) {
    for (const NodeWay& way : std::as_const(*node).ways()) way.chain.visit(visitor);
    visitor(std::as_const(*node));
  }
}

template <class Visitor>
void NodeChain::visit(const Visitor& visitor) {
  for (const auto& node : nodes_) {
    for (NodeWay& way : node->ways()) way.chain.visit(visitor);
    visitor(*node);
  }
}

}  // namespace plumb
