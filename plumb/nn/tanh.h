// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The hyperbolic tangent.
///
///   y = tanh(x)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y (1 - y^2) in float, as PyTorch has it; in double the exact tail
///         grad_y 4 e / (1 + e)^2, e = e^-2|x|, which holds where y rounds to 1.
/// Threads As Activation.
class Tanh final : public Activation<ref::Tanh> {
 public:
  std::string_view kind() const override { return "tanh"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_tanh(LayerRequest& request);

}  // namespace plumb
