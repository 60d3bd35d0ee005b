// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// The smooth rectifier.
///
///   y = log(1 + e^x) = max(x, 0) + log1p(e^-|x|)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y sigmoid(x)
/// Threads As Activation.
/// Source  Dugas et al. 2001. PyTorch returns x itself beyond x = 20, which is 2e-9 away there.
class Softplus final : public Activation<ref::Softplus> {
 public:
  std::string_view kind() const override { return "softplus"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_softplus(LayerRequest& request);

}  // namespace plumb
