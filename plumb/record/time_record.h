// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/core/time_quantity.h"
#include "plumb/record/layer_info.h"

namespace plumb {

/// What is kept of a quantity at each time step, over batch and units.
enum class TimeStatistic : std::uint8_t {
  log2_rms,       ///< true log2 rms: of states, gradients and parts of gradients
  mean,           ///< of gates, and of h in a plain recurrence, as the next two
  low_fraction,   ///< values in the lower flat end (0 of a sigmoid, -1 of a tanh), see kSigmoidFlat
  high_fraction,  ///< in the upper one (1)
};
inline constexpr std::size_t kTimeStatisticCount = 4;

std::string_view to_string(TimeStatistic statistic);  ///< "low_fraction"; stable, stored
std::optional<TimeStatistic> parse_time_statistic(std::string_view text);

/// A gate is in a flat end where the derivative of its activation is below kSaturatedDerivative
/// (step_record.h) of the largest: for a sigmoid below 0.01266 or above 0.98734, for a tanh beyond
/// 0.97468 on either side.
inline constexpr double kSigmoidFlat = 0.012660283;
inline constexpr double kTanhFlat = 0.974679434;

/// One number for every time step.
struct TimeSeries {
  TimeQuantity quantity = TimeQuantity::h;
  TimeStatistic statistic = TimeStatistic::log2_rms;
  /// By time step of the input, 0 first. -infinity where all values are zero, NaN where one is not
  /// finite or nothing was told. Whole multiples of the statistic's resolution: see time_value().
  std::vector<float> values;
  friend bool operator==(const TimeSeries&, const TimeSeries&) = default;
};

/// What one recurrent layer (one direction of it) did at every time step of one measured step of
/// the training. Nothing is thinned: a sequence of thousands of steps takes some tens of kB.
struct TimeRecord {
  LayerId layer = kNoLayer;
  bool reverse = false;  ///< the second direction of a bidirectional layer: runs from the end
  std::int64_t time_steps = 0;
  std::int64_t units = 0;  ///< of h
  std::vector<TimeSeries> series;

  /// The values, or null if they were not told.
  const std::vector<float>* find(TimeQuantity quantity,
                                 TimeStatistic statistic = TimeStatistic::log2_rms) const;
};

/// The value as it is kept: rounded to 2^-10 of an octave for log2_rms (0.07 % of the size) and to
/// 2^-16 for the others, so that a series packs small and comes back from a file as it was.
float time_value(double value, TimeStatistic statistic);
/// The binary exponent of that resolution: -10 or -16.
int time_resolution_log2(TimeStatistic statistic);

}  // namespace plumb
