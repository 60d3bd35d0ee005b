// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "plumb/kernels/activations/table.h"
#include "plumb/kernels/elementwise.h"
#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Elements a thread takes at least: below this a second thread costs more than it saves.
inline constexpr std::int64_t kElementwiseGrain = 8192;

/// The layers y[i] = f(x[i]) without parameters; Op is f with its vjp (kernels/ref).
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x[i] = grad_y[i] f'(x[i]); derivative() is this with grad_y = 1, bit for bit.
/// Threads Split by elements; the bits do not depend on the split.
template <class Op>
class Activation final : public Layer {
 public:
  /// `kind` outlives the layer: a name in the table.
  explicit Activation(std::string_view kind, Op op = {}, ActivationTraits traits = {})
      : kind_(kind), op_(op), traits_(std::move(traits)) {}

  std::string_view kind() const override { return kind_; }
  LayerFamily family() const override { return LayerFamily::activation; }
  Shape output_shape(const Shape& x) const override { return x; }
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, offered};
  }

  void forward(ConstView x, View y, const Context& context) override {
    dispatch(x.dtype, [&]<class T>(T) {
      const T* const from = x.as<T>().data();
      T* const to = y.as<T>().data();
      context.pool.run(x.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
        elementwise_forward(op_, from + begin, to + begin, end - begin);
      });
    });
  }

  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override {
    if (!grad_x) return;
    dispatch(x.dtype, [&]<class T>(T) {
      const T* const x_data = x.as<T>().data();
      const T* const y_data = y.as<T>().data();
      const T* const g_data = grad_y.as<T>().data();
      T* const to = grad_x.as<T>().data();
      context.pool.run(x.shape.size(), kElementwiseGrain, [&](auto begin, auto end) {
        elementwise_vjp(op_, x_data + begin, y_data + begin, g_data + begin, to + begin,
                        end - begin);
      });
    });
  }

  bool derivative(ConstView x, ConstView y, View derivative) const override {
    dispatch(x.dtype, [&]<class T>(T) {
      elementwise_vjp<Op, T>(op_, x.as<T>().data(), y.as<T>().data(), nullptr,
                             derivative.as<T>().data(), x.shape.size());
    });
    return true;
  }

  DerivativeScan scan_derivative(ConstView x, ConstView y, double limit) const override {
    return dispatch(x.dtype, [&]<class T>(T) {
      return elementwise_scan<Op, T>(op_, x.as<T>().data(), y.as<T>().data(), x.shape.size(),
                                     limit);
    });
  }

  std::optional<ActivationTraits> traits() const override { return traits_; }

 private:
  std::string_view kind_;
  Op op_;
  ActivationTraits traits_;
};

/// What a text gives to a row of the table.
/// Errors  SpecError with a caret for what the row refuses.
ActivationArguments read_activation_arguments(const ActivationRow& row, SpecArguments& arguments);

/// The layer of the row that the request names.
std::unique_ptr<Layer> make_activation(LayerRequest& request);

}  // namespace plumb
