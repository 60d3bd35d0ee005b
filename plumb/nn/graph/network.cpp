// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/network.h"

#include <algorithm>

#include "plumb/core/error.h"

namespace plumb {

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

void Network::refuse_unplanned(const char* call) const {
  throw UsageError(std::string("Network::") + call +
                   (nodes_.empty() ? " of a network that was moved from: use the one it moved to"
                                   : " before plan(): call plan(batch) first"));
}

View Network::input() {
  require_planned("input");
  return input_.view();
}

ConstView Network::input_view() const {
  require_planned("input_view");
  return input_.view();
}

View Network::output_gradient() {
  require_planned("output_gradient");
  return output_gradient_.view();
}

ConstView Network::output() const {
  require_planned("output");
  if (!passed_) throw UsageError("Network::output before forward(): call forward(context) first");
  return output_ ? output_.view() : nodes_.back().y.view();
}

void Network::zero_grad() {
  for (Param* param : params_) param->grad_is_zero = true;
}

void Network::visit(const std::function<void(const Node&)>& visitor) const {
  nodes_.visit(visitor);
}

namespace {
/// Up to where the next one may begin.
std::int64_t aligned_size(const Param& param) {
  const std::int64_t aligned =
      static_cast<std::int64_t>(Tensor::kAlignment) / size_bytes(param.value.dtype());
  return (param.value.size() + aligned - 1) / aligned * aligned;
}
}  // namespace

void Network::share_gradients() {
  std::int64_t largest = 0;
  visit([&](const Node& node) {
    std::int64_t size = 0;
    for (const Param& param : node.params()) size += aligned_size(param);
    largest = std::max(largest, size);
  });
  for (Param* const param : params_) param->grad = Tensor();
  shared_gradients_ = Tensor(Shape{largest}, options_.dtype);
  visit([&](const Node& node) {
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < node.params().size(); ++i) {
      Param& param = *params_[node.first_param + i];
      param.grad = Tensor::within(shared_gradients_, begin, param.value.shape());
      begin += aligned_size(param);
    }
  });
  zero_grad();
}

void Network::keep_gradients() {
  if (!shared_gradients_) return;
  for (Param* const param : params_) {
    param->grad = Tensor(param->value.shape(), options_.dtype);
  }
  shared_gradients_ = Tensor();
  zero_grad();
}

void Network::plan(std::int64_t batch) {
  if (nodes_.empty()) refuse_unplanned("plan");
  if (batch < 1 || batch > kMaxBatch) {
    throw UsageError("Network::plan: batch is " + std::to_string(batch) + ", expected 1 to " +
                     std::to_string(kMaxBatch));
  }
  // Not planned until all of it is there, whatever is thrown on the way.
  passed_.reset();
  input_ = Tensor();
  const std::int64_t input_extents = x_row_.rank();
  std::vector<std::int64_t> extents{batch};
  for (int axis = 0; axis < input_extents; ++axis) extents.push_back(x_row_[axis]);
  Shape x{std::span<const std::int64_t>(extents)};
  Planner planner{options_.dtype};
  TensorPlan end = plan_all(x, planner);
  if (planner.sides_differ) {
    planner.row_major_only = true;
    end = plan_all(x, planner);
  }
  output_ = end.layout == Layout::row_major ? Tensor() : Tensor(end.shape, options_.dtype);
  output_gradient_ = Tensor(end.shape, options_.dtype);
  pool_.emplace(planner.largest, options_.dtype);
  batch_ = batch;
  input_ = Tensor(x, options_.dtype);
}

TensorPlan Network::plan_all(const Shape& x, Planner& planner) {
  planner.largest = x.size();
  return nodes_.plan({x, Layout::row_major}, planner);
}

}  // namespace plumb
