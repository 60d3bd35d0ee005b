// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <tuple>
#include <vector>

#include "plumb/nn/time_observer.h"
#include "plumb/stats/magnitude.h"

namespace plumb::testing {

/// Keeps everything that a TimeObserver is given.
class TimeRecorder : public TimeObserver {
 public:
  struct Recorded {
    std::vector<double> values;  ///< as given
    int log2_scale = 0;
    double log2_rms = 0;  ///< true
    /// Of the true values; may overflow or underflow.
    double norm() const {
      double sum = 0;
      for (const double v : values) sum += v * v;
      return std::ldexp(std::sqrt(sum), log2_scale);
    }
    double value(std::size_t i) const { return std::ldexp(values[i], log2_scale); }
  };

  void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                    int log2_scale) override {
    Recorded& one = all[{t, reverse, quantity}];
    dispatch(values.dtype, [&](auto zero) {
      const auto v = values.as<decltype(zero)>();
      one.values.assign(v.begin(), v.end());
    });
    one.log2_scale = log2_scale;
    one.log2_rms = plumb::log2_rms(values) + log2_scale;
  }

  const Recorded& at(std::int64_t t, TimeQuantity quantity, bool reverse = false) const {
    return all.at({t, reverse, quantity});
  }
  bool has(std::int64_t t, TimeQuantity quantity, bool reverse = false) const {
    return all.contains({t, reverse, quantity});
  }

  std::map<std::tuple<std::int64_t, bool, TimeQuantity>, Recorded> all;
};

}  // namespace plumb::testing
