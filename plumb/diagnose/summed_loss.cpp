// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/summed_loss.h"

#include <cmath>

namespace plumb {

namespace {

constexpr double kUnsure = 1.5;
constexpr double kNear = 1.4;
constexpr double kFewSamples = 8;

}  // namespace

std::optional<SummedLoss> summed_loss(const RunView& view) {
  const RunInfo& info = view.info();
  const ForwardStep* first = view.first_forward();
  const LayerId layer = output_layer(info);
  if (first == nullptr || layer == kNoLayer || first->step != 0) return std::nullopt;
  if (info.loss == "mse" || info.loss == "difference") return std::nullopt;
  const TensorFacts& y = first->output(layer);
  const std::int64_t units = info.layer(layer).units;
  if (!y.known() || !(y.rms <= kUnsure) || units < 2 || !std::isfinite(first->loss)) {
    return std::nullopt;
  }
  const double samples = y.count / static_cast<double>(units);
  const double given = baseline_loss(info);
  const double of_one = given > 0 ? given : std::log(static_cast<double>(units));
  const double ratio = first->loss / of_one;
  if (samples < kFewSamples || std::abs(std::log(ratio / samples)) > std::log(kNear)) {
    return std::nullopt;
  }
  return SummedLoss{ratio, std::llround(samples)};
}

}  // namespace plumb
