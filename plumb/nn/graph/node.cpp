// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/node.h"

#include <utility>

#include "plumb/nn/graph/chain.h"

namespace plumb {

Node::Node(Place place)
    : path(std::move(place.path)),
      parent(std::move(place.parent)),
      text(std::move(place.text)),
      depth(place.depth) {}

Node::~Node() = default;

std::span<NodeWay> Node::ways() { return {}; }

std::span<const NodeWay> Node::ways() const { return const_cast<Node*>(this)->ways(); }

}  // namespace plumb
