// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/graph_builder.h"

#include <algorithm>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/core/memory.h"
#include "plumb/nn/graph/join_table.h"
#include "plumb/nn/graph/layer_node.h"
#include "plumb/nn/graph/layer_table.h"

namespace plumb {

namespace {

std::string name_of(const Node::Place& place) {
  return "path " + place.path + " (" + place.text + "): ";
}

struct Size {
  double parameters = 0;
  double bytes = 0;
};

Size size_of(const Node& node) {
  Size size;
  for (const Param& param : node.params()) {
    size.parameters += static_cast<double>(param.value.size());
    // Its gradient is there too.
    size.bytes += 2 * static_cast<double>(param.value.size() * size_bytes(param.value.dtype()));
  }
  return size;
}

/// Refuses a chain of which so many layers cannot be there, as soon as the first of them is.
void require_memory_for(const Node& node, const std::vector<SpecItem>& items, std::size_t next) {
  const Size one = size_of(node);
  constexpr double kWorthCounting = 128e6;
  if (one.bytes * static_cast<double>(items.size() - next + 1) < kWorthCounting) return;
  // Of layers that are written alike the second is as large as the ones behind it.
  constexpr std::size_t kBack = 16;
  const std::size_t here = next - 1;
  bool is_second = false;
  for (std::size_t i = here - std::min(here, kBack); i < here; ++i) {
    is_second = is_second || to_string(items[i]) == node.text;
  }
  if (!is_second) return;
  std::int64_t alike = 1;
  for (std::size_t i = next; i < items.size(); ++i) {
    if (to_string(items[i]) == node.text) ++alike;
  }
  const auto count = static_cast<double>(alike);
  require_memory("network: " + std::to_string(alike) + " x '" + node.text + "', " +
                     std::to_string(static_cast<std::int64_t>(count * one.parameters)) +
                     " parameters with their gradients,",
                 count * one.bytes);
}

}  // namespace

NodeChain GraphBuilder::build_chain(const std::vector<SpecItem>& items, Shape& x,
                                    const std::string& parent, int& depth) const {
  NodeChain chain;
  for (const SpecItem& item : items) {
    std::string path = parent;
    if (!path.empty()) path += '.';
    path += std::to_string(chain.size());
    Node::Place place{std::move(path), parent, to_string(item), depth};
    if (item.kind == SpecItem::Kind::residual) {
      chain.add(build_join(item, x, std::move(place), depth));
      continue;
    }
    chain.add(build_item(item, x, std::move(place), depth));
    require_memory_for(chain.back(), items, chain.size());
  }
  return chain;
}

std::unique_ptr<Node> GraphBuilder::build_item(const SpecItem& item, Shape& x, Node::Place place,
                                               int& depth) const {
  std::unique_ptr<Layer> layer;
  try {
    layer =
        make_layer(text_, item, x, options_.dtype, options_.seed, place.path, options_.own_layers);
    x = layer->output_shape(x);
  } catch (const ShapeError& error) {
    throw ShapeError(name_of(place) + error.what());
  } catch (const MemoryError& error) {
    throw MemoryError(name_of(place) + error.what());
  }
  if (layer->family() == LayerFamily::linear) ++depth;
  place.depth = depth;
  return std::make_unique<LayerNode>(std::move(place), std::move(layer));
}

std::unique_ptr<Node> GraphBuilder::build_layer(const std::string& text, const Shape& x,
                                                Node::Place place) const {
  const Spec spec = parse_spec(text);
  auto layer = make_layer(spec.text, spec.items.front(), x, options_.dtype, options_.seed,
                          place.path, options_.own_layers);
  return std::make_unique<LayerNode>(std::move(place), std::move(layer));
}

std::unique_ptr<Node> GraphBuilder::build_join(const SpecItem& item, Shape& x, Node::Place place,
                                               int& depth) const {
  const auto entry = std::ranges::find(join_table(), item.name.text, &JoinEntry::name);
  SpecArguments arguments(text_, item);
  JoinRequest request{arguments, std::move(place), x, *this, item, depth};
  auto node = entry->make(request);
  x = node->output_shape(x);
  return node;
}

DType JoinRequest::dtype() const { return builder.dtype(); }

NodeChain JoinRequest::build_branch(Shape& y, int beside) {
  const int before = depth;
  NodeChain chain = builder.build_chain(item.children, y, place.path, depth);
  depth = std::max(depth, before + beside);
  place.depth = depth;
  return chain;
}

Node::Place JoinRequest::place_beside(const std::string& text, const std::string& name) const {
  return {place.path + "." + name, place.path, text, place.depth};
}

std::unique_ptr<Node> JoinRequest::build_beside(const std::string& text, const Shape& x_beside,
                                                const std::string& name) const {
  return builder.build_layer(text, x_beside, place_beside(text, name));
}

void JoinRequest::refuse(const std::string& problem) const {
  throw ShapeError(name_of(place) + problem);
}

}  // namespace plumb
