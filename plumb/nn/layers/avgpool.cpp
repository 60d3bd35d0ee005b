// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/avgpool.h"

#include "plumb/nn/layers/window_pool.h"

namespace plumb {

namespace {

struct AverageOfWindow {
  static constexpr std::string_view kKind = "avgpool";
  template <class T>
  static T area(const ref::Plane& plane) {
    return static_cast<T>(plane.window.vertical.size * plane.window.horizontal.size);
  }
  template <std::int64_t kBlock, class T>
  static void forward(const ref::Plane& plane, const T* x, T* y) {
    ref::average_pool<kBlock>(plane, area<T>(plane), x, y);
  }
  template <std::int64_t kBlock, class T>
  static void vjp(const ref::Plane& plane, const T* /*x*/, const T* grad_y, T* grad_x) {
    ref::average_pool_vjp<kBlock>(plane, area<T>(plane), grad_y, grad_x);
  }
};

}  // namespace

std::unique_ptr<Layer> make_avgpool(LayerRequest& request) {
  return make_window_pool<AverageOfWindow>(request);
}

}  // namespace plumb
