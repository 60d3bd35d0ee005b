// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The rectified linear unit.
///
///   y = x for x >= 0, 0 otherwise; NaN stays NaN
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y for x > 0, 0 for x <= 0 (so f'(0) = 0)
/// Threads As Activation.
/// Source  Nair and Hinton 2010; the kink as in PyTorch.
class Relu final : public Activation<ref::Relu> {
 public:
  std::string_view kind() const override { return "relu"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_relu(LayerRequest& request);

}  // namespace plumb
