// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/train/trainer.h"

namespace plumb::cli {

/// The live line of a training on standard error: step, loss, accuracy, time left, and the flow of
/// the gradient as one small bar a layer (input side first), of the last measured step. Redrawn at
/// most ten times a second; silent when standard error is no terminal that
/// can do it (TERM=dumb).
class Progress {
 public:
  /// quiet: never draw. `label` stands in front ("sick").
  explicit Progress(bool quiet, std::string label = "");
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(const Trainer& trainer, const StepRecord& record);
  /// Clears the line.
  void finish();

 private:
  bool active_;
  bool drawn_ = false;
  std::string label_;
  std::vector<FlowPoint> profile_;
  RunInfo info_;  ///< of the trainer that is shown; the graph refers to it
  std::optional<LayerGraph> graph_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace plumb::cli
