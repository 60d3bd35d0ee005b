// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The clamp.
///
///   y = low for x < low, high for x > high, x otherwise; NaN stays NaN
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y for low < x < high, 0 otherwise (so f'(low) = f'(high) = 0)
/// Errors  make_hardtanh: SpecError unless both or neither of MIN and MAX are given and MIN < MAX.
/// Threads As Activation.
/// Source  Collobert 2004; the kinks as in PyTorch.
class Hardtanh final : public Activation<ref::Hardtanh> {
 public:
  Hardtanh(double low, double high) : Activation(ref::Hardtanh{low, high}) {}
  std::string_view kind() const override { return "hardtanh"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_hardtanh(LayerRequest& request);

}  // namespace plumb
