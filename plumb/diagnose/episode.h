// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace plumb {

/// The measured steps in which something shows. Indices are into RunView::measured().
struct Episode {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t worst = 0;  ///< where `badness` is largest
  bool over = false;      ///< it no longer shows in the last measured step that can tell
};

/// One value a measured step: how bad it is, NaN where the step cannot tell. It shows where badness
/// >= 1.
///
/// A single step counts if it is the first that can tell (`first_counts`: a network that is sick at
/// birth is sick, whatever its optimiser makes of it later) or the only one; otherwise `in_a_row`
/// steps one after another must show it, so that one noisy batch is no finding.
std::optional<Episode> find_episode(const std::vector<double>& badness, bool first_counts,
                                    int in_a_row);

}  // namespace plumb
