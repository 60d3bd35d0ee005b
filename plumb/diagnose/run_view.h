// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/diagnose/depth_flow.h"
#include "plumb/diagnose/forward_step.h"
#include "plumb/diagnose/gradient_growth.h"
#include "plumb/diagnose/half_underflow.h"
#include "plumb/diagnose/layer_pace.h"
#include "plumb/diagnose/learning.h"
#include "plumb/diagnose/loss_curve.h"
#include "plumb/diagnose/nonfinite.h"
#include "plumb/diagnose/odd_layers.h"
#include "plumb/diagnose/step_series.h"
#include "plumb/diagnose/zero_start.h"
#include "plumb/flow/time_flow.h"
#include "plumb/record/run.h"

namespace plumb {

/// The numbers of one measured step that rules read.
struct MeasuredStep {
  std::int64_t step = 0;
  double loss = 0;
  double learning_rate = 0;
  double clip_factor = 1;
  double weight_decay = 0;  ///< see decay_of
  DepthFlow flow;
  std::vector<OddLayer> odd;
  LeavingZero leaving_zero;
  std::vector<LayerPace> paces;
  /// Of each recurrent layer and direction, in the order of the step's records.
  std::vector<TimeFlow> times;
  /// log2 of how much faster the first linear layer of the chain moves than the last one, or, where
  /// no update was recorded, would move by its gradient. NaN where neither is known.
  double log2_learning = 0;
  /// Less than kDoneFraction of the reference loss is left: what gradients do here is no sickness.
  bool done = false;
  /// The gradient is zero everywhere before it comes to the last layer with weights: the layer
  /// above whose derivative is zero, or that layer itself where the loss gives none. kNoLayer else.
  LayerId zero_above = kNoLayer;
  HalfUnderflow half;
};

/// The last linear layer of the chain is `last`.
struct ChainEnds {
  LayerId first = kNoLayer;
  LayerId last = kNoLayer;
};

/// One activation layer in one measured step.
struct UnitFacts {
  std::int64_t units = 0;
  std::int64_t dead_units = 0;
  std::uint64_t window_samples = 0;
  double saturated_fraction = 0;
  bool finite_loss = true;
  /// Of a layer that saturates and stands behind a linear one: of its z = Wx + b. NaN where not
  /// known.
  float log2_z = 0;
  float log2_x = 0;
  float log2_gain = 0;  ///< of the weight: log2(rms(weight) sqrt(fan_in))
};

/// The units of one linear layer in one measured step.
struct SymmetryFacts {
  std::int64_t units = 0;
  std::int64_t duplicate_units = 0;
  bool zero_weight = false;
};

/// What no step said, so that nothing can be said of the gradient between the layers.
enum class Missing : std::uint8_t {
  nothing,    ///< something was said
  steps,      ///< no step was measured
  layers,     ///< the run has no layers
  gradients,  ///< no gradient of a layer's tensor, or of none that the run knows
  edges       ///< how the layers are connected
};

/// A run as the rules read it: it takes the steps as they come, and keeps of each the numbers that
/// rules need (some kB for a measured step of 300 layers, nothing for another), never the record.
///
/// The layer graph is made once, and anew where it grows; each step is booked with the graph as it
/// was when the step came.
/// Errors   UsageError where the graph is none (LayerGraph).
/// Refers to the RunInfo and must not outlive it.
/// Threads  One thread at a time.
class RunView {
 public:
  explicit RunView(const RunInfo& info);
  /// With all of its steps.
  explicit RunView(const Run& run);
  explicit RunView(const RunInfo&&) = delete;  ///< would dangle
  explicit RunView(const Run&&) = delete;

  /// The graph has more layers, blocks or parameters at its end than before.
  void grow(const RunInfo& info);
  /// The next step, measured or not; steps come in ascending order.
  void add(const StepRecord& step);

  const RunInfo& info() const { return graph_->info(); }
  const LayerGraph& graph() const { return *graph_; }
  const std::vector<MeasuredStep>& measured() const { return measured_; }
  /// By layer.
  const StepSeries<UnitFacts>& units(LayerId layer) const { return at(units_, layer); }
  const StepSeries<SymmetryFacts>& symmetry(LayerId layer) const { return at(symmetry_, layer); }
  /// The linear layers that a layer feeds, with none in between; none for the last.
  const std::vector<LayerId>& next_linear(LayerId layer) const { return at(next_linear_, layer); }
  const ChainEnds& chain_ends() const { return chain_ends_; }
  /// Of the last measured step: why its books end early, and where.
  LedgerEnd last_end() const { return last_.ends; }
  LayerId last_end_at() const { return last_.ends_at; }
  bool last_ends_in_zero() const { return last_.ends_in_zero(); }
  /// Of a linear layer in the last measured step; NaN where it was not recorded.
  double last_log2_weight(LayerId layer) const;
  double last_log2_grad_weight(LayerId layer) const;

  /// The forward pass of the first and of the last measured step; null before the first.
  const ForwardStep* first_forward() const { return first_forward_ ? &*first_forward_ : nullptr; }
  const ForwardStep* last_forward() const { return last_forward_ ? &*last_forward_ : nullptr; }
  /// How different the samples look to the layers, of the steps that told it.
  struct Signals {
    std::int64_t step = 0;
    std::vector<SignalRecord> records;
  };
  const std::vector<Signals>& signals() const { return signals_; }

  const NonFiniteHistory& nonfinite() const { return nonfinite_; }
  const GradientGrowth& growth() const { return growth_; }
  Missing missing() const;

  const LossCurve& losses() const { return losses_; }
  /// Of the steps so far; made anew at each call.
  Learning learning() const { return learning_of(info(), losses_); }
  /// The linear layers whose weight was zero everywhere when it was first recorded, ascending.
  std::vector<LayerId> started_at_zero() const { return zero_start_.started_at_zero(); }

 private:
  template <class T>
  static const T& at(const std::vector<T>& list, LayerId layer) {
    return list[static_cast<std::size_t>(layer)];
  }
  void read_graph();
  void add_measured(const StepRecord& step, const StepIndex& index);
  void add_units(const StepRecord& step, const StepIndex& index);
  void add_symmetry(const StepIndex& index);

  std::optional<LayerGraph> graph_;
  OwnedParams params_;
  std::vector<std::vector<LayerId>> next_linear_;
  ChainEnds chain_ends_;

  std::vector<MeasuredStep> measured_;
  std::vector<StepSeries<UnitFacts>> units_;
  std::vector<StepSeries<SymmetryFacts>> symmetry_;
  ZeroStart zero_start_;
  NonFiniteHistory nonfinite_;
  GradientGrowth growth_;
  LossCurve losses_;
  Ledger last_;  ///< of the last measured step, which the next one may show in another light
  std::vector<FlowPoint> last_profile_;
  std::optional<ForwardStep> first_forward_, last_forward_;
  std::vector<Signals> signals_;
  bool saw_gradients_ = false;
  bool saw_books_ = false;
};

/// How many measured steps all views of the process have booked so far: what a diagnosis costs. A
/// test sees by it whether a run was looked at once.
std::uint64_t steps_booked();

}  // namespace plumb
