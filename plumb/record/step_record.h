// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "plumb/record/inner_record.h"
#include "plumb/record/signal_record.h"
#include "plumb/record/site.h"
#include "plumb/record/time_record.h"
#include "plumb/stats/sketch.h"

namespace plumb {

/// What an activation layer did to the gradient in one step, judged by its own derivative f'.
struct ActivationRecord {
  LayerId layer = kNoLayer;
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

/// One of the gradients that meet in the backward pass at a tensor which is read more than once.
struct JoinWay {
  LayerId reader = kNoLayer;  ///< the layer that read it and sent this gradient back
  std::int32_t input = 0;     ///< as which of its inputs
  double log2_rms = 0;        ///< true log2 rms of it
  /// <g_i, g> / <g, g> of the sum g: the shares of all ways add up to 1. NaN where g is zero.
  double share = std::numeric_limits<double>::quiet_NaN();
  friend bool operator==(const JoinWay&, const JoinWay&) = default;
};

/// The ways by which a gradient came back to a tensor (see flow/ledger.h). It belongs to the tensor
/// that is read, not to a sum or concatenation further up.
///
/// Where blocks share the tensor (one begins the branch of another, or they stand side by side),
/// the one record of all its readers says nothing of each block alone: beside it there is one for
/// each of them, of the ways through that block.
struct JoinRecord {
  static constexpr std::size_t kMostWays = 8;  ///< what more there are is one way, without a reader

  LayerId layer = kNoLayer;  ///< whose output is read
  std::int32_t output = 0;
  /// The sum at the end of the block whose own ways these are; their shares are then of what they
  /// bring back together. The reader of a way is the front of its chain (LayerGraph::WayThrough):
  /// where that is the sum of an inner block, the way is what came back by all of that block's.
  /// kNoLayer: the ways are those of all that read the tensor.
  LayerId through = kNoLayer;
  std::vector<JoinWay> ways;
  /// Of what the ways through that block bring back together; NaN where `through` is kNoLayer: the
  /// sketch of the tensor's gradient has it.
  double log2_rms = std::numeric_limits<double>::quiet_NaN();

  const JoinWay* from(LayerId reader) const;
};

struct SketchRecord {
  Site site;
  Sketch sketch;
};

/// Symmetry of the units of one layer: how many rows of its weight repeat an earlier row exactly.
struct SymmetryRecord {
  ParamId param = kNoParam;
  std::int64_t units = 0;
  std::int64_t duplicate_units = 0;
};

/// Everything measured about one training step: one update of the optimiser, of one or more passes.
/// Steps without a due measurement carry the metrics alone.
///
/// Weights are those of the passes, before the update. Gradients of parameters are of the loss
/// alone: the weight-decay term is never part of grad_weight, it is part of update. The sketches of
/// a layer's tensors are of all calls in all passes together; parameters are taken once.
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
  /// Of the step's own batch, after the update, with running statistics and without dropout: what
  /// validation sees of the network, on data that it has seen.
  std::optional<double> inference_loss;
  std::optional<double> inference_accuracy;
  std::int64_t passes = 1;  ///< forward and backward passes that made it
  bool skipped = false;     ///< the gradients were dropped and nothing was updated
  bool measured = false;    ///< the vectors below are filled
  std::vector<SketchRecord> sketches;
  std::vector<ActivationRecord> activations;
  std::vector<JoinRecord> joins;
  std::vector<SignalRecord> signals;
  std::vector<SymmetryRecord> symmetries;
  std::vector<TimeRecord>
      times;  ///< of the recurrent layers, the reverse direction after the other
  std::vector<InnerRecord> inner;
  std::vector<BlockUse> blocks;  ///< of the blocks whose calls are counted

  /// The step as if it had not been measured: the metrics alone.
  StepRecord metrics() const;

  /// These walk the lists; flow/step_index.h is for many look-ups.
  const Sketch* find(const Site& site) const;
  const ActivationRecord* activation(LayerId layer) const;
  /// Of all that read the tensor; with `through`, of the ways through that block.
  const JoinRecord* join(LayerId layer, std::int32_t output = 0, LayerId through = kNoLayer) const;
  const TimeRecord* time(LayerId layer, bool reverse = false) const;
  /// The first of that name, along that axis where one is asked for.
  const InnerRecord* inner_of(LayerId layer, std::string_view name,
                              std::optional<Axis> axis = {}) const;
  const SymmetryRecord* symmetry(ParamId param) const;
};

}  // namespace plumb
