// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plumb/record/finding.h"
#include "plumb/zoo/kind.h"

namespace plumb::zoo {

/// A training as somebody would have it who was shown the findings of another one.
struct Advised {
  std::string remedy;          ///< what was followed, for the tables: "initialise"
  Specimen specimen;           ///< without surgery where the change draws the weights anew
  std::optional<double> rate;  ///< where the advice was to train at this rate
};

/// What is advised first; nothing where there is no advice that can be followed.
using Adviser =
    std::function<std::optional<Advised>(const Specimen& specimen, const std::vector<Finding>&)>;

/// What came of following the first advice for one sick specimen.
struct AdviceTrial {
  const Kind* kind = nullptr;
  std::uint64_t seed = 0;
  std::string remedy;      ///< empty: there was none
  bool changes = false;    ///< a setting, the data or the weights at the start; else it is a no-op
  double gained = 0;       ///< untreated, as Trial::gained()
  double twin_gained = 0;  ///< of the healthy twin
  double cured_gained = 0;
  std::optional<double> advised_rate;
  std::optional<double> best_rate;  ///< of the grid, where a rate was advised

  /// From the baseline at least kCuredWay of the twin's way.
  bool is_cured() const;
  /// The advised rate is within a factor of kRateFactor of the best.
  bool is_rate_right() const;
};
inline constexpr double kCuredWay = 0.9;
inline constexpr double kRateFactor = 3;

/// Trains a specimen, its twin, and the specimen as the adviser would have it.
/// Errors  Those of the trainer, with kind and seed in front.
AdviceTrial run_advice(const Kind& kind, std::uint64_t seed, const Adviser& adviser);

/// The rate of 10^(k/4), from 1e-6 to 10, after which the training loss is lowest in inference
/// mode, 300 steps from the specimen's start.
double best_rate(const std::function<Specimen()>& make);

/// A line a trial, and the sums.
std::string advice_text(const std::vector<AdviceTrial>& trials);

}  // namespace plumb::zoo
