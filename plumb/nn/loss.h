// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "plumb/core/view.h"

namespace plumb {

/// What the network should have said: labels for classification, or values shaped like the output.
struct Target {
  std::span<const std::int32_t> labels;
  ConstView values;
};

/// A loss of the network's output y [batch, outputs]: the only place that reduces over the batch.
///
///   cross_entropy         mean_b of -log softmax(y_b)[label_b]
///   binary_cross_entropy  mean_b sum_j of the logistic loss of logit y_bj against t_bj in [0, 1]; labels are
///                         taken as one-hot
///   mse                   mean_b 1/2 sum_j (y_bj - t_bj)^2; labels are taken as one-hot
///   difference            mean_b sum_j (y_bj - t_bj): no cost at all, as a well-known tutorial has it; kept for
///                         the experiment that shows why
/// All are evaluated in double from the dtype of y, stably for any finite logits; NaN gives NaN.
class Loss {
 public:
  virtual ~Loss() = default;
  virtual std::string_view kind() const = 0;
  virtual double value(ConstView y, const Target& target) const = 0;
  /// grad_y = d value / d y; also returns the value.
  virtual double gradient(ConstView y, const Target& target, View grad_y) const = 0;
};

/// Errors  SpecError naming the known losses.
std::unique_ptr<Loss> make_loss(std::string_view name);
std::span<const std::string_view> loss_names();

/// Fraction of rows whose largest output is the labelled one (ties: the first index; a NaN row is
/// wrong).
double accuracy(ConstView y, std::span<const std::int32_t> labels);

}  // namespace plumb
