// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "plumb/core/error.h"
#include "plumb/core/memory.h"
#include "plumb/stats/magnitude.h"
#include "plumb/train/baseline.h"
#include "plumb/train/both_observers.h"
#include "plumb/train/describe_data.h"
#include "plumb/train/describe_run.h"
#include "plumb/train/training_memory.h"
#include "plumb/train/weights.h"

namespace plumb {

namespace {

std::string loss_name(const TrainConfig& config, const Dataset& data) {
  if (!config.loss.empty()) return config.loss;
  return data.is_classification() ? "cross_entropy" : "mse";
}

/// More logits than there are classes in the data: those of classes that do not occur in them.
bool has_spare_outputs(const Network& network, const Dataset& data) {
  const Shape& y = network.output_row_shape();
  return data.is_classification() && data.labels_per_sample == 1 && y.rank() == 1 &&
         y.size() > data.classes;
}

/// The output must have at least one logit a class (at each step, where each step has a label), or
/// one value a target.
void check_output(const Network& network, const Dataset& data, std::string_view loss) {
  const Shape& y = network.output_row_shape();
  const bool classes = data.is_classification();
  const std::int64_t labels = data.labels_per_sample;
  Shape wanted = classes ? Shape{data.classes} : Shape{data.y.shape().row_size()};
  if (classes && labels > 1) wanted = Shape{labels, data.classes};
  // Sequences of one step have one label a sample.
  const bool one_step = classes && labels == 1 && y == Shape{1, data.classes};
  // Two classes may be the value 0 or 1 of one output.
  const bool one_value = data.classes == 2 && loss != "cross_entropy" &&
                         (labels == 1 ? y == Shape{1} : y == Shape{labels, 1});
  const bool fits = classes || y.rank() > 2 ? y == wanted : y.size() == wanted.size();
  if (fits || one_step || one_value || has_spare_outputs(network, data)) return;
  const bool wants_one_logit = data.classes == 2 && y == Shape{1};
  throw ShapeError(fmt::format(
      "network: its output has shape {} a sample, expected {} ({} of {}){}{}", y.to_string(),
      wanted.to_string(), classes ? "the classes" : "the target values", data.name,
      y.rank() > 1 && wanted.rank() == 1 ? "; put flatten or last before the last dense" : "",
      wants_one_logit ? "; one output tells two classes with the loss binary_cross_entropy" : ""));
}

const Split& checked(const Split& data) {
  check_dataset(data.train);
  check_dataset(data.validation);
  return data;
}

std::int64_t steps_of(const TrainConfig& config, std::int64_t per_epoch) {
  if (config.steps > 0) return config.steps;
  if (config.epochs > std::numeric_limits<std::int64_t>::max() / per_epoch) {
    throw SpecError(
        fmt::format("epochs: {} epochs of {} steps are more steps than can be counted, "
                    "expected fewer",
                    config.epochs, per_epoch));
  }
  return config.epochs * per_epoch;
}

/// How many values are compared with one label, or with the targets of a sample.
std::int64_t outputs_of(const Network& network, const Dataset& data) {
  const Shape& y = network.output_row_shape();
  return data.labels_per_sample > 1 ? y[y.rank() - 1] : y.size();
}

/// Running statistics or dropout.
bool infers_otherwise(const Network& network) {
  bool found = !network.buffers().empty();
  network.visit([&](const Node& node) { found |= node.family() == LayerFamily::dropout; });
  return found;
}

std::int64_t usable_batch(const TrainConfig& config, const Dataset& data) {
  if (data.size() == 0) throw DataError(data.name + ": no samples, expected at least one");
  return std::min(config.batch, data.size());
}

/// The optimiser's part counts where steps are made (run_training()): a probe makes none.
void require_batch_memory(const Network& network, std::int64_t batch,
                          const OptimiserConfig& optimiser, std::vector<std::string>& notes) {
  constexpr double kWorthSaying = 1e9;
  const TrainingMemory memory = training_memory(network, batch, optimiser);
  const std::string text = memory_text(memory, batch, optimiser);
  require_memory(text + ": what is not there yet", memory.output_bytes);
  if (memory.total() > kWorthSaying) notes.push_back(text);
}

}  // namespace

Network make_network(const TrainConfig& config, const Dataset& data,
                     std::vector<std::string>* notes) {
  NetworkOptions options;
  options.dtype = config.precision == "double" ? DType::f64 : DType::f32;
  options.seed = config.seed;
  options.weight_init = parse_init(config.init, config.gain);
  options.bias_init = parse_init(config.bias_init);
  options.own_layers = config.own_layers;
  Network network(parse_spec(config.network), data.x.shape().row_shape(), options);
  check_output(network, data, loss_name(config, data));
  if (notes != nullptr && has_spare_outputs(network, data)) {
    notes->push_back(fmt::format("network: {} outputs for {} classes in {}; the others stay unused",
                                 network.output_row_shape().size(), data.classes, data.name));
  }
  if (config.weights.empty()) return network;
  const std::vector<std::string> said = load_weights(network, config.weights);
  if (notes != nullptr) notes->insert(notes->end(), said.begin(), said.end());
  return network;
}

Trainer::Trainer(const TrainConfig& config, const Split& data)
    : config_(config),
      data_(checked(data)),
      threads_(config.threads),
      network_(make_network(config, data.train, &notes_)),
      loss_(make_loss(loss_name(config, data.train))),
      optimiser_(make_optimiser(config.optimiser)),
      batches_(data.train, usable_batch(config, data.train), config.shuffle, config.seed),
      schedule_(RecordSchedule::parse(config.record)) {
  planned_steps_ = steps_of(config, batches_.batches_per_epoch());
  learning_rate_ =
      parse_schedule(config.schedule, config.learning_rate, config.warmup_steps, planned_steps_);
  if (!(config.clip_norm > 0)) network_.share_gradients();
  require_batch_memory(network_, batches_.batch(), config.optimiser, notes_);
  network_.plan(batches_.batch());
  if (!data.train.is_classification()) {
    // Shaped like the output: [steps] targets fit an output [steps, 1].
    values_ = Tensor(network_.output_gradient().shape, network_.dtype());
  }
  if (data.validation.size() > 0) expect_like_training(data.validation);
  has_inference_mode_ = infers_otherwise(network_);
  probe_.emplace(network_, Recorder::window_steps(batches_.batch()));
}

RunInfo Trainer::info() const {
  RunInfo info = describe_run(config_, network_);
  info.loss = loss_->kind();
  info.baseline = best_constant_answer(data_.train, info.loss, outputs_of(network_, data_.train));
  if (info.baseline) {
    info.baseline->loss *= loss_unit();
    info.baseline->loss_deviation *= loss_unit();
  }
  info.batch = batches_.batch();
  info.classes = data_.train.classes;
  info.planned_steps = planned_steps_;
  const bool is_sequence =
      std::any_of(info.layers.begin(), info.layers.end(),
                  [](const LayerInfo& layer) { return layer.family == LayerFamily::recurrent; });
  info.data_info = describe_data(data_, is_sequence);
  if (!config_.shuffle) {
    info.data_info->between_batches = between_batches(data_.train, batches_.batch());
  }
  return info;
}

double Trainer::loss_unit() const {
  const double unit = data_.train.target_unit;
  return data_.train.is_classification() ? 1
         : loss_->kind() == "mse"        ? unit * unit
         : loss_->kind() == "difference" ? unit
                                         : 1;
}

double Trainer::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Trainer::load_batch(std::int64_t step) {
  const std::int64_t per_epoch = batches_.batches_per_epoch();
  batches_.fill(step / per_epoch, step % per_epoch, network_.input(), labels_, values_.view());
}

std::span<const std::int32_t> Trainer::labels(std::int64_t rows) const {
  return std::span(labels_).first(static_cast<std::size_t>(rows * data_.train.labels_per_sample));
}

Target Trainer::target(std::int64_t rows) const {
  if (data_.train.is_classification()) {
    return {labels(rows), {}};
  }
  ConstView values = values_.view();
  values.shape = values.shape.with_batch(rows);
  return {{}, values};
}

double Trainer::class_threshold() const { return loss_->kind() == "mse" ? 0.5 : 0; }

double Trainer::batch_accuracy() const {
  return data_.train.is_classification() ? accuracy(network_.output(), labels_, class_threshold())
                                         : std::numeric_limits<double>::quiet_NaN();
}

double Trainer::backward_from_loss(PassObserver* forward, PassObserver* backward,
                                   TimeObserver* time, GradientReady* ready) {
  const Context context{Mode::train, static_cast<std::uint64_t>(step_), threads_, time};
  network_.zero_grad();
  const ConstView y = network_.forward(context, forward);
  const double loss = loss_->gradient(y, target(batches_.batch()), network_.output_gradient());
  network_.backward(context, backward, ready);
  return loss * loss_unit();
}

bool Trainer::is_measured(std::int64_t step) const {
  return !schedule_.is_off() && (schedule_.due(step) || step + 1 == planned_steps_);
}

// A batch alone may be few samples to call a unit dead by.
bool Trainer::is_before_measured(std::int64_t step) const {
  const std::int64_t end =
      std::min(planned_steps_, step + Recorder::window_steps(batches_.batch()));
  for (std::int64_t next = step + 1; next < end; ++next) {
    if (is_measured(next)) return true;
  }
  return false;
}

namespace {
/// Updates each parameter as soon as its gradient is complete.
class UpdateWhenReady : public GradientReady {
 public:
  UpdateWhenReady(Optimiser& optimiser, ThreadPool& pool, UpdateObserver* observer)
      : optimiser_(optimiser), pool_(pool), observer_(observer) {}
  void on_gradients(const Node& node) override {
    for (std::size_t i = 0; i < node.params().size(); ++i) {
      optimiser_.update(node.first_param + i, pool_, observer_);
    }
  }

 private:
  Optimiser& optimiser_;
  ThreadPool& pool_;
  UpdateObserver* observer_;
};
}  // namespace

void Trainer::end_with_next_step() { planned_steps_ = std::min(planned_steps_, step_ + 1); }

OptimiserState Trainer::resume_at(std::int64_t steps) {
  if (step_ != 0) throw UsageError("Trainer::resume_at after step(): call it first");
  if (steps > planned_steps_) {
    throw SpecError(fmt::format(
        "the checkpoint was made after {} steps and {} are planned, expected more epochs or steps",
        steps, planned_steps_));
  }
  step_ = steps;
  return optimiser_->resume(network_.params(), steps);
}

const StepRecord& Trainer::step() {
  if (done()) {
    throw UsageError(fmt::format(
        "Trainer::step after the last of {} planned steps: ask done() first", planned_steps_));
  }
  const bool last = step_ + 1 == planned_steps_;
  const bool measured = is_measured(step_);
  StepRecord& record = measured ? measured_ : unmeasured_;
  record.step = step_;
  record.epoch = step_ / batches_.batches_per_epoch();
  record.learning_rate = rate_at(step_);
  record.validation_loss.reset();
  record.validation_accuracy.reset();
  record.inference_loss.reset();
  record.inference_accuracy.reset();
  load_batch(step_);
  if (measured) probe_->begin(record);
  Probe* const probe = measured ? &*probe_ : nullptr;
  const bool watches_units = !measured && is_before_measured(step_);
  PassObserver* const pass = watches_units ? probe_->begin_units(step_) : probe;
  record.clip_factor = 1;
  const auto params = network_.params();
  if (config_.clip_norm > 0) {
    // The factor needs the gradients of all parameters first.
    record.loss = backward_from_loss(pass, probe, probe);
    record.grad_norm = gradient_norm(params);
    record.clip_factor = clip_factor(record.grad_norm, config_.clip_norm);
    record.weight_decay_norm = optimiser_->step(params, record.learning_rate, record.clip_factor,
                                                config_.clip_value, threads_, probe);
  } else {
    UpdateWhenReady ready(*optimiser_, threads_, probe);
    optimiser_->begin(params, record.learning_rate, 1, config_.clip_value);
    record.loss = backward_from_loss(pass, probe, probe, &ready);
    record.weight_decay_norm = optimiser_->finish();
    record.grad_norm = measured ? probe->gradient_norm() : std::numeric_limits<double>::quiet_NaN();
  }
  record.accuracy = batch_accuracy();
  if (measured) probe_->finish();
  if (watches_units) probe_->finish_units();
  const bool evaluated = (step_ + 1) % batches_.batches_per_epoch() == 0 || last;
  if (evaluated && has_inference_mode_) evaluate_inference(record);
  ++step_;
  if (evaluated && data_.validation.size() > 0) {
    const Evaluation evaluation = evaluate(data_.validation);
    record.validation_loss = evaluation.loss;
    record.validation_accuracy = evaluation.accuracy;
  }
  record.time_s = elapsed_s();
  return record;
}

const StepRecord& Trainer::probe(PassObserver* extra, TimeObserver* extra_time) {
  load_batch(step_);
  network_.keep_gradients();
  StepRecord& record = measured_;
  record.step = step_;
  record.learning_rate = rate_at(step_);
  probe_->begin(record);
  std::optional<Both> both;
  if (extra != nullptr) both.emplace(*probe_, *extra);
  std::optional<BothTimes> both_times;
  if (extra_time != nullptr) both_times.emplace(*probe_, *extra_time);
  PassObserver* const pass = both ? static_cast<PassObserver*>(&*both) : &*probe_;
  record.loss = backward_from_loss(
      pass, pass, both_times ? static_cast<TimeObserver*>(&*both_times) : &*probe_);
  record.accuracy = batch_accuracy();
  record.grad_norm = gradient_norm(network_.params());
  probe_->on_parameters();
  probe_->finish();
  record.time_s = elapsed_s();
  return record;
}

}  // namespace plumb
