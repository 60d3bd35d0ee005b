// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/harm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>

#include "plumb/cure/tasks.h"
#include "plumb/zoo/trial.h"

namespace plumb::zoo {

bool Harm::is_shown() const {
  const auto learns = [](double part) { return part >= kLearns; };
  if (kind->is_healthy()) return std::ranges::all_of(gained, learns);
  if (!std::ranges::all_of(twin_gained, learns)) return false;
  for (std::size_t seed = 0; seed < gained.size(); ++seed) {
    if (!(way(seed) < kHarmedWay)) return false;
  }
  return true;
}

std::vector<Harm> check_harm(const std::vector<const Kind*>& kinds, std::int64_t seeds, int jobs,
                             const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto per_kind = static_cast<std::size_t>(seeds);
  std::vector<Harm> harms;
  struct Task {
    std::size_t kind, seed;
    bool twin;
  };
  std::vector<Task> tasks;
  for (const Kind* kind : kinds) {
    Harm harm{kind, std::vector<double>(per_kind), {}};
    if (!kind->is_healthy()) harm.twin_gained.resize(per_kind);
    for (std::size_t seed = 0; seed < per_kind; ++seed) {
      tasks.push_back({harms.size(), seed, false});
      if (!kind->is_healthy()) tasks.push_back({harms.size(), seed, true});
    }
    harms.push_back(std::move(harm));
  }
  std::atomic<std::size_t> done = 0;
  TrialOptions options;
  options.record = "off";
  run_tasks(tasks.size(), jobs, [&](std::size_t i) {
    const Task& task = tasks[i];
    Harm& harm = harms[task.kind];
    const Trial trial = run_trial(*harm.kind, task.seed, task.twin, options);
    (task.twin ? harm.twin_gained : harm.gained)[task.seed] = trial.gained();
    if (progress) progress(++done, tasks.size());
  });
  return harms;
}

std::string harm_text(const std::vector<Harm>& harms) {
  std::string text;
  std::size_t missing = 0;
  for (const Harm& harm : harms) {
    const bool shown = harm.is_shown();
    missing += !shown;
    text += fmt::format("{:<24}{:<11}{:6.2f}", harm.kind->name,
                        shown                     ? (harm.kind->is_healthy() ? "learns" : "harms")
                        : harm.kind->is_healthy() ? "DOES NOT"
                                                  : "NOT SHOWN",
                        fmt::join(harm.gained, " "));
    if (!harm.kind->is_healthy())
      text += fmt::format("  twin{:6.2f}", fmt::join(harm.twin_gained, " "));
    text += "\n";
  }
  return text +
         fmt::format(
             "\nParts of the baseline's loss that were taken away, by seed. {} of {} kinds are not "
             "as they should be.\n",
             missing, harms.size());
}

}  // namespace plumb::zoo
