// SPDX-License-Identifier: Apache-2.0
#include "plumb/monitor/monitor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Everything that a Step may record is as if it had recorded nothing.
void clear_numbers(StepRecord& record) {
  record.epoch = 0;
  record.loss = 0;
  record.accuracy = record.grad_norm = kNaN;
  record.learning_rate = record.weight_decay_norm = 0;
  record.clip_factor = 1;
  record.validation_loss.reset();
  record.validation_accuracy.reset();
  record.passes = 1;
  record.skipped = false;
}

bool has_gradients(const StepRecord& record) {
  return std::any_of(record.sketches.begin(), record.sketches.end(),
                     [](const SketchRecord& one) { return one.site.role == Role::grad_weight; });
}

}  // namespace

Monitor::Step::~Step() {
  if (!is_open_) return;
  if (std::uncaught_exceptions() > exceptions_) {
    monitor_.recorder_.abandon();
    monitor_.open_ = nullptr;
    return;
  }
  try {
    end();
  } catch (...) {
    monitor_.failed_ = std::current_exception();
  }
}

void Monitor::Step::end() {
  if (!is_open_) throw UsageError("Monitor::Step::end twice: the step has ended");
  is_open_ = false;
  monitor_.close(*this);
}

StepRecord& Monitor::Step::record() {
  if (!is_open_) throw UsageError("Monitor::Step is used after its step has ended");
  is_recorded_ = true;
  return *monitor_.open_;
}

void Monitor::Step::loss(double value) { record().loss = value; }
void Monitor::Step::accuracy(double fraction) { record().accuracy = fraction; }
void Monitor::Step::learning_rate(double value) { record().learning_rate = value; }
void Monitor::Step::epoch(std::int64_t index) { record().epoch = index; }
void Monitor::Step::gradient_norm(double value) { record().grad_norm = value; }
void Monitor::Step::clip_factor(double value) { record().clip_factor = value; }
void Monitor::Step::skipped() { record().skipped = true; }

void Monitor::Step::validation(double loss, std::optional<double> accuracy) {
  record().validation_loss = loss;
  record().validation_accuracy = accuracy;
}

Monitor::Monitor(RunInfo info, const MonitorOptions& options)
    : options_(options),
      run_{std::move(info), {}, {}, {}},
      schedule_(RecordSchedule::parse(options.record)),
      recorder_(run_.info),
      diagnosis_(run_.info) {
  if (options_.sink != nullptr) options_.sink->begin(run_.info);
}

bool Monitor::is_due(std::int64_t index) const {
  return !schedule_.is_off() && (schedule_.due(index) || index + 1 == run_.info.planned_steps);
}

void Monitor::rethrow() {
  if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
}

bool Monitor::open(std::int64_t index) {
  rethrow();
  if (open_ != nullptr) {
    throw UsageError("Monitor::step " + std::to_string(index) +
                     " within another one: let the Step end first");
  }
  if (index <= last_step_) {
    throw UsageError("Monitor::step " + std::to_string(index) + " after " +
                     std::to_string(last_step_) + ": expected ascending steps");
  }
  last_step_ = index;
  const bool due = is_due(index);
  StepRecord& record = due ? measured_ : unmeasured_;
  clear_numbers(record);
  record.step = index;
  if (due) recorder_.begin(record);
  open_ = &record;
  return due;
}

void Monitor::close(Step& step) {
  StepRecord& record = *std::exchange(open_, nullptr);
  if (step.is_due_) {
    if (!recorder_.is_recording()) {
      throw UsageError(
          "Monitor::Step: its recorder was finished by its user, who has only to tell it");
    }
    recorder_.finish();
    if (record.grad_norm != record.grad_norm && has_gradients(record)) {
      record.grad_norm = recorder_.gradient_norm();
    }
  } else if (!step.is_recorded_) {
    return;
  }
  record.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  deliver(record);
}

void Monitor::deliver(const StepRecord& record) {
  diagnosis_.add(record);
  if (options_.keep_steps) run_.steps.push_back(record);
  if (options_.sink != nullptr) options_.sink->add(record);
}

void Monitor::end(const std::string& reason) {
  rethrow();
  RunEnd end;
  end.reason = reason;
  end.steps = last_step_ + 1;
  end.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  run_.end = end;
  if (options_.sink != nullptr) options_.sink->end(end);
}

void Monitor::grow(const RunInfo& info) {
  if (open_ != nullptr) throw UsageError("Monitor::grow within a step: let the Step end first");
  const bool is_longer = info.layers.size() >= run_.info.layers.size() &&
                         info.blocks.size() >= run_.info.blocks.size() &&
                         info.params.size() >= run_.info.params.size();
  if (!is_longer) {
    throw UsageError("Monitor::grow to a graph of " + std::to_string(info.layers.size()) +
                     " layers, expected one that has what was there before");
  }
  run_.info = info;
  diagnosis_.grow(run_.info);
  if (options_.sink != nullptr) options_.sink->grow(run_.info);
}

std::optional<Reach> Monitor::reach() const {
  const auto& measured = diagnosis_.view().measured();
  if (measured.empty() || !measured.back().flow.known) return std::nullopt;
  const DepthFlow& flow = measured.back().flow;
  return Reach{flow.log2_total, flow.linear_layers, flow.stops() ? flow.bottom : kNoLayer};
}

const Run& Monitor::run() {
  run_.findings = diagnosis_.findings();
  return run_;
}

}  // namespace plumb
