// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/kernels/ref/piecewise.h"
#include "plumb/nn/activation.h"
#include "plumb/nn/layer_table.h"

namespace plumb {

/// y = x: an activation that does nothing, for linear networks and ablations.
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y
/// Threads As Activation.
class Identity final : public Activation<ref::Identity> {
 public:
  std::string_view kind() const override { return "identity"; }
  double max_derivative() const override { return 1.0; }
};

std::unique_ptr<Layer> make_identity(LayerRequest& request);

}  // namespace plumb
