// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// A sigmoid with polynomial tails.
///
///   y = x / (1 + |x|)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y / (1 + |x|)^2
/// Threads As Activation.
/// Source  Bergstra et al. 2009; Glorot and Bengio 2010. y(+-inf) is the limit +-1 (PyTorch: NaN).
class Softsign final : public Activation<ref::Softsign> {
 public:
  std::string_view kind() const override { return "softsign"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_softsign(LayerRequest& request);

}  // namespace plumb
