// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/episode.h"

#include <cmath>

namespace plumb {

std::optional<Episode> find_episode(const std::vector<double>& badness, bool first_counts,
                                    int in_a_row) {
  std::vector<std::size_t> telling;
  for (std::size_t i = 0; i < badness.size(); ++i) {
    if (!std::isnan(badness[i])) telling.push_back(i);
  }
  std::optional<Episode> episode;
  int run = 0;
  for (std::size_t k = 0; k < telling.size(); ++k) {
    const std::size_t i = telling[k];
    if (badness[i] < 1) {
      run = 0;
      continue;
    }
    ++run;
    const bool counts = run >= in_a_row || (first_counts && k == 0) || telling.size() == 1;
    if (!episode && counts) {
      const std::size_t first = telling[k - static_cast<std::size_t>(run - 1)];
      episode = Episode{first, i, first, false};
    }
    if (episode) {
      episode->last = i;
      if (badness[i] > badness[episode->worst]) episode->worst = i;
    }
  }
  if (episode) episode->over = episode->last != telling.back();
  return episode;
}

}  // namespace plumb
