// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/diagnose/half_underflow.h"

namespace plumb {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void clear_numbers(StepRecord& record) {
  StepRecord fresh;
  fresh.sketches = std::move(record.sketches);
  fresh.activations = std::move(record.activations);
  fresh.joins = std::move(record.joins);
  fresh.signals = std::move(record.signals);
  fresh.symmetries = std::move(record.symmetries);
  fresh.times = std::move(record.times);
  fresh.inner = std::move(record.inner);
  fresh.blocks = std::move(record.blocks);
  fresh.loss = fresh.grad_norm = kNaN;
  record = std::move(fresh);
}

/// A gradient between layers whose values are those of float16, down to its smallest number.
bool shows_half(const StepRecord& record) {
  return std::any_of(record.sketches.begin(), record.sketches.end(), [](const SketchRecord& one) {
    return (one.site.role == Role::grad_z || one.site.role == Role::grad_a) &&
           is_at_half_floor(one.sketch);
  });
}

bool has_gradients(const StepRecord& record) {
  return std::any_of(record.sketches.begin(), record.sketches.end(),
                     [](const SketchRecord& one) { return one.site.role == Role::grad_weight; });
}

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options),
      schedule_(RecordSchedule::parse(options.record)),
      recorder_(draft_),
      writer_(std::make_unique<RunWriter>(options.path)),
      keeper_({}, writer_.get()) {
  draft_.planned_steps = options.planned_steps;
}

Session::~Session() = default;

bool Session::is_due(std::int64_t step) const {
  if (schedule_.is_off() || step < options_.start) return false;
  return schedule_.due(step - options_.start) || step + 1 == options_.planned_steps;
}

bool Session::begin_step(std::int64_t step, std::optional<bool> measure) {
  if (ended_) throw UsageError("Session::begin_step after end()");
  if (open_ != nullptr) {
    throw UsageError("Session::begin_step " + std::to_string(step) +
                     " within another one: call end_step() first");
  }
  if (step <= last_step_) {
    throw UsageError("Session::begin_step " + std::to_string(step) + " after " +
                     std::to_string(last_step_) + ": expected ascending steps");
  }
  const bool due = measure.value_or(is_due(step));
  StepRecord& record = due ? measured_ : unmeasured_;
  clear_numbers(record);
  record.step = step;
  if (due) recorder_.begin(record);
  open_ = &record;
  return due;
}

StepRecord& Session::record() {
  if (open_ == nullptr) throw UsageError("Session::record outside begin_step() and end_step()");
  return *open_;
}

void Session::publish() {
  if (!changed_) return;
  if (begun_) {
    keeper_.grow(draft_);
  } else {
    keeper_.begin(draft_);
  }
  begun_ = true;
  changed_ = false;
}

void Session::end_step() {
  StepRecord& record = this->record();
  const bool was_measured = is_measuring();
  open_ = nullptr;
  last_step_ = record.step;
  if (was_measured) {
    recorder_.finish();
    if (record.grad_norm != record.grad_norm && has_gradients(record)) {
      record.grad_norm = recorder_.gradient_norm();
    }
    if (!draft_.has_half_gradients() && shows_half(record)) {
      draft_.settings.emplace_back("gradients", "float16");
      touch();
    }
  }
  record.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  publish();
  keeper_.add(record);
}

void Session::drop_step() {
  if (open_ == nullptr) return;
  if (is_measuring()) recorder_.abandon();
  open_ = nullptr;
}

void Session::end(const std::string& reason) {
  if (ended_) return;
  drop_step();
  ended_ = true;
  publish();
  RunEnd end;
  end.reason = reason;
  end.steps = last_step_ + 1;
  end.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  keeper_.end(end);
  writer_->close();
}

const Run& Session::run() {
  publish();
  return keeper_.run();
}

const Diagnosis& Session::diagnosis() {
  publish();
  return keeper_.diagnosis();
}

std::string Session::table(const TerminalOptions& options) {
  publish();
  return keeper_.table(options);
}

}  // namespace plumb
