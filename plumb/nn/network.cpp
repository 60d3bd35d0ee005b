// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/network.h"

#include <algorithm>

#include "plumb/core/error.h"

namespace plumb {

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

ConstView Network::output() const { return nodes_.back().y.view(); }

void Network::zero_grad() {
  for (Param* param : params_) param->grad_is_zero = true;
}

namespace {
void visit_nodes(const std::vector<Node>& nodes, const std::function<void(const Node&)>& visitor) {
  for (const Node& node : nodes) {
    visit_nodes(node.branch, visitor);
    if (node.projection) visitor(*node.projection);
    visitor(node);
  }
}
}  // namespace

void Network::visit(const std::function<void(const Node&)>& visitor) const {
  visit_nodes(nodes_, visitor);
}

void Network::plan(std::int64_t batch) {
  PLUMB_CHECK(batch > 0);
  batch_ = batch;
  const std::int64_t input_extents = x_row_.rank();
  std::vector<std::int64_t> extents{batch};
  for (int axis = 0; axis < input_extents; ++axis) extents.push_back(x_row_[axis]);
  Shape x{std::span<const std::int64_t>(extents)};
  input_ = Tensor(x, options_.dtype);
  std::int64_t capacity = x.size();
  plan_chain(nodes_, x, capacity);
  output_gradient_ = Tensor(x, options_.dtype);
  pool_.emplace(capacity, options_.dtype);
}

void Network::plan_chain(std::vector<Node>& nodes, Shape& x, std::int64_t& capacity) {
  const auto plan_layer = [&](Node& node, const Shape& in) {
    const Shape out = node.layer->output_shape(in);
    node.layer->plan(in);
    node.y = Tensor(out, options_.dtype);
    capacity = std::max(capacity, out.size());
    return out;
  };
  for (Node& node : nodes) {
    if (!node.is_residual()) {
      x = plan_layer(node, x);
      continue;
    }
    Shape inner = x;
    plan_chain(node.branch, inner, capacity);
    if (node.projection) plan_layer(*node.projection, x);
    node.y = Tensor(inner, options_.dtype);
    x = inner;
  }
}

}  // namespace plumb
