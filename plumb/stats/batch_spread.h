// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plumb {

/// Of the variance of what comes in batches the part that lies between them.
///
///   between = sum_b n_b |m_b - m|^2 / sum_i |x_i - m|^2,   m_b the mean of batch b, m that of all
///
/// Samples in no order have about one over the batch size (of B batches of n: (B - 1) / (B n - 1)),
/// batches of one kind each have 1: the correlation ratio eta^2 of an analysis of variance. Of
/// classes x_i is the indicator of the label.
///
/// Threads  One object is used by one thread.
/// Source   Fisher 1925, "Statistical Methods for Research Workers", chapter VII.
class BatchSpread {
 public:
  /// Labels of 0 and above; others are left out.
  void add_labels(std::span<const std::int32_t> labels);
  /// Rows of `columns` numbers, row after row; of as many as the first time, else nothing is added.
  void add_values(std::span<const float> rows, std::size_t columns);

  std::int64_t batches() const { return batches_; }
  std::int64_t samples() const { return samples_; }
  /// Absent for fewer than two batches, where nothing varies and where a number is not finite.
  std::optional<double> between() const;

 private:
  struct Column {
    double origin = 0;  ///< the first number, from which all are counted so that nothing cancels
    double sum = 0;
    double squares = 0;
    double of_means = 0;  ///< sum_b (sum of the batch)^2 / n_b
    double batch_sum = 0;
  };
  void end_batch(std::int64_t samples);

  std::vector<Column> columns_;
  std::int64_t batches_ = 0;
  std::int64_t samples_ = 0;
};

}  // namespace plumb
