// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/activity_window.h"

#include <utility>

namespace plumb {

UnitActivity& ActivityWindow::younger() {
  if (younger_.sample_count() >= samples_) {
    std::swap(older_, younger_);
    younger_.clear();
  }
  return younger_;
}

DerivativeStats ActivityWindow::add(ConstView derivative, double limit) {
  return younger().add(derivative, limit);
}

DerivativeStats ActivityWindow::add(const StridedView& derivative, const UnitAxes& axes,
                                    double limit) {
  return younger().add(derivative, axes, limit);
}

DerivativeStats ActivityWindow::add_all_active(std::int64_t samples, std::int64_t elements,
                                               std::uint64_t below, double squares) {
  return younger().add_all_active(samples, elements, below, squares);
}

std::int64_t ActivityWindow::dead_units() const {
  if (sample_count() == 0) return 0;
  std::int64_t dead = 0;
  for (std::int64_t j = 0; j < units(); ++j) {
    dead += (older_.active_count(j) | younger_.active_count(j)) == 0 ? 1 : 0;
  }
  return dead;
}

double ActivityWindow::active_fraction() const {
  const std::uint64_t elements = older_.element_count() + younger_.element_count();
  if (elements == 0) return 0.0;
  const std::uint64_t total = older_.active_total() + younger_.active_total();
  return static_cast<double>(total) / static_cast<double>(elements);
}

}  // namespace plumb
