// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/record/run.h"
#include "plumb/train/config.h"

namespace plumb {

/// What is known of a training before its first step: one probe at the start, and mean-field theory
/// where it applies.
struct Prediction {
  std::string problem;       ///< why there is no such training (a shape, the language); else empty
  std::exception_ptr error;  ///< the same as it was thrown
  /// log2 of the norm of one sample's gradient at the first linear layer to that at the last, by
  /// the probe; -infinity for a gradient that ends, absent where nothing can be said.
  std::optional<double> log2_reach;
  /// The same by theory (report/predicted_flow.h), from sizes of the weights alone.
  std::optional<double> log2_reach_by_theory;
  /// Of two samples, in the last layer for which it was recorded (SignalRecord).
  std::optional<double> similarity;
  double loss = 0;
  double gradient_norm = 0;
  std::vector<Finding> findings;  ///< of our own rules in that probe
  RunInfo info;

  bool is_possible() const { return problem.empty(); }
};

/// Measures the first batch; nothing is trained. What is wrong with the configuration is told in
/// `problem`, not thrown.
Prediction predict(const TrainConfig& config, const Split& data);

/// The rules, at `least` or above, that a prediction trips and `before` does not, or less severely.
std::vector<std::string> new_rules(const Prediction& before, const Prediction& after,
                                   Severity least = Severity::warning);

}  // namespace plumb
