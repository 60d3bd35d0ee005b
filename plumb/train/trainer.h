// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plumb/core/parallel.h"
#include "plumb/data/dataset.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "plumb/observe/record_schedule.h"
#include "plumb/optim/optimiser.h"
#include "plumb/optim/schedule.h"
#include "plumb/record/run.h"
#include "plumb/train/config.h"
#include "plumb/train/probe.h"

namespace plumb {

struct Evaluation {
  double loss = 0;
  double accuracy = 0;  ///< NaN for regression
};

/// Trains one network on one data set, step by step.
///
/// How to use:
///
///   const Split data = load_split(config.data, config.data_options());
///   Trainer trainer(config, data);  // SpecError says what is wrong, and where
///   RunWriter file("deep.plumb");   // any RecordSink, or none
///   file.begin(trainer.info());
///   while (!trainer.done()) file.add(trainer.step());
///   file.end({.reason = "finished", .steps = trainer.step_count()});
///   file.close();
///   const Evaluation after = trainer.evaluate(data.validation);
///
/// Losses are told in the unit of the data, also where the targets were standardised
/// (Dataset::target_unit); gradients are those that the network is trained by.
/// Same configuration, seed and thread count give the same bits, measured or not; initial weights,
/// data and order are the same bits for any thread count. A step allocates nothing after the first
/// one (a measured step may).
/// The gradients of the parameters are gone after a step unless clip_norm needed all of them: a
/// record has their sketches, and after probe() they are all there.
/// Errors  SpecError, ShapeError, DataError from the constructor, which checks both parts of the data
///         (check_dataset). UsageError from step() when done(), from evaluate() for data without samples
///         or of another kind than the training data, and from the constructor for such a validation part.
class Trainer {
 public:
  /// `data` must outlive the trainer.
  Trainer(const TrainConfig& config, const Split& data);
  Trainer(const TrainConfig&, const Split&&) = delete;  ///< would dangle
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// What this run is, for a RecordSink.
  RunInfo info() const;
  std::int64_t planned_steps() const { return planned_steps_; }
  std::int64_t steps_per_epoch() const { return batches_.batches_per_epoch(); }
  std::int64_t step_count() const { return step_; }
  bool done() const { return step_ >= planned_steps_; }

  /// One training step: forward, loss, backward, clipping, update; measured when due. At the end of
  /// an epoch the validation part is evaluated too, and, of a network that infers otherwise than it
  /// trains (running statistics, dropout), its last batch. The record is valid until the next step.
  const StepRecord& step();
  /// Makes the next step the last one, which is measured, wherever the training stands.
  void end_with_next_step();
  /// From now on every step takes this rate, whatever the schedule says.
  void use_learning_rate(double rate) { fixed_rate_ = rate; }
  /// Measures the network as it is on the first batch, without changing it: forward and backward
  /// only. `extra` may watch too, and `extra_time` the time steps of recurrent layers.
  const StepRecord& probe(PassObserver* extra = nullptr, TimeObserver* extra_time = nullptr);
  /// Loss and accuracy over a whole data set in inference mode: samples of the shape that the
  /// training data have, with as many labels or target values each.
  Evaluation evaluate(const Dataset& data);

  /// What the network says to each sample, in inference mode: [samples, outputs...], in the
  /// network's dtype. Labels and targets are not looked at. Errors: UsageError as evaluate().
  Tensor predict(const Dataset& data);

  /// Stands where another training of the same configuration stood after `steps` steps, once the
  /// values of the parameters and of the returned state are those; all that follows is then the
  /// same bits. Errors: UsageError after the first step, SpecError for more steps than are planned.
  OptimiserState resume_at(std::int64_t steps);
  OptimiserState optimiser_state() { return optimiser_->state(); }

  /// Above which a single output says class 1.
  double class_threshold() const;

  Network& network() { return network_; }
  const TrainConfig& config() const { return config_; }
  /// How the weights of a file were taken, where there is something to say (see load_weights()).
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void expect_like_training(const Dataset& data) const;
  void expect_inputs_like_training(const Dataset& data) const;
  /// Calls `use(first, count, y)` after each pass over `count` samples from `first` on.
  template <class Use>
  void infer(const Dataset& data, const Use& use);
  double rate_at(std::int64_t step) const { return fixed_rate_.value_or(learning_rate_.at(step)); }
  void load_batch(std::int64_t step);
  std::span<const std::int32_t> labels(std::int64_t rows) const;
  Target target(std::int64_t rows) const;
  /// Of the forward pass that has just run; NaN for regression.
  double batch_accuracy() const;
  /// The batch of the step again, as the network answers in use; where that is another answer.
  void evaluate_inference(StepRecord& record);
  double backward_from_loss(PassObserver* forward, PassObserver* backward, TimeObserver* time,
                            GradientReady* ready = nullptr);
  double elapsed_s() const;
  /// What 1 of the loss that is trained on stands for in the unit of the data.
  double loss_unit() const;
  bool is_measured(std::int64_t step) const;
  /// Near enough in front of a measured one that its samples belong to that one's window.
  bool is_before_measured(std::int64_t step) const;

  TrainConfig config_;
  const Split& data_;
  std::vector<std::string> notes_;
  ThreadPool threads_;
  Network network_;
  std::unique_ptr<Loss> loss_;
  std::unique_ptr<Optimiser> optimiser_;
  BatchIterator batches_;
  RecordSchedule schedule_;
  std::int64_t planned_steps_ = 0;
  Schedule learning_rate_;
  std::optional<double> fixed_rate_;
  std::vector<std::int32_t> labels_;
  Tensor values_;  ///< regression targets of the batch
  std::optional<Probe> probe_;
  bool has_inference_mode_ = false;  ///< the network answers otherwise when it infers
  StepRecord measured_;    ///< of the last measured step: its vectors are reused by the next one
  StepRecord unmeasured_;  ///< of the last other step: metrics alone
  std::int64_t step_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The network that a configuration describes, for data of this shape, with its weights loaded.
/// What there is to say of them is added to `notes`.
Network make_network(const TrainConfig& config, const Dataset& data,
                     std::vector<std::string>* notes = nullptr);

}  // namespace plumb
