// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rate_sweep.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "plumb/cure/rounded.h"
#include "plumb/cure/short_run.h"

namespace plumb {

namespace {

constexpr int kPerDecade = 4;
constexpr int kDecades = 5;
constexpr std::int64_t kFewestCoarse = 8;  ///< steps; below, a rate cannot be told from another
constexpr std::int64_t kFewestFine = 20;

struct Trial {
  double rate = 0;
  std::unique_ptr<ShortRun> run;
};

class Sweep {
 public:
  Sweep(const TrainConfig& config, const Split& data) : config_(config), data_(data) {}

  Trial start(double rate) {
    TrainConfig config = config_;
    config.learning_rate = rate;
    return {rate, std::make_unique<ShortRun>(config, data_)};
  }

  /// Of all of them, the best first.
  void advance(std::vector<Trial>& trials, std::int64_t steps) {
    for (Trial& trial : trials) trial.run->advance(steps);
    std::stable_sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) {
      return a.run->late_loss() < b.run->late_loss();
    });
  }

  /// Keeps what was told and lets go of the networks behind the first `count`.
  void drop(std::vector<Trial>& trials, std::size_t count) {
    while (trials.size() > count) {
      note(trials.back());
      trials.pop_back();
    }
  }

  void note(const Trial& trial) {
    done_.push_back({trial.rate, trial.run->steps(), trial.run->late_loss()});
  }

  std::vector<RateTrial> take() {
    std::stable_sort(done_.begin(), done_.end(),
                     [](const RateTrial& a, const RateTrial& b) { return a.rate < b.rate; });
    return std::move(done_);
  }

 private:
  const TrainConfig& config_;
  const Split& data_;
  std::vector<RateTrial> done_;
};

/// The nearest place on the grid.
int grid_place(double rate) { return static_cast<int>(std::lround(kPerDecade * std::log10(rate))); }

/// Which rates are tried.
struct Ladder {
  int above = kDecades;     ///< decades above the given rate
  int around = kPerDecade;  ///< places of the grid to both sides of the best decade
  std::int64_t coarse() const { return kDecades + above + 1; }
  std::int64_t fewest_steps() const {
    return coarse() * kFewestCoarse + (2 * around + 1) * kFewestFine;
  }
};

std::optional<Ladder> ladder_for(std::int64_t affordable, bool is_too_high) {
  constexpr Ladder kWhole{};
  constexpr Ladder kBelow{0, kPerDecade / 2};
  if (affordable >= kWhole.fewest_steps()) return kWhole;
  if (is_too_high && affordable >= kBelow.fewest_steps()) return kBelow;
  return std::nullopt;
}

std::int64_t limited(std::int64_t value, std::int64_t low, std::int64_t high) {
  return std::clamp(value, low, std::max(low, high));
}

}  // namespace

double grid_rate(int k) { return rounded(std::pow(10.0, static_cast<double>(k) / kPerDecade), 2); }

RateSweep sweep_rates(const TrainConfig& config, const Split& data,
                      const RateSweepOptions& options) {
  RateSweep result;
  const double given = config.learning_rate > 0 ? config.learning_rate : 1e-3;
  std::int64_t planned = 0;
  double step_s = 0;
  {
    TrainConfig about = config;
    about.record = "off";
    const Trainer trainer(about, data);
    planned = trainer.planned_steps();
    step_s = nominal_step_s(trainer.info());
  }
  const std::int64_t longest = std::min(options.most_steps, planned);
  const auto affordable = static_cast<std::int64_t>(options.budget_s / step_s);
  const std::optional<Ladder> ladder = ladder_for(affordable, options.is_too_high);
  if (!ladder) return result;
  const std::int64_t coarse_steps = limited(affordable / (4 * ladder->coarse()), kFewestCoarse,
                                            std::min<std::int64_t>(longest, 40));
  Sweep sweep(config, data);
  std::vector<Trial> trials;
  std::int64_t left = affordable;
  const auto try_decades = [&](int from, int to) {
    for (int d = from; d <= to; ++d) {
      trials.push_back(sweep.start(grid_rate(grid_place(given) + kPerDecade * d)));
    }
    left -= (to - from + 1) * coarse_steps;
    sweep.advance(trials, coarse_steps);
  };
  try_decades(-kDecades, ladder->above);
  const double first_loss = trials.front().run->losses().front();
  const auto learns = [&] { return trials.front().run->late_loss() < first_loss; };
  if (!learns()) try_decades(-2 * kDecades, -kDecades - 1);
  if (!learns()) {
    sweep.drop(trials, 0);
    result.trials = sweep.take();
    return result;
  }
  const int centre = grid_place(trials.front().rate);
  sweep.drop(trials, 0);

  for (int k = centre - ladder->around; k <= centre + ladder->around; ++k) {
    trials.push_back(sweep.start(grid_rate(k)));
  }
  const bool is_on_grid = std::any_of(trials.begin(), trials.end(), [&](const Trial& trial) {
    return std::abs(std::log(trial.rate / given)) < 0.05;
  });
  if (!is_on_grid && ladder->above > 0) trials.push_back(sweep.start(given));
  // The share of what is left that each round takes, and how many go on behind it.
  std::int64_t steps = 0;
  for (const std::size_t keep : {5U, 3U, 1U}) {
    const auto count = static_cast<std::int64_t>(trials.size());
    const std::int64_t share = keep == 1 ? left : left / 2;
    const std::int64_t next = std::min(
        longest, steps + std::max<std::int64_t>(1, std::max<std::int64_t>(0, share) / count));
    sweep.advance(trials, next);
    left -= count * (next - steps);
    steps = next;
    result.steps = steps;
    if (steps == longest) break;
    sweep.drop(trials, std::max<std::size_t>(keep, 1));
  }
  result.best = trials.front().rate;
  result.best_loss = trials.front().run->late_loss();
  if (!(result.best_loss < first_loss)) result.best.reset();
  sweep.drop(trials, 0);
  result.trials = sweep.take();
  ShortRun own(config, data);
  own.advance(steps);
  result.given_loss = own.late_loss();
  return result;
}

std::vector<RateTrial> full_rate_grid(const TrainConfig& config, const Split& data, double lowest,
                                      double highest, std::int64_t steps) {
  std::vector<RateTrial> trials;
  for (int k = grid_place(lowest); k <= grid_place(highest); ++k) {
    TrainConfig config_at = config;
    config_at.learning_rate = grid_rate(k);
    ShortRun run(config_at, data);
    run.advance(steps);
    trials.push_back({config_at.learning_rate, run.steps(), run.late_loss()});
  }
  return trials;
}

}  // namespace plumb
