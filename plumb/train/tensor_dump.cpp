// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/tensor_dump.h"

#include <algorithm>
#include <cmath>

#include "plumb/data/npz.h"
#include "plumb/nn/reorder.h"

namespace plumb {

void TensorDump::add(std::string name, ConstView values, int log2_scale) {
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
  arrays_.emplace_back(std::move(name), std::move(copy));
}

void TensorDump::on_output(const Node& node, ConstView /*x*/, ConstView y) {
  if (arrays_.empty()) add("x", network_.input_view(), 0);
  add("out/" + node.path, y, 0);
}

void TensorDump::on_gradient(const Node& node, ConstView grad_y, int log2_scale) {
  add("grad_out/" + node.path, grad_y, log2_scale);
}

void TensorDump::on_input_gradient(ConstView grad_x, int log2_scale) {
  add("grad_x", grad_x, log2_scale);
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
