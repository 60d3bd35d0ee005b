// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>

#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The leaky rectified linear unit.
///
///   y = x for x > 0, slope x otherwise
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y for x > 0, slope grad_y otherwise (so f'(0) = slope)
/// Threads As Activation.
/// Source  Maas, Hannun, Ng 2013; the kink as in PyTorch.
class LeakyRelu final : public Activation<ref::LeakyRelu> {
 public:
  explicit LeakyRelu(double slope) : Activation(ref::LeakyRelu{slope}) {}
  std::string_view kind() const override { return "leaky_relu"; }
  double max_derivative() const override { return std::max(1.0, std::abs(op().slope)); }
};

std::unique_ptr<Layer> make_leaky_relu(LayerRequest& request);

}  // namespace plumb
