// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Inverted dropout: in training each element is zeroed with probability P and the others are
/// scaled so that the mean stays; in inference y = x.
///
///   y = x m / (1 - P),  m in {0, 1} drawn from (seed, path, step, element)
///
/// Shapes  x, y any shape, the same.
/// vjp     grad_x = grad_y m / (1 - P) with the mask of the last forward in training mode
/// Units   0 <= P < 1, kept to 2^-32. A NaN or Inf under the mask gives NaN, as in PyTorch.
/// Errors  make_dropout: SpecError if P is missing or out of range.
/// Threads Split by elements; the mask is the same bits for any thread count and any layout.
/// Source  Srivastava et al. 2014; inverted scaling as in PyTorch.
class Dropout final : public Layer {
 public:
  /// `path` names the layer's stream of random numbers.
  Dropout(double drop_probability, std::uint64_t seed, const std::string& path);

  std::string_view kind() const override { return "dropout"; }
  LayerFamily family() const override { return LayerFamily::dropout; }
  Shape output_shape(const Shape& x) const override { return x; }
  LayerLayouts layouts(const Shape& /*x*/, Layout offered) const override {
    return {offered, offered};
  }
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  /// m / (1 - P), laid out as x is; false before the first forward in training mode.
  bool derivative(ConstView x, ConstView y, View derivative) const override;

 private:
  void draw_mask(ConstView x, const Context& context);
  void apply_mask(ConstView from, View to, const Context& context) const;

  double drop_probability_;
  Rng rng_;
  std::vector<std::uint8_t> keep_;   ///< in the order of x's memory
  std::vector<std::uint8_t> drawn_;  ///< in row-major order, where that is another
};

std::unique_ptr<Layer> make_dropout(LayerRequest& request);

}  // namespace plumb
