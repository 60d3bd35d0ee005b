// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plumb/data/dataset.h"

namespace plumb {

/// The outputs of a network as probabilities, in place: softmax of each row for cross_entropy, the
/// logistic function of each element for binary_cross_entropy, else as they are. `outputs` is
/// [rows,
/// ..., classes].
void to_probabilities(std::string_view loss, Tensor& outputs);

/// The class that each row says, in [0, classes): its largest output, or of a single one whether it
/// is above `threshold`; -1 for a row with a NaN.
std::vector<std::int32_t> chosen_classes(const Tensor& outputs, double threshold);

/// How often each class was taken for each: counts[label][answer].
struct Confusion {
  std::vector<std::vector<std::int64_t>> counts;
  std::int64_t nan_rows = 0;  ///< answered nothing

  std::int64_t total() const;
  std::int64_t right() const;
  /// Of what is of this class, the part that was found; NaN if nothing is.
  double recall(std::size_t label) const;
  /// Of what was taken for this class, the part that is; NaN if nothing was.
  double precision(std::size_t label) const;
};

/// Errors  UsageError for lists of different lengths.
Confusion count_confusion(const std::vector<std::int32_t>& labels,
                          const std::vector<std::int32_t>& answers, std::int64_t classes);

/// Of one target value: root mean square of the error, and 1 - (mean square error) / variance,
/// which is 0 for the best constant; NaN for a constant target.
struct Fit {
  double rmse = 0;
  double r_squared = 0;
};
std::vector<Fit> measure_fit(const Tensor& outputs, const Tensor& targets);

}  // namespace plumb
