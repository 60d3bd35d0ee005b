// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "plumb/core/view.h"

namespace plumb {

/// What the network should have said: labels for classification, or values shaped like the output.
/// Where a loss can use both, values win.
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
/// Of a sequence [batch, steps, outputs] with a label for each step, [batch * steps], each step is
/// a row b of its own, and the mean is over all of them. Values of a sequence are outputs like any
/// others: their terms add up over the steps.
/// All are evaluated in double from the dtype of y, stably for any finite logits; NaN gives NaN. No
/// allocation.
///
/// Shapes  y and values [batch, ...] (further axes count as outputs); labels [batch] or, for y [batch,
///         steps, outputs], [batch * steps]; in [0, outputs).
///         With a single output a label is its own value (0 or 1), not a one-hot row of length 1.
/// vjp     grad_y in the dtype of y, computed in double and rounded once. 1 - p is formed from the other
///         probabilities, so a gradient of 1e-20 is 1e-20 and not 0.
/// Errors  DataError for a missing target, a wrong number of labels or a label out of range;
///         ShapeError for values or a grad_y that are not shaped like y; UsageError for a y that is a
///         view of nothing.
/// Threads Objects have no state: one may be used from any thread.
/// Source  Bishop 2006, Pattern Recognition and Machine Learning, 4.3; the means are over the batch only
///         (torch's mse_loss and binary_cross_entropy_with_logits divide by batch * outputs, and mse has no 1/2).
class Loss {
 public:
  virtual ~Loss() = default;
  virtual std::string_view kind() const = 0;
  virtual double value(ConstView y, const Target& target) const = 0;
  /// grad_y = d value / d y; also returns the value.
  virtual double gradient(ConstView y, const Target& target, View grad_y) const = 0;
};

/// Errors  SpecError naming the known losses, and the nearest one.
std::unique_ptr<Loss> make_loss(std::string_view name);
std::span<const std::string_view> loss_names();

/// Fraction of rows whose largest output is the labelled one (ties: the first index; a NaN row is
/// wrong); NaN without rows. With a single output the row is of class 1 where it is above
/// `threshold`, else of class 0: 0 for a logit, 1/2 where the output itself is fitted to 0 and 1.
double accuracy(ConstView y, std::span<const std::int32_t> labels, double threshold = 0);

}  // namespace plumb
