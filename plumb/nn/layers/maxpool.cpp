// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/maxpool.h"

#include "plumb/nn/layers/window_pool.h"

namespace plumb {

namespace {

struct MaximumOfWindow {
  static constexpr std::string_view kKind = "maxpool";
  template <std::int64_t kBlock, class T>
  static void forward(const ref::Plane& plane, const T* x, T* y) {
    ref::max_pool<kBlock>(plane, x, y);
  }
  template <std::int64_t kBlock, class T>
  static void vjp(const ref::Plane& plane, const T* x, const T* grad_y, T* grad_x) {
    ref::max_pool_vjp<kBlock>(plane, x, grad_y, grad_x);
  }
};

}  // namespace

std::unique_ptr<Layer> make_maxpool(LayerRequest& request) {
  return make_window_pool<MaximumOfWindow>(request);
}

}  // namespace plumb
