// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The exponential linear unit.
///
///   y = x for x > 0, alpha (e^x - 1) otherwise
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y for x > 0, grad_y alpha e^x otherwise (so f'(0) = alpha)
/// Threads As Activation.
/// Source  Clevert, Unterthiner, Hochreiter 2016, arXiv:1511.07289; the kink as in PyTorch.
class Elu final : public Activation<ref::ScaledElu> {
 public:
  explicit Elu(double alpha) : Activation(ref::ScaledElu{.alpha = alpha, .scale = 1}) {}
  std::string_view kind() const override { return "elu"; }
  double max_derivative() const override { return std::max(1.0, std::abs(op().alpha)); }
};

std::unique_ptr<Layer> make_elu(LayerRequest& request);

}  // namespace plumb
