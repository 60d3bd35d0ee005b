// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The logistic function.
///
///   y = 1 / (1 + e^-x)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y y (1 - y) in float, as PyTorch has it; in double the exact tail
///         grad_y e / (1 + e)^2, e = e^-|x|, which holds where y rounds to 1.
/// Threads As Activation.
class Sigmoid final : public Activation<ref::Sigmoid> {
 public:
  std::string_view kind() const override { return "sigmoid"; }
  double max_derivative() const override { return 0.25; }
};

std::unique_ptr<Layer> make_sigmoid(LayerRequest& request);

}  // namespace plumb
