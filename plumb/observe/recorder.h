// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plumb/observe/activation_recorder.h"
#include "plumb/observe/inner_recorder.h"
#include "plumb/observe/join_recorder.h"
#include "plumb/observe/parameter_recorder.h"
#include "plumb/observe/signal_recorder.h"
#include "plumb/observe/site_sketches.h"
#include "plumb/observe/time_recorder.h"

namespace plumb {

/// Turns the tensors of one training step into a StepRecord, whoever trains: it is given "this
/// tensor stands at this site now", reads it at once and changes nothing.
///
/// How to use:
///
///   Recorder recorder(info);  // info: the graph, see observe/run_builder.h
///   StepRecord record;
///   recorder.begin(record);          // only in steps that are measured
///   recorder.output(fc1, z);         // forward: what each layer gives
///   recorder.derivative(relu1, df);  // f'(z) of an activation
///   recorder.gradient(fc1, {grad_z, {Axis::sample, Axis::unit}, -loss_scale_log2});
///   recorder.parameter(w1, Role::weight, value);  // before the update
///   recorder.parameter(w1, Role::grad_weight, grad);
///   recorder.parameter(w1, Role::update, update);
///   recorder.finish();  // record is complete
///
/// A step is one update of the optimiser. A layer may be recorded several times in a pass (a shared
/// one), and next_pass() begins a further pass of the same step: sketches and derivatives are of
/// all of them together, and how they differ is an inner quantity along Axis::call and Axis::pass.
/// A view with an axis of heads or experts gives the size of each slice beside.
/// What is not recorded is absent from the record: a gradient that was never sent is not zero.
///
/// Records stand in the order in which their sites are first recorded. Weights are to be those of
/// the passes, before the update. Rows of weights are compared for symmetry when is_symmetry_due().
/// Dead units are judged over a window of the latest steps. Where a batch alone is few samples for
/// that, units() watches the activations of the steps in front of one that is measured. How alike
/// the samples look to each layer is recorded at geometric steps (SignalRecorder).
///
/// Errors  UsageError for a call outside begin() and finish(), an id that the graph does not have,
///         parameters recorded twice or in pieces out of order, another number of units than before.
/// Threads Use one object from one thread at a time.
/// Speed   One pass over each tensor. A step like an earlier one allocates nothing, unless a
///         tensor's magnitudes spread wider than before; comparing rows for symmetry does.
class Recorder {
 public:
  /// A unit counts as dead that was silent for about as many samples ...
  static constexpr std::int64_t kWindowSamples = 256;
  /// ... of at most as many steps: what it did before those says nothing of it now.
  static constexpr std::int64_t kMostWindowSteps = 8;
  /// How many steps of that batch a window has.
  static std::int64_t window_steps(std::int64_t batch);

  /// `info` must outlive the recorder; layers and parameters may be added at its ends.
  explicit Recorder(const RunInfo& info, std::int64_t window_steps = kMostWindowSteps);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// `record` must live until finish(); its vectors are reused. Its numbers (loss and the like) are
  /// the caller's, but for `measured` and `passes`; its `step` is set before.
  void begin(StepRecord& record);
  /// Begins a step that is not measured, whose activations alone are watched: derivative() may be
  /// called, and finish_units() ends it.
  void begin_units(std::int64_t step);
  void finish_units();
  /// A further forward pass of the same step begins.
  void next_pass();
  void finish();
  /// Ends a step that failed half-way; what the record has is of no use.
  void abandon() {
    record_ = nullptr;
    watches_units_ = false;
  }
  bool is_recording() const { return record_ != nullptr; }
  bool watches_units() const { return watches_units_; }

  void output(LayerId layer, ConstView values, Use use = {});
  void output(LayerId layer, const ObservedView& values, Use use = {});
  /// dLoss/d output.
  void gradient(LayerId layer, ConstView values, double log2_scale, Use use = {});
  void gradient(LayerId layer, const ObservedView& values, Use use = {});

  /// What was sketched where it is, as on a device whose memory is not ours. Of an output, how
  /// alike its samples look is told beside: samples(), where is_similarity_due().
  void output(LayerId layer, const Sketch& sketch, Use use = {});
  void gradient(LayerId layer, const Sketch& sketch, Use use = {});
  void parameter(ParamId param, Role role, const Sketch& sketch);
  void samples(LayerId layer, const ObservedView& values);
  bool is_similarity_due() const { return signals_.is_due(); }

  /// f' at each element of an activation's output; a batch may come in parts.
  void derivative(LayerId layer, ConstView derivative);
  void derivative(LayerId layer, const ObservedView& derivative);
  /// The same of a batch of this shape whose derivatives were judged where they were made: with
  /// saturation_limit(), and is_usual.
  void derivative(LayerId layer, const Shape& shape, const DerivativeScan& scan);
  void derivative(LayerId layer, const DerivativeCounts& counts);
  /// An |f'| below it counts as saturated; 0 where sup |f'| is not known.
  double saturation_limit(LayerId layer) const;

  /// The gradients that come back to the output of `layer`, one from each reader, before they are
  /// added up.
  ///
  /// Of a block that is not all that reads the tensor (one begins the branch of another, two stand
  /// side by side, a second head reads it), the sum at its end is recorded as `through`, beside
  /// what all readers send: the ways of that block alone, each by the layer with which it begins. A
  /// way that begins with an inner block has the sum of that one as its reader, and what comes back
  /// by all of it as its gradient. So of y = x + h(x + f(x)):
  ///
  ///   recorder.join(x, {{f, 0, grad_f}, {inner, 1, grad_inner}, {outer, 1, grad_outer}});
  ///   recorder.join(x, {{f, 0, grad_f}, {inner, 1, grad_inner}}, 0, inner);
  ///   recorder.join(x, {{inner, 0, grad_f + grad_inner}, {outer, 1, grad_outer}}, 0, outer);
  ///
  /// Without it the books of these blocks lack what the joint record does not say: the cosine, the
  /// gate, and where there are two other ways the size.
  void join(LayerId layer, std::span<const JoinGradient> ways, std::int32_t output = 0,
            LayerId through = kNoLayer);
  void join(LayerId layer, std::span<const JoinProducts> ways, std::int32_t output = 0);
  /// The same, one by one as they come: a copy of each is kept until gradient() of the layer,
  /// next_pass() or finish().
  void join_way(LayerId layer, const JoinGradient& way, std::int32_t output = 0,
                LayerId through = kNoLayer);

  /// The value, the gradient or the update of a parameter (the roles of parameters).
  void parameter(ParamId param, Role role, ConstView values, double log2_scale = 0,
                 Piece piece = {});
  void parameter(ParamId param, Role role, const ObservedView& values, Piece piece = {});
  /// The gradients of parameters that were recorded in this step were not all that comes to them:
  /// each may be given once more as a whole, without a mask, which then counts instead.
  void retake_gradients() { parameters_.retake_gradients(); }
  /// l2 norm of the gradients of parameters that were recorded in this step; NaN if one is not
  /// finite.
  double gradient_norm() const { return parameters_.gradient_norm(); }
  /// At the first step that is asked of it, and again only while repeated rows were found.
  bool is_symmetry_due() const { return symmetry_due_; }
  /// Compares the units of a weight, whose place is counted along `unit_axis`.
  void symmetry(ParamId param, const StridedView& weight, int unit_axis = 0);

  /// Of a recurrent layer; of kNoLayer it is of the recurrent layer whose output comes next.
  void time_step(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                 ConstView values, double log2_scale = 0);
  void time_step(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                 const ObservedView& values);

  /// Any numbers inside a layer, by their place on an axis.
  void inner(LayerId layer, std::string_view name, Axis axis, std::span<const double> values,
             std::int32_t output = 0);
  /// A block was called once more, with so many tokens; of no calls, that it was left out.
  void block_use(BlockId block, std::int64_t tokens, std::int64_t calls = 1);

  /// The sketch of the layer's tensor that was recorded last, by itself.
  const Sketch& last() const { return sites_.last(); }

 private:
  const LayerInfo& layer_of(LayerId layer, const char* call) const;
  void require_param(ParamId param, Role role, const char* call) const;
  void require_step(const char* call) const;
  void require_activation(LayerId layer, const char* call) const;
  void add_slices(const Site& site, const ObservedView& values);

  const RunInfo& info_;
  StepRecord* record_ = nullptr;
  bool watches_units_ = false;
  SiteSketches sites_;
  ActivationRecorder activations_;
  JoinRecorder joins_;
  ParameterRecorder parameters_{sites_};
  TimeRecorder times_;
  InnerRecorder inner_;
  SignalRecorder signals_;
  bool symmetry_due_ = true;
  bool symmetry_found_ = false, symmetry_asked_ = false;  ///< in this step
};

}  // namespace plumb
