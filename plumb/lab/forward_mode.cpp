// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/forward_mode.h"

#include "plumb/core/error.h"

namespace plumb::lab {

namespace {

std::vector<double> through_dense(std::span<const Param> params, ConstView x,
                                  std::span<const double> dx,
                                  std::span<const std::vector<double>> direction) {
  const std::int64_t batch = x.shape[0], in = x.shape.row_size();
  const std::int64_t out = params[0].value.shape()[0];
  const auto weight = params[0].value.as<double>();
  const auto values = x.as<double>();
  std::vector<double> dy(static_cast<std::size_t>(batch * out));
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t o = 0; o < out; ++o) {
      double sum = direction.size() > 1 ? direction[1][static_cast<std::size_t>(o)] : 0;
      for (std::int64_t i = 0; i < in; ++i) {
        const auto w = static_cast<std::size_t>(o * in + i);
        const auto k = static_cast<std::size_t>(b * in + i);
        sum += weight[w] * dx[k] + direction[0][w] * values[k];
      }
      dy[static_cast<std::size_t>(b * out + o)] = sum;
    }
  }
  return dy;
}

}  // namespace

std::vector<double> forward_mode(const Network& network,
                                 std::span<const std::vector<double>> direction) {
  ConstView x = network.input_view();
  std::vector<double> tangent(static_cast<std::size_t>(x.shape.size()), 0.0);
  for (const Node& node : network.nodes()) {
    const ConstView y = node.y.view();
    if (node.family() == LayerFamily::linear) {
      const auto own = direction.subspan(node.first_param, node.params().size());
      tangent = through_dense(node.params(), x, tangent, own);
    } else {
      Tensor slope(x.shape, DType::f64);
      PLUMB_CHECK(node.layer()->derivative(x, y, slope.view()));
      for (std::size_t i = 0; i < tangent.size(); ++i) tangent[i] *= slope.as<double>()[i];
    }
    x = y;
  }
  return tangent;
}

}  // namespace plumb::lab
