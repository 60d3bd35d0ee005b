// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Layer normalisation ("ln") and root-mean-square normalisation ("rmsnorm"): every row by its own
/// statistics, in training as when inferring.
///
///   ln       y = (x - mean) / sqrt(var + eps) * weight + bias     mean and var (biased) of the row
///   rmsnorm  y = x / sqrt(mean(x^2) + eps) * weight
///
/// Shapes  x any with a batch axis, y the same. The row is a whole sample; of a sequence
///         [batch, time steps, features] it is one time step. weight, bias [row...].
/// vjp     with x_hat the normalised row, n values, g = grad_y weight and s = 1 / sqrt(var + eps):
///           ln       grad_x = s (g - mean(g) - x_hat mean(g x_hat)): orthogonal to 1 and, for eps = 0, to x_hat
///           rmsnorm  grad_x = s (g - x_hat mean(g x_hat))
///           grad_weight += sum_rows(grad_y x_hat);  grad_bias += sum_rows(grad_y)
/// Units   weight starts at 1, bias at 0.
/// Errors  ShapeError for another row.
/// Threads Split by rows; the sums over rows do not depend on the thread count.
/// Source  Ba, Kiros and Hinton 2016, arXiv:1607.06450, eq. 4; Zhang and Sennrich 2019,
///         arXiv:1910.07467, eq. 4. eps as in torch.nn.LayerNorm, for both.
class RowNorm final : public Layer {
 public:
  struct Options {
    bool centred = true;  ///< ln; otherwise rmsnorm
    double eps = 1e-5;
    bool affine = true;
  };
  /// row: the shape that one set of statistics is taken over.
  RowNorm(const Shape& row, const Options& options, DType dtype, std::string path);

  std::string_view kind() const override { return options_.centred ? "ln" : "rmsnorm"; }
  LayerFamily family() const override { return LayerFamily::normalisation; }
  Shape output_shape(const Shape& x) const override;
  void plan(const Shape& x) override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }

 private:
  template <class T>
  void add_parameter_gradients(const T* x, const T* grad_y, std::int64_t rows,
                               const Context& context);

  Shape row_;
  Options options_;
  std::string path_;
  std::vector<Param> params_;        ///< weight, bias
  Tensor mean_, inverse_deviation_;  ///< of the last forward; [rows]
  Tensor zero_;                      ///< [row]
  Tensor piece_sums_;                ///< [kBatchPieces][2][row]
};

std::unique_ptr<Layer> make_layer_norm(LayerRequest& request);
std::unique_ptr<Layer> make_rms_norm(LayerRequest& request);

}  // namespace plumb
