// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// The leaky rectified linear unit with one learned slope.
///
///   y = x for x > 0, weight x otherwise
///
/// Shapes  x, y any shape, the same; weight [1], at the start the slope that is given.
/// vjp     grad_x = grad_y for x > 0, weight grad_y otherwise (so f'(0) = weight);
///         grad_weight = sum of grad_y x over x <= 0, summed in blocks of fixed size in double, so the
///         bits do not depend on the threads
/// Units   The fans of weight are 0: it is not drawn, it starts where the constructor puts it.
/// Threads Split by elements.
/// Source  He et al. 2015, arXiv:1502.01852, eq. 1; shape, start and kink as in PyTorch.
class Prelu final : public Layer {
 public:
  explicit Prelu(DType dtype, double slope = 0.25);

  std::string_view kind() const override { return "prelu"; }
  LayerFamily family() const override { return LayerFamily::activation; }
  Shape output_shape(const Shape& x) const override { return x; }
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, offered};
  }
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return {&weight_, 1}; }
  bool derivative(ConstView x, ConstView y, View derivative) const override;
  DerivativeScan scan_derivative(ConstView x, ConstView y, double limit) const override;
  std::optional<ActivationTraits> traits() const override;

 private:
  double slope() const;
  template <class T>
  void accumulate_grad_weight(const T* x, const T* grad_y, std::int64_t count,
                              const Context& context);

  Param weight_;
  std::vector<double> block_sums_;
};

std::unique_ptr<Layer> make_prelu(LayerRequest& request);

}  // namespace plumb
