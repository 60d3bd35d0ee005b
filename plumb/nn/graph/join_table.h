// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plumb/nn/graph/chain.h"
#include "plumb/nn/spec/arguments.h"

namespace plumb {

class GraphBuilder;

/// What a join's factory gets: its options, its place, the shape of its input (batch axis included,
/// any extent), and the means to build the layers in it and beside it.
struct JoinRequest {
  SpecArguments& arguments;
  Node::Place place;  ///< its depth is known once the branch is built
  Shape x;
  const GraphBuilder& builder;
  const SpecItem& item;
  int& depth;  ///< linear layers so far, along the longest way

  DType dtype() const;
  /// The chain in its brackets; y is x before and the chain's output after. `beside` linear layers
  /// stand on another way.
  NodeChain build_branch(Shape& y, int beside);
  /// A layer beside its branch, `text` in the language, called "5.`name`".
  std::unique_ptr<Node> build_beside(const std::string& text, const Shape& x,
                                     const std::string& name) const;
  Node::Place place_beside(const std::string& text, const std::string& name) const;
  /// Throws a ShapeError that names the place.
  [[noreturn]] void refuse(const std::string& problem) const;
};

/// Reads its options first, so that a wrong one is told before what is wrong in its branch.
using JoinFactory = std::unique_ptr<Node> (*)(JoinRequest& request);

struct JoinEntry {
  std::string_view name;     ///< as in the network language (spec/join_names.h) and in Node::kind()
  std::string_view summary;  ///< what it computes, and its options: for the manual
  JoinFactory make;
};

/// Every join of the language (join_table.cpp).
std::span<const JoinEntry> join_table();

}  // namespace plumb
