// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/error.h"
#include "plumb/core/signals.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/reorder.h"

namespace plumb {

ConstView Network::forward(const Context& context, PassObserver* observer) {
  require_planned("forward");
  passed_.reset();
  const HeldSignals held;  // once here, so that the products of its layers need not each
  const ConstView y = nodes_.forward(input_.view(), {context, observer});
  if (output_) reorder(y, output_.view(), context.pool);
  passed_ = context.mode;
  return output();
}

void Network::backward(const Context& context, PassObserver* observer, GradientReady* ready) {
  require_planned("backward");
  if (!passed_) throw UsageError("Network::backward before forward(): call forward(context) first");
  if (*passed_ != context.mode) {
    throw UsageError(
        "Network::backward in another mode than forward(): call forward with this context first");
  }
  if (shared_gradients_ && ready == nullptr && !params_.empty()) {
    throw UsageError(
        "Network::backward with shared gradients and nobody to take them: pass a GradientReady, or "
        "call keep_gradients() first");
  }
  const HeldSignals held;
  const BackwardPass pass{context, *pool_, observer, ready};
  const Gradient top =
      pass.in_layout({nullptr, output_gradient_.view(), 0}, nodes_.back().y.layout());
  const auto grad_x = nodes_.backward(input_.view(), top, observer != nullptr, pass);
  if (!grad_x) return;
  if (observer != nullptr) observer->on_input_gradient(grad_x->values, grad_x->log2_scale);
  pool_->release(*grad_x);
}

}  // namespace plumb
