// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/tensor_dump.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"
#include "plumb/nn/reorder.h"

namespace plumb {

namespace {

/// Row-major, in double, with its true values.
Tensor true_values(ConstView values, int log2_scale) {
  Tensor row_major;
  if (values.layout != Layout::row_major) {
    row_major = Tensor(values.shape, values.dtype);
    ThreadPool pool(1);
    reorder(values, row_major.view(), pool);
    values = row_major.view();
  }
  Tensor copy(values.shape, DType::f64);
  dispatch(values.dtype, [&](auto zero) {
    const auto source = values.as<decltype(zero)>();
    std::transform(source.begin(), source.end(), copy.as<double>().begin(),
                   [&](auto value) { return std::ldexp(static_cast<double>(value), log2_scale); });
  });
  return copy;
}

}  // namespace

void TensorDump::add(std::string name, ConstView values, int log2_scale) {
  arrays_.emplace_back(std::move(name), true_values(values, log2_scale));
}

void TensorDump::on_output(const Node& node, ConstView x, ConstView y) {
  if (arrays_.empty()) add("x", network_.input_view(), 0);
  add("out/" + node.path, y, 0);
  if (node.family() == LayerFamily::dropout) {
    Tensor mask(y.shape, y.dtype, y.layout);
    PLUMB_CHECK(node.layer()->derivative(x, y, mask.view()));
    add("mask/" + node.path, mask.view(), 0);
  }
  if (node.transform()) add("transform/" + node.path, node.transform(), 0);
  add_time_steps(node);
}

void TensorDump::on_gradient(const Node& node, ConstView grad_y, int log2_scale) {
  if (backward_ != nullptr) add_time_steps(*backward_);
  backward_ = &node;
  add("grad_out/" + node.path, grad_y, log2_scale);
}

void TensorDump::on_join(const Node& node, std::span<const WayGradient> ways) {
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::string way(node.ways()[i].name);
    add("way/" + node.path + "/" + way, ways[i].values, ways[i].log2_scale);
  }
}

void TensorDump::on_input_gradient(ConstView grad_x, int log2_scale) {
  if (backward_ != nullptr) add_time_steps(*backward_);
  add("grad_x", grad_x, log2_scale);
}

void TensorDump::on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                              int log2_scale) {
  const std::string name = (reverse ? "reverse/" : "") + std::string(to_string(quantity));
  steps_.push_back({t, name, true_values(values, log2_scale)});
}

void TensorDump::add_time_steps(const Node& node) {
  std::map<std::string, Tensor> stacks;
  const std::int64_t steps = node.y.shape().rank() > 1 ? node.y.shape()[1] : 0;
  for (const TimeStep& step : steps_) {
    Tensor& stack = stacks[step.name];
    const std::int64_t plane = step.values.size();
    if (!stack) {
      stack = Tensor({steps, step.values.shape()[0], step.values.shape()[1]}, DType::f64);
      std::ranges::fill(stack.as<double>(), std::numeric_limits<double>::quiet_NaN());
    }
    std::ranges::copy(step.values.as<double>(), stack.as<double>().begin() + step.t * plane);
  }
  steps_.clear();
  for (auto& [name, stack] : stacks) {
    arrays_.emplace_back("time/" + node.path + "/" + name, std::move(stack));
  }
}

void TensorDump::write(const std::string& path) {
  for (std::size_t i = 0; i < network_.params().size(); ++i) {
    const Param& param = *network_.params()[i];
    const std::string& name = network_.param_names()[i];
    add(name, param.value.view(), 0);
    add("grad/" + name, param.grad.view(), param.grad_log2_scale);
  }
  for (std::size_t i = 0; i < network_.buffers().size(); ++i) {
    add(network_.buffer_names()[i], std::as_const(network_.buffers()[i]->value).view(), 0);
  }
  std::vector<std::pair<std::string, ConstView>> views;
  for (const auto& [name, tensor] : arrays_) views.emplace_back(name, tensor.view());
  write_npz(path, views);
}

}  // namespace plumb
