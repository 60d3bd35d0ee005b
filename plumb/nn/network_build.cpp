// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/error.h"
#include "plumb/nn/layer_table.h"
#include "plumb/nn/network.h"

namespace plumb {

namespace {

/// Shapes are checked with a batch of one when the Network is built; plan() repeats them with the real one.
Shape with_batch_axis(const Shape& row) {
  std::vector<std::int64_t> extents{1};
  extents.insert(extents.end(), row.extents().begin(), row.extents().end());
  return Shape(std::span<const std::int64_t>(extents));
}

[[noreturn]] void refuse(const Node& node, const std::string& problem) {
  throw ShapeError("path " + node.path + " (" + node.text + "): " + problem);
}

}  // namespace

Network::Network(const Spec& spec, const Shape& x_row, const NetworkOptions& options)
    : options_(options), x_row_(x_row) {
  Shape x = with_batch_axis(x_row);
  int depth = 0;
  nodes_ = build_chain(spec.text, expand(spec), x, "", depth);
  y_row_ = x.row_shape();
  for (Node& node : nodes_) collect_params(node);
}

std::vector<Node> Network::build_chain(const std::string& text, const std::vector<SpecItem>& items,
                                       Shape& x, const std::string& parent, int& depth) {
  std::vector<Node> nodes;
  nodes.reserve(items.size());
  for (const SpecItem& item : items) {
    const std::string number = std::to_string(nodes.size());
    std::string path = parent;
    if (!path.empty()) path += '.';
    path += number;
    if (item.kind == SpecItem::Kind::residual) {
      nodes.push_back(build_residual(text, item, x, path, parent, depth));
      continue;
    }
    Node node;
    node.path = path;
    node.parent = parent;
    node.text = to_string(item);
    try {
      node.layer = make_layer(text, item, x, options_.dtype, options_.seed, path);
      x = node.layer->output_shape(x);
    } catch (const ShapeError& error) {
      refuse(node, error.what());
    }
    if (node.layer->family() == LayerFamily::linear) ++depth;
    node.depth = depth;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Node Network::build_residual(const std::string& text, const SpecItem& item, Shape& x,
                             const std::string& path, const std::string& parent, int& depth) {
  SpecArguments arguments(text, item);
  Node node;
  node.path = path;
  node.parent = parent;
  node.text = to_string(item);
  node.scale = arguments.number("scale", 1.0);
  const bool project = arguments.boolean("proj", false);
  arguments.done();

  Shape y = x;
  node.branch = build_chain(text, item.children, y, path, depth);
  node.depth = depth;
  if (project) {
    if (x.rank() != 2 || y.rank() != 2) {
      refuse(node, "proj maps " + x.row_shape().to_string() + " to " + y.row_shape().to_string() +
                       " a sample, expected [features] on both sides");
    }
    const std::string shortcut = "dense " + std::to_string(y[1]) + " bias=false";
    const Spec spec = parse_spec(shortcut);
    node.projection = std::make_unique<Node>();
    node.projection->path = path + ".proj";
    node.projection->parent = path;
    node.projection->text = shortcut;
    node.projection->depth = depth;
    node.projection->layer = make_layer(spec.text, spec.items.front(), x, options_.dtype,
                                        options_.seed, node.projection->path);
  } else if (x != y) {
    refuse(node, "the branch turns " + x.row_shape().to_string() + " into " +
                     y.row_shape().to_string() +
                     " a sample, expected the same shape (or write 'res proj[...]')");
  }
  x = y;
  return node;
}

void Network::collect_params(Node& node) {
  for (Node& child : node.branch) collect_params(child);
  if (node.projection) collect_params(*node.projection);
  if (!node.layer) return;
  node.first_param = params_.size();
  for (Param& param : node.layer->params()) {
    const std::string name = node.path + "." + param.name;
    // Only linear layers have weights to draw; a PReLU slope comes with its own start.
    if (node.family() == LayerFamily::linear) {
      const bool is_bias = param.value.shape().rank() < 2;
      initialise(param, is_bias ? options_.bias_init : options_.weight_init,
                 Rng(options_.seed, "init/" + name));
    }
    params_.push_back(&param);
    param_names_.push_back(name);
    param_paths_.push_back(node.path);
  }
  for (Buffer& buffer : node.layer->buffers()) {
    buffers_.push_back(&buffer);
    buffer_names_.push_back(node.path + "." + buffer.name);
  }
}

}  // namespace plumb
