// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/version.h>

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plumb/attach/libtorch_tap.h"
#include "plumb/core/utc_time.h"
#include "plumb/core/version.h"
#include "plumb/diagnose/words/verdict.h"

namespace plumb::attach {

/// Which steps are measured, as of SessionOptions.
struct LibtorchOptions {
  std::string record = "log";
  std::int64_t start = 0;
  std::int64_t planned_steps = 0;
};

/// Watches a training of libtorch's: values, gradients between the layers, parameters, their
/// gradients and updates, into a run file that every command of plumb reads. The model's own code
/// stays as it is, whether it is a torch::nn::Sequential or a module of yours.
///
///   plumb::attach::Libtorch watch(*model, optimizer, "run.plumb");
///   for (...) {
///     torch::Tensor loss = criterion(model->forward(x), y);
///     watch.before_backward(loss);          // the one line
///     loss.backward();
///     optimizer.step();
///     watch.after_step();                   // optional
///   }
///
/// While the model computes, in training mode and with gradients, torch's observer of operations
/// (at::RecordFunction) shows each one that a parameter of the model has a part in; the first
/// measured pass finds out the graph of layers. A layer has the path of the module that owns its
/// parameters, one without parameters that of the module of a Sequential, or its place and what it
/// is ("layer1.relu"). Gradients come by hooks on autograd's nodes. In steps that are not measured
/// nothing stands on any of them.
///
/// Without after_step() a step is over when the next pass begins with other parameters or with
/// gradients that were reset, and gradients are those before clipping. The loss is seen from the
/// tensor; several backward passes of one step add up.
///
/// A failure of ours warns once and ends the measuring, never the training. Nothing that is
/// computed changes.
///
/// Errors  StoreError from the constructor where the file cannot be created, SpecError for a
///         schedule that is none. diagnosis(), table(): UsageError before the first step.
/// Threads From the thread that computes forward and calls backward(). Tensors in this machine's
///         memory alone are measured. The model and the optimiser must outlive the watch.
/// Torch   1.13 and 2.x.
class Libtorch {
 public:
  Libtorch(torch::nn::Module& model, std::string run, LibtorchOptions options = {})
      : Libtorch(model, nullptr, std::move(run), std::move(options)) {}
  Libtorch(torch::nn::Module& model, torch::optim::Optimizer& optimizer, std::string run,
           LibtorchOptions options = {})
      : Libtorch(model, &optimizer, std::move(run), std::move(options)) {}
  /// Ends the run.
  ~Libtorch() {
    const bool is_unwinding = std::uncaught_exceptions() > exceptions_;
    close(is_unwinding ? "stopped by an exception" : "finished");
  }
  Libtorch(const Libtorch&) = delete;
  Libtorch& operator=(const Libtorch&) = delete;

  /// To be called with what backward() is called on, before it.
  void before_backward(const at::Tensor& loss) { tap_->before_backward(loss); }
  /// The optimiser has stepped.
  void after_step() {
    tap_->careful([&] { tap_->watch().after_step(); });
  }
  /// Numbers of the step that is open, from before_backward() to after_step().
  void log_loss(double loss) {
    log([&](StepRecord& record) { record.loss = loss; });
  }
  void log_accuracy(double fraction) {
    log([&](StepRecord& record) { record.accuracy = fraction; });
  }
  void log_validation(double loss, double accuracy) {
    log([&](StepRecord& record) {
      record.validation_loss = loss;
      record.validation_accuracy = accuracy;
    });
  }
  /// What the best constant answer reaches, which a network has to beat.
  void baseline(const Baseline& best) {
    tap_->watch().session().draft().baseline = best;
    tap_->watch().session().touch();
  }

  /// Ends the run and completes its file. Idempotent.
  void close(const std::string& reason = "finished") noexcept {
    tap_->careful([&] { tap_->watch().close(reason); });
    if (!tap_->has_failed()) return;
    try {
      tap_->watch().session().end(reason);
    } catch (...) {  // the file could not be completed: what it has stays
    }
  }

  /// What was seen so far.
  const Diagnosis& diagnosis() { return session().diagnosis(); }
  std::string verdict() { return plumb::verdict(diagnosis()); }
  std::string table(const TerminalOptions& options = {}) { return session().table(options); }
  std::int64_t steps() { return session().steps(); }
  /// Parameters that are unused, frozen, shared or that no gradient reaches, in words.
  std::vector<std::string> notes() const { return tap_->watch().notes(); }

 private:
  Libtorch(torch::nn::Module& model, torch::optim::Optimizer* optimizer, std::string run,
           LibtorchOptions options)
      : tap_(std::make_shared<detail::Tap>(
            model, optimizer,
            SessionOptions{std::move(run), options.record, options.start, options.planned_steps})) {
    RunInfo& info = tap_->watch().session().draft();
    info.network = detail::short_kind(model.name());
    info.plumb_version = kVersion;
    info.threads = at::get_num_threads();
    const std::vector<at::Tensor> params = model.parameters();
    const bool is_double = !params.empty() && params.front().scalar_type() == at::kDouble;
    info.precision = is_double ? "double" : "float";
    info.started_at = utc_now();
    info.settings = {{"framework", "libtorch " TORCH_VERSION}, {"record", options.record}};
    if (optimizer == nullptr) return;
    info.optimiser_info = detail::optimiser_info(*optimizer);
    if (info.optimiser_info) info.optimiser = info.optimiser_info->kind;
  }
  Session& session() {
    tap_->careful([&] { tap_->watch().settle(); });
    return tap_->watch().session();
  }
  template <class Change>
  void log(const Change& change) {
    tap_->careful([&] {
      if (tap_->watch().session().in_step()) change(tap_->watch().session().record());
    });
  }

  std::shared_ptr<detail::Tap> tap_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace plumb::attach
