// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/pass.h"

#include <optional>

#include "plumb/nn/reorder.h"

namespace plumb {

Gradient BackwardPass::acquire_like(const Gradient& other) const {
  return pool.acquire(other.values.shape, other.values.layout, other.log2_scale);
}

Gradient BackwardPass::in_layout(Gradient gradient, Layout layout) const {
  if (gradient.values.layout == layout) return gradient;
  const Gradient copy = pool.acquire(gradient.values.shape, layout, gradient.log2_scale);
  reorder(gradient.values, copy.values, context.pool);
  pool.release(gradient);
  return copy;
}

void BackwardPass::show_gradient(const Node& node, Gradient& grad_y) const {
  std::optional<double> largest;
  if (observer != nullptr) {
    observer->on_gradient(node, grad_y.values, grad_y.log2_scale);
    largest = observer->largest_in_gradient();
  }
  keep_in_safe_band(grad_y, largest);
}

}  // namespace plumb
