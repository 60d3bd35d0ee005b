// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/score.h"

#include <algorithm>
#include <atomic>

#include "plumb/cure/tasks.h"

namespace plumb::zoo {

Tally Score::tally(bool at_start, std::optional<Family> family) const {
  Tally sum;
  for (const Trial& trial : trials) {
    if (!family || trial.kind->family == *family) add_to(sum, trial, at_start);
  }
  return sum;
}

PeerTally Score::peer_tally(std::size_t index, bool at_start) const {
  PeerTally sum;
  for (const Trial& trial : trials) add_to(sum, trial, index, at_start);
  return sum;
}

Score score(const ScoreOptions& options,
            const std::function<void(std::size_t done, std::size_t all)>& progress) {
  Score result{options, {}};
  for (const Kind& kind : kinds()) {
    if (options.half && half_of(kind) != *options.half) continue;
    if (!options.only.empty() && std::ranges::count(options.only, kind.name) == 0) continue;
    for (std::int64_t seed = 0; seed < options.seeds; ++seed) {
      for (const bool twin : {false, true}) {
        if (twin && (kind.is_healthy() || !options.twins)) continue;
        Trial trial;
        trial.kind = &kind;
        trial.seed = static_cast<std::uint64_t>(seed);
        trial.is_twin = twin;
        result.trials.push_back(std::move(trial));
      }
    }
  }
  std::atomic<std::size_t> done = 0;
  TrialOptions trial_options;
  trial_options.record = options.record;
  trial_options.peers = options.peers;
  run_tasks(result.trials.size(), options.jobs, [&](std::size_t i) {
    Trial& trial = result.trials[i];
    trial = run_trial(*trial.kind, trial.seed, trial.is_twin, trial_options);
    if (progress) progress(++done, result.trials.size());
  });
  return result;
}

}  // namespace plumb::zoo
