// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/run_view.h"

namespace plumb {

/// Which steps a finding is of: first_step, last_step and over. A rule says one of these.
///
/// All measured steps: what is sick by its making, or in the data.
void set_all_steps(const RunView& view, Finding& finding);
/// Those of an episode.
void set_steps(const RunView& view, const Episode& episode, Finding& finding);

/// The episode of several layers, each a hit with an `episode`: it begins with the first of them,
/// ends with the last, and is over where all are. At least one hit.
template <class Hit>
Episode joined_episode(const std::vector<Hit>& hits) {
  Episode joined = hits.front().episode;
  for (const Hit& hit : hits) {
    joined.first = std::min(joined.first, hit.episode.first);
    joined.last = std::max(joined.last, hit.episode.last);
    joined.over = joined.over && hit.episode.over;
  }
  return joined;
}

}  // namespace plumb
