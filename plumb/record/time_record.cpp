// SPDX-License-Identifier: Apache-2.0
#include "plumb/record/time_record.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace plumb {

namespace {

constexpr std::array<std::string_view, kTimeStatisticCount> kNames{"log2_rms", "mean",
                                                                   "low_fraction", "high_fraction"};

}  // namespace

std::string_view to_string(TimeStatistic statistic) {
  return kNames[static_cast<std::size_t>(statistic)];
}

std::optional<TimeStatistic> parse_time_statistic(std::string_view text) {
  const auto it = std::find(kNames.begin(), kNames.end(), text);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<TimeStatistic>(it - kNames.begin());
}

const std::vector<float>* TimeRecord::find(TimeQuantity quantity, TimeStatistic statistic) const {
  const auto it = std::find_if(series.begin(), series.end(), [&](const TimeSeries& one) {
    return one.quantity == quantity && one.statistic == statistic;
  });
  return it == series.end() ? nullptr : &it->values;
}

int time_resolution_log2(TimeStatistic statistic) {
  return statistic == TimeStatistic::log2_rms ? -10 : -16;
}

float time_value(double value, TimeStatistic statistic) {
  if (!std::isfinite(value)) return static_cast<float>(value);
  const double per_one = 1 << -time_resolution_log2(statistic);
  // A float beyond 2^14 keeps fewer digits than that, and is a whole multiple all the same. The sum
  // with +0 makes a zero positive.
  return static_cast<float>(std::nearbyint(value * per_one) / per_one + 0.0);
}

}  // namespace plumb
