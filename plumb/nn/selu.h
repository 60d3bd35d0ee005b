// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The self-normalising exponential linear unit.
///
///   y = scale x for x > 0, scale alpha (e^x - 1) otherwise
///   alpha = 1.6732632423543772848, scale = 1.0507009873554804935
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = scale grad_y for x > 0, grad_y scale alpha e^x otherwise (so f'(0) = scale alpha)
/// Threads As Activation.
/// Source  Klambauer et al. 2017, arXiv:1706.02515; the kink as in PyTorch.
class Selu final : public Activation<ref::ScaledElu> {
 public:
  Selu()
      : Activation(ref::ScaledElu{.alpha = 1.6732632423543772848, .scale = 1.0507009873554804935}) {
  }
  std::string_view kind() const override { return "selu"; }
  double max_derivative() const override { return op().scale * op().alpha; }
};

std::unique_ptr<Layer> make_selu(LayerRequest& request);

}  // namespace plumb
