// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/stats/unit_activity.h"

namespace plumb {

/// Unit activity over the latest samples: at least `samples` of them (or all seen so far) and at
/// most twice as many. Two halves of a sliding window: when the younger is full it becomes the
/// older. Allocates in the constructor only.
class ActivityWindow {
 public:
  ActivityWindow(std::int64_t units, std::uint64_t samples)
      : older_(units), younger_(units), samples_(samples) {}

  /// Adds a batch, or a part of one, and judges it alone, as UnitActivity::add does.
  DerivativeStats add(ConstView derivative, double limit);
  DerivativeStats add(const StridedView& derivative, const UnitAxes& axes, double limit);
  DerivativeStats add_all_active(std::int64_t samples, std::int64_t elements, std::uint64_t below,
                                 double squares);

  std::int64_t units() const { return older_.units(); }
  std::uint64_t sample_count() const { return older_.sample_count() + younger_.sample_count(); }
  std::int64_t dead_units() const;  ///< units that were never active; 0 for an empty window
  double active_fraction() const;   ///< of all elements; 0 for an empty window

 private:
  UnitActivity& younger();  ///< that has room for more

  UnitActivity older_;
  UnitActivity younger_;
  std::uint64_t samples_;
};

}  // namespace plumb
