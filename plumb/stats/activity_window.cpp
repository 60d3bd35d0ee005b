// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/activity_window.h"

#include <algorithm>

namespace plumb {

ActivityWindow::ActivityWindow(std::int64_t units, std::int64_t steps)
    : steps_(std::max<std::int64_t>(1, steps)),
      now_(units),
      last_active_(static_cast<std::size_t>(units), kNever),
      before_(static_cast<std::size_t>(steps_)) {}

void ActivityWindow::begin(std::int64_t step) {
  if (step == step_) return;
  if (step < step_) {
    std::fill(last_active_.begin(), last_active_.end(), kNever);
    std::fill(before_.begin(), before_.end(), Counts{});
  } else if (now_.sample_count() > 0) {
    before_[static_cast<std::size_t>(step_ % steps_)] = {step_, now_.sample_count(),
                                                         now_.active_total(), now_.element_count()};
    for (std::int64_t j = 0; j < units(); ++j) {
      if (now_.active_count(j) > 0) last_active_[static_cast<std::size_t>(j)] = step_;
    }
  }
  now_.clear();
  step_ = step;
}

DerivativeStats ActivityWindow::add(ConstView derivative, double limit) {
  return now_.add(derivative, limit);
}

DerivativeStats ActivityWindow::add(const StridedView& derivative, const UnitAxes& axes,
                                    double limit) {
  return now_.add(derivative, axes, limit);
}

DerivativeStats ActivityWindow::add_all_active(std::int64_t samples, std::int64_t elements,
                                               std::uint64_t below, double squares) {
  return now_.add_all_active(samples, elements, below, squares);
}

DerivativeStats ActivityWindow::add(const DerivativeCounts& counts) { return now_.add(counts); }

std::uint64_t ActivityWindow::sample_count() const {
  std::uint64_t count = now_.sample_count();
  for (const Counts& one : before_) count += is_inside(one.step) ? one.samples : 0;
  return count;
}

std::int64_t ActivityWindow::dead_units() const {
  if (sample_count() == 0) return 0;
  std::int64_t dead = 0;
  for (std::int64_t j = 0; j < units(); ++j) {
    const bool was_active = is_inside(last_active_[static_cast<std::size_t>(j)]);
    dead += now_.active_count(j) == 0 && !was_active ? 1 : 0;
  }
  return dead;
}

double ActivityWindow::active_fraction() const {
  std::uint64_t active = now_.active_total();
  std::uint64_t elements = now_.element_count();
  for (const Counts& one : before_) {
    if (!is_inside(one.step)) continue;
    active += one.active;
    elements += one.elements;
  }
  return elements == 0 ? 0.0 : static_cast<double>(active) / static_cast<double>(elements);
}

}  // namespace plumb
