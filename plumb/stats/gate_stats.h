// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/core/view.h"

namespace plumb {

/// What the values of a gate do, in one pass.
///
/// Range   mean of all values (NaN if one is NaN), of floats to 1e-6 of the largest, of which a
///         thousand at a time are added up as floats; low_fraction and high_fraction of `count`
///         values, exact, NaN counting in neither. All 0 for nothing.
/// Threads A free function; calls on different data are independent. Allocates nothing.
struct GateStats {
  double mean = 0;
  double low_fraction = 0;   ///< values < low
  double high_fraction = 0;  ///< values > high
};
GateStats gate_stats(ConstView values, double low, double high);

}  // namespace plumb
