// SPDX-License-Identifier: Apache-2.0
#include "tests/support/loss_course.h"

#include <algorithm>
#include <cmath>

#include "plumb/core/rng.h"

namespace plumb::test {

Run with_losses(Run run, int steps, const std::vector<double>& losses, double noise) {
  constexpr double kClasses = 10;
  const Rng rng(3, "tests/loss_course");
  const StepRecord last = run.steps.back();
  const double baseline = std::log(kClasses);
  run.info.loss = "cross_entropy";
  run.info.classes = static_cast<std::int64_t>(kClasses);
  run.info.baseline = Baseline{baseline, 0, 1 / kClasses};
  for (int s = 0; s < steps; ++s) {
    if (static_cast<std::size_t>(s) >= run.steps.size()) run.steps.push_back(last);
    StepRecord& step = run.steps[static_cast<std::size_t>(s)];
    const double at =
        static_cast<double>(s) / std::max(1, steps - 1) * static_cast<double>(losses.size() - 1);
    const auto from = std::min(static_cast<std::size_t>(at), losses.size() - 2);
    const double part = at - static_cast<double>(from);
    const double loss = losses[from] + part * (losses[from + 1] - losses[from]);
    step.step = s;
    step.loss = loss * (1 + noise * rng.normal(static_cast<std::uint64_t>(s)));
    step.accuracy = std::clamp(1 - (1 - 1 / kClasses) * loss / baseline, 1 / kClasses, 1.0);
    step.measured = s % 10 == 0 || s + 1 == steps;
    if (!step.measured) step = step.metrics();
  }
  return run;
}

}  // namespace plumb::test
