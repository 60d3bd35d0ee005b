// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace plumb {

/// The values of one column over all samples (of one channel: over all pixels too; of one feature
/// of a sequence: over all time steps too).
struct ColumnInfo {
  std::string name;  ///< empty where the data name none
  double mean = 0;
  double deviation = 0;  ///< standard deviation, of the population
  double smallest = 0;
  double largest = 0;
  friend bool operator==(const ColumnInfo&, const ColumnInfo&) = default;
};

/// The training part of the data, as the network gets it.
struct DataInfo {
  std::int64_t samples = 0;
  std::int64_t validation_samples = 0;
  std::vector<ColumnInfo> inputs;         ///< empty where they were not looked at
  std::vector<ColumnInfo> targets;        ///< of values; empty for classes
  std::vector<std::int64_t> class_sizes;  ///< labels of each class; empty for values
  /// Of the variance of the targets (of classes: of their indicators) the part that lies between
  /// the batches, as they are taken (BatchSpread): about one over the batch size for samples in no
  /// order, 1 for batches of one class each. Absent where the order is drawn anew or not known.
  std::optional<double> between_batches = {};
  friend bool operator==(const DataInfo&, const DataInfo&) = default;
};

/// What the best constant answer reaches on the training part: what a network has to beat before it
/// has learned anything. For classes the constant are their frequencies, so its loss is their
/// entropy; for values and the mean squared error it is their mean, so its loss is their variance.
struct Baseline {
  double loss = std::numeric_limits<double>::quiet_NaN();
  /// Standard deviation of that loss from sample to sample: the mean of a batch of n varies by this
  /// over sqrt(n).
  double loss_deviation = std::numeric_limits<double>::quiet_NaN();
  /// Of always answering the most frequent class, 0..1; NaN for values.
  double accuracy = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace plumb
