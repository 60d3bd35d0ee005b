// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/core/tensor.h"
#include "tests/support/layer_builder.h"

namespace plumb::testing {

template <class T>
struct ValueAndDerivative {
  T value, derivative;
};

/// f(x) and grad_y f'(x) of the activation that `text` names, through the layer.
template <class T>
ValueAndDerivative<T> activation_at(const std::string& text, T x, T grad_y = 1) {
  ThreadPool pool(1);
  const Shape one{1, 1};
  const auto layer = layer_from_text(text, one, kDTypeOf<T>);
  ValueAndDerivative<T> result{};
  const auto view = [&](T& v) { return View{&v, kDTypeOf<T>, one}; };
  layer->forward(view(x), view(result.value), {.pool = pool});
  layer->backward(view(x), view(result.value), view(grad_y), view(result.derivative),
                  {.pool = pool});
  return result;
}

}  // namespace plumb::testing
