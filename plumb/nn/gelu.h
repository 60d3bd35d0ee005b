// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/gelu.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The Gaussian error linear unit.
///
///   y = x Phi(x) = x erfc(-x / sqrt 2) / 2
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y (Phi(x) + x phi(x)); sup f' = 1/2 + erf(1)/2 + 1/(e sqrt pi) = 1.1289 at
///         x = sqrt 2
/// Threads As Activation.
/// Source  Hendrycks and Gimpel 2016, arXiv:1606.08415. y(-inf) is the limit -0 (PyTorch: NaN).
class Gelu final : public Activation<ref::Gelu> {
 public:
  std::string_view kind() const override { return "gelu"; }
  double max_derivative() const override { return 1.1289041451851549; }
};

/// The approximation by tanh.
///
///   y = x/2 (1 + tanh u),  u = sqrt(2 / pi) (x + 0.044715 x^3)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y (s + x s (1 - s) 2 u'),  s = sigmoid(2 u) = (1 + tanh u) / 2
/// Threads As Activation.
/// Source  As Gelu; evaluated as x sigmoid(2 u), which keeps the left tail.
class GeluTanh final : public Activation<ref::GeluTanh> {
 public:
  std::string_view kind() const override { return "gelu"; }
  double max_derivative() const override { return 1.1289930686587718; }
};

std::unique_ptr<Layer> make_gelu(LayerRequest& request);

}  // namespace plumb
