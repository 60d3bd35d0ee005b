// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/seen_targets.h"

namespace plumb {

bool SeenTargets::add_labels(std::span<const std::int32_t> labels, RunInfo& info) {
  spread_.add_labels(labels);
  return tell(info);
}

bool SeenTargets::add_values(std::span<const float> rows, std::size_t columns, RunInfo& info) {
  spread_.add_values(rows, columns);
  return tell(info);
}

bool SeenTargets::tell(RunInfo& info) {
  if (spread_.batches() < due_) return false;
  due_ = 2 * spread_.batches();
  const auto between = spread_.between();
  if (!between) return false;
  if (!info.data_info) info.data_info.emplace();
  info.data_info->between_batches = between;
  if (info.batch == 0) info.batch = spread_.samples() / spread_.batches();
  return true;
}

}  // namespace plumb
