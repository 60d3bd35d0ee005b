// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/stats/batch_spread.h"

namespace plumb {

/// What the targets of a watched training tell, batch after batch: from kEnough of them on,
/// whenever there are twice as many, it stands in the run.
///
/// Order      what lies between the batches (DataInfo::between_batches). Of B batches of n samples
///            in no order (B - 1) / (B n - 1) lies between them by chance, with a deviation of about
///            sqrt(2 / B) times that: far from one half, for any n of two and more.
/// Values     where the outputs of the network are compared with them and with nothing else
///            (is_answer): the columns (DataInfo::targets), or how often each class came
///            (class_sizes), of as many samples as were seen; a sample that came in each epoch counts
///            as often. Not over what was told before.
class SeenTargets {
 public:
  /// True where the run has changed. Labels of a class each; rows of `columns` values.
  bool add_labels(std::span<const std::int32_t> labels, bool is_answer, RunInfo& info);
  bool add_values(std::span<const float> rows, std::size_t columns, bool is_answer, RunInfo& info);

  static constexpr std::int64_t kEnough = 8;
  static constexpr std::int32_t kMostClasses = 1000;
  /// Of more columns (images) all values are taken for one column, and their order is not looked
  /// at.
  static constexpr std::size_t kMostColumns = 64;

 private:
  struct Column {
    double origin = 0;  ///< the first number, from which all are counted so that nothing cancels
    std::int64_t count = 0;
    double sum = 0;
    double squares = 0;
    double smallest = 0;
    double largest = 0;
  };
  bool tell(RunInfo& info);
  void tell_values(RunInfo& info);

  BatchSpread spread_;
  std::int64_t batches_ = 0;
  std::int64_t due_ = kEnough;
  bool is_answer_ = true;  ///< of all batches
  bool has_told_ = false;
  std::int64_t samples_ = 0;
  std::vector<std::int64_t> class_sizes_;
  std::vector<Column> columns_;
};

}  // namespace plumb
