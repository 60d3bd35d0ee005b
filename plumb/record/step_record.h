// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "plumb/record/site.h"
#include "plumb/record/time_record.h"
#include "plumb/stats/sketch.h"

namespace plumb {

/// What an activation layer did to the gradient in one step, judged by its own derivative f'.
struct ActivationRecord {
  std::string path;
  double log2_rms_derivative = 0;  ///< log2 of the rms of f'(z) over the batch
  double saturated_fraction = 0;   ///< elements with |f'(z)| < kSaturatedDerivative * sup|f'|
  double active_fraction = 0;      ///< elements with f'(z) != 0, over the window
  std::int64_t units = 0;
  std::int64_t dead_units = 0;  ///< silent for all samples of the window
  std::uint64_t window_samples = 0;
};

/// An element counts as saturated when its derivative is below this fraction of the activation's
/// largest. Our choice: at 0.05 a sigmoid is at |z| > 4.36, a tanh at |z| > 2.18; see
/// docs/rules/saturated_activation.md.
inline constexpr double kSaturatedDerivative = 0.05;

/// The sides of a residual join in the backward pass (see flow/ledger.h).
struct JoinRecord {
  std::string path;            ///< of the res
  double log2_rms_branch = 0;  ///< true log2 rms of the gradient that came back through the branch
  double log2_rms_shortcut = 0;  ///< and through the shortcut
  double cosine = 0;             ///< of the angle between the two; NaN where one is zero
  /// Of a highway, NaN elsewhere: through the gate, and the mean of 1 - T, the part of x that is
  /// carried on.
  double log2_rms_gate = std::numeric_limits<double>::quiet_NaN();
  double carry_mean = std::numeric_limits<double>::quiet_NaN();
};

struct SketchRecord {
  Site site;
  Sketch sketch;
};

/// Symmetry of the units of one linear layer: how many rows of its weight repeat an earlier row
/// exactly.
struct SymmetryRecord {
  std::string path;
  std::int64_t units = 0;
  std::int64_t duplicate_units = 0;
};

/// Everything measured about one training step. Steps without a due measurement carry the metrics
/// alone.
///
/// Weights are those of the passes, before the update. Gradients of parameters are of the loss
/// alone: the weight-decay term is never part of grad_weight, it is part of update.
struct StepRecord {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double time_s = 0;  ///< since the run began
  double loss = 0;
  double accuracy =
      std::numeric_limits<double>::quiet_NaN();  ///< of the batch, 0..1; NaN for regression
  double learning_rate = 0;
  double grad_norm = 0;          ///< l2 norm of all parameter gradients before clipping; NaN where
                                 ///< neither a measurement nor clipping needed it
  double clip_factor = 1;        ///< what clipping multiplied the gradient with
  double weight_decay_norm = 0;  ///< l2 norm of the weight-decay term that was added
  std::optional<double> validation_loss;
  std::optional<double> validation_accuracy;
  bool measured = false;  ///< the vectors below are filled
  std::vector<SketchRecord> sketches;
  std::vector<ActivationRecord> activations;
  std::vector<JoinRecord> joins;
  std::vector<SymmetryRecord> symmetries;
  std::vector<TimeRecord>
      times;  ///< of the recurrent layers, the reverse direction after the other

  const Sketch* find(const Site& site) const;
  const Sketch* find(std::string_view path,
                     Role role) const;  ///< for a parameter role: its "weight"
  const ActivationRecord* activation(std::string_view path) const;
  const JoinRecord* join(std::string_view path) const;
  const TimeRecord* time(std::string_view path, bool reverse = false) const;
};

}  // namespace plumb
