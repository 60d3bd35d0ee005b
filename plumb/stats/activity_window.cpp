// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/activity_window.h"

#include <utility>

namespace plumb {

DerivativeStats ActivityWindow::add(ConstView derivative, double limit) {
  if (younger_.sample_count() >= samples_) {
    std::swap(older_, younger_);
    younger_.clear();
  }
  return younger_.add(derivative, limit);
}

std::int64_t ActivityWindow::dead_units() const {
  if (sample_count() == 0) return 0;
  std::int64_t dead = 0;
  const auto& a = older_.active_count();
  const auto& b = younger_.active_count();
  for (std::size_t j = 0; j < a.size(); ++j) dead += (a[j] | b[j]) == 0 ? 1 : 0;
  return dead;
}

double ActivityWindow::active_fraction() const {
  const std::uint64_t elements = older_.element_count() + younger_.element_count();
  if (elements == 0) return 0.0;
  const std::uint64_t total = older_.active_total() + younger_.active_total();
  return static_cast<double>(total) / static_cast<double>(elements);
}

}  // namespace plumb
