// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

/// Group normalisation: every sample by itself, its channels in groups of neighbours.
///
///   y = (x - mean_g) / sqrt(var_g + eps) * weight_c + bias_c     mean and var (biased) of one
///       sample's channels of group g, over all positions
///
/// Shapes  x [batch, channels] or [batch, channels, height, width], y the same; weight, bias [channels].
/// vjp     as layer normalisation within a group (row_norm.h), with g = grad_y weight_c
/// Units   weight starts at 1, bias at 0.
/// Errors  SpecError if the groups do not divide the channels; ShapeError for other channels and for sequences.
/// Threads Split over the batch; the sums over it do not depend on the thread count.
/// Source  Wu and He 2018, arXiv:1803.08494, eq. 7; names as in torch.nn.GroupNorm.
class GroupNorm final : public Layer {
 public:
  struct Options {
    std::int64_t groups = 1;
    double eps = 1e-5;
    bool affine = true;
  };
  GroupNorm(std::int64_t channels, const Options& options, DType dtype, std::string path);

  std::string_view kind() const override { return "gn"; }
  LayerFamily family() const override { return LayerFamily::normalisation; }
  Shape output_shape(const Shape& x) const override;
  void plan(const Shape& x) override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }

 private:
  double weight(std::int64_t channel) const;
  double bias(std::int64_t channel) const;

  std::int64_t channels_;
  Options options_;
  std::string path_;
  std::vector<Param> params_;                     ///< weight, bias
  std::vector<double> mean_, inverse_deviation_;  ///< of the last forward; [batch][groups]
  std::vector<double> gradient_sums_,
      x_hat_sums_;  ///< of grad_y, of grad_y x_hat; [batch][channels]
};

std::unique_ptr<Layer> make_group_norm(LayerRequest& request);

}  // namespace plumb
