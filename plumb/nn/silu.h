// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The sigmoid-weighted linear unit, also called swish.
///
///   y = x sigmoid(x)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y (s + x s (1 - s)), s = sigmoid(x); sup f' = 1.0998 at x = 2.3994
/// Threads As Activation.
/// Source  Elfwing, Uchibe, Doya 2018, arXiv:1702.03118. y(-inf) is the limit -0 (PyTorch: NaN).
class Silu final : public Activation<ref::Silu> {
 public:
  std::string_view kind() const override { return "silu"; }
  double max_derivative() const override { return 1.0998393201288670; }
};

std::unique_ptr<Layer> make_silu(LayerRequest& request);

}  // namespace plumb
