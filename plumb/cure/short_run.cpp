// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/short_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace plumb {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TrainConfig unmeasured(TrainConfig config) {
  config.record = "off";
  return config;
}

}  // namespace

ShortRun::ShortRun(const TrainConfig& config, const Split& data)
    : trainer_(std::make_unique<Trainer>(unmeasured(config), data)) {}

void ShortRun::advance(std::int64_t steps) {
  while (!diverged_ && this->steps() < steps && !trainer_->done()) {
    losses_.push_back(trainer_->step().loss);
    const double loss = losses_.back();
    diverged_ = !std::isfinite(loss) || loss > kDiverged * std::max(1e-6, losses_.front());
  }
}

double ShortRun::late_loss() const {
  if (diverged_ || losses_.empty()) return kInfinity;
  const std::size_t count = std::max<std::size_t>(1, losses_.size() / 5);
  return std::accumulate(losses_.end() - static_cast<std::ptrdiff_t>(count), losses_.end(), 0.0) /
         static_cast<double>(count);
}

Evaluation ShortRun::evaluate(const Dataset& samples) {
  if (diverged_) return {kInfinity, std::numeric_limits<double>::quiet_NaN()};
  Evaluation result = trainer_->evaluate(samples);
  if (!std::isfinite(result.loss)) result.loss = kInfinity;
  return result;
}

double nominal_step_s(const RunInfo& info) {
  constexpr double kFlopsPerS = 1e10;
  constexpr double kLayerS = 6e-6;
  double total = 0;
  for (const LayerInfo& layer : info.layers) {
    const double values = static_cast<double>(layer.units) * static_cast<double>(info.batch);
    const double fan = static_cast<double>(std::max<std::int64_t>(4, layer.fan_in));
    total += kLayerS + 6 * values * fan / kFlopsPerS;
  }
  return total;
}

}  // namespace plumb
