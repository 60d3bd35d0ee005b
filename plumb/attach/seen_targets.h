// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "plumb/record/run_info.h"
#include "plumb/stats/batch_spread.h"

namespace plumb {

/// What the targets of a watched training tell of the order in which its samples come: batch after
/// batch they are shown, and from kEnough of them on, whenever there are twice as many, what lies
/// between them stands in the run (DataInfo::between_batches).
///
/// Of B batches of n samples in no order (B - 1) / (B n - 1) lies between them by chance, with a
/// deviation of about sqrt(2 / B) times that: far from one half, for any n of two and more.
class SeenTargets {
 public:
  /// True where the run has changed. Labels of a class each; rows of `columns` values.
  bool add_labels(std::span<const std::int32_t> labels, RunInfo& info);
  bool add_values(std::span<const float> rows, std::size_t columns, RunInfo& info);

  static constexpr std::int64_t kEnough = 8;

 private:
  bool tell(RunInfo& info);

  BatchSpread spread_;
  std::int64_t due_ = kEnough;
};

}  // namespace plumb
