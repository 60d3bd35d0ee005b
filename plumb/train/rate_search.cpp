// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/rate_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/error.h"

namespace plumb {

namespace {
constexpr double kBlownUp = 4;
constexpr double kBackFromTheEdge = 10;
constexpr std::int64_t kFewestSteps = 10;
}  // namespace

FoundRate search_rate(Trainer& trainer, const RateSearch& search,
                      const std::function<bool(const StepRecord&)>& go_on) {
  if (!(search.first > 0 && search.first < search.last && std::isfinite(search.last))) {
    throw SpecError(
        fmt::format("rates from {} to {}, expected 0 < first < last", search.first, search.last));
  }
  if (search.steps < kFewestSteps) {
    throw SpecError(fmt::format("{} steps, expected {} or more", search.steps, kFewestSteps));
  }
  FoundRate found;
  double average = 0, left = 1;
  const RatePoint* best = nullptr;
  found.points.reserve(static_cast<std::size_t>(search.steps));
  for (std::int64_t i = 0; i < search.steps && !trainer.done(); ++i) {
    const double way = static_cast<double>(i) / static_cast<double>(search.steps - 1);
    RatePoint point;
    point.rate = search.first * std::pow(search.last / search.first, way);
    trainer.use_learning_rate(point.rate);
    const StepRecord& record = trainer.step();
    point.loss = record.loss;
    average = search.smoothing * average + (1 - search.smoothing) * record.loss;
    left *= search.smoothing;
    point.smooth = average / (1 - left);
    found.diverged = !std::isfinite(point.smooth) ||
                     (best != nullptr && point.smooth > kBlownUp * std::abs(best->smooth));
    if (std::isfinite(point.smooth)) found.points.push_back(point);
    if (found.diverged) break;
    if (best == nullptr || point.smooth < best->smooth) best = &found.points.back();
    if (go_on && !go_on(record)) break;
  }
  if (best == nullptr) return found;
  const double start = found.points.front().smooth;
  if (best->smooth < start - kLeastDescent * std::abs(start)) {
    found.suggestion = best->rate / kBackFromTheEdge;
  }
  return found;
}

}  // namespace plumb
