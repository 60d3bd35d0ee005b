// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "plumb/stats/unit_activity.h"

namespace plumb {

/// Unit activity over the latest training steps: whatever samples were added in the `steps` steps
/// up to the one that begin() named last. What was added in older steps is out of it, so that a
/// unit that has just died is not hidden by what it did long ago.
/// Allocates in the constructor only.
class ActivityWindow {
 public:
  ActivityWindow(std::int64_t units, std::int64_t steps);

  /// What is added from now on belongs to that step. The same step again goes on with it; an
  /// earlier one begins anew.
  void begin(std::int64_t step);
  /// Adds a batch, or a part of one, and judges it alone, as UnitActivity::add does.
  DerivativeStats add(ConstView derivative, double limit);
  DerivativeStats add(const StridedView& derivative, const UnitAxes& axes, double limit);
  DerivativeStats add_all_active(std::int64_t samples, std::int64_t elements, std::uint64_t below,
                                 double squares);
  DerivativeStats add(const DerivativeCounts& counts);

  std::int64_t units() const { return now_.units(); }
  std::uint64_t sample_count() const;
  std::int64_t dead_units() const;  ///< units that were never active; 0 for an empty window
  double active_fraction() const;   ///< of all elements; 0 for an empty window

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  /// One step that is over.
  struct Counts {
    std::int64_t step = kNever;
    std::uint64_t samples = 0, active = 0, elements = 0;
  };
  bool is_inside(std::int64_t step) const { return step != kNever && step > step_ - steps_; }

  std::int64_t steps_;
  std::int64_t step_ = 0;
  UnitActivity now_;                       ///< of step_
  std::vector<std::int64_t> last_active_;  ///< of each unit: the step before step_ in which it was
  std::vector<Counts> before_;             ///< a ring: step s stands at s modulo its size
};

}  // namespace plumb
