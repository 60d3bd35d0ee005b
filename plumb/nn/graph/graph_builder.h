// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plumb/nn/graph/chain.h"
#include "plumb/nn/graph/network_options.h"
#include "plumb/nn/spec/spec.h"

namespace plumb {

/// Makes nodes out of a syntax tree whose presets and repeats are written out. Shapes are checked
/// with a batch of one.
///
/// Errors  as of Network's constructor.
class GraphBuilder {
 public:
  /// text: the source of the tree, for error messages. Both are kept by reference.
  GraphBuilder(const std::string& text, const NetworkOptions& options)
      : text_(text), options_(options) {}

  /// x is the input's shape before and the output's after; depth likewise the linear layers from
  /// the input of the network. parent: the path of the join that the chain stands in, or empty.
  NodeChain build_chain(const std::vector<SpecItem>& items, Shape& x, const std::string& parent,
                        int& depth) const;
  /// A single layer, `text` in the language.
  std::unique_ptr<Node> build_layer(const std::string& text, const Shape& x,
                                    Node::Place place) const;
  DType dtype() const { return options_.dtype; }

 private:
  std::unique_ptr<Node> build_item(const SpecItem& item, Shape& x, Node::Place place,
                                   int& depth) const;
  std::unique_ptr<Node> build_join(const SpecItem& item, Shape& x, Node::Place place,
                                   int& depth) const;

  const std::string& text_;
  const NetworkOptions& options_;
};

}  // namespace plumb
