// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/run_keeper.h"

#include <algorithm>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

RunKeeper::RunKeeper(Keep keep, RecordSink* next)
    : keep_(std::move(keep)), next_(next), run_(std::make_unique<Run>()) {}

void RunKeeper::begin(const RunInfo& info) {
  if (next_ != nullptr) next_->begin(info);
  *run_ = Run{};
  run_->info = info;
  diagnosis_ = std::make_unique<Diagnosis>(run_->info);
  measured_ = 0;
  first_ = last_ = last_finite_ = std::nullopt;
}

void RunKeeper::grow(const RunInfo& info) {
  if (next_ != nullptr) next_->grow(info);
  run_->info = info;
  diagnosis_->grow(run_->info);
}

void RunKeeper::add(const StepRecord& step) {
  if (next_ != nullptr) next_->add(step);
  if (diagnosis_ == nullptr)
    throw UsageError("RunKeeper::add before begin(): call begin(info) first");
  diagnosis_->add(step);
  if (!step.measured) {
    run_->steps.push_back(step.metrics());
    return;
  }
  // A copy into the memory of the one that went last.
  run_->steps.push_back(std::move(spare_));
  run_->steps.back() = step;
  ++measured_;
  const std::size_t now = run_->steps.size() - 1;
  if (!first_) first_ = now;
  keep_as(last_, now);
  if (gradient_is_finite(step)) keep_as(last_finite_, now);
}

void RunKeeper::keep_as(std::optional<std::size_t>& place, std::size_t now) {
  const std::optional<std::size_t> before = std::exchange(place, now);
  if (!before || before == first_ || before == last_ || before == last_finite_) return;
  StepRecord& step = run_->steps[*before];
  if (keep_ && keep_(step.step)) return;
  StepRecord metrics = step.metrics();
  spare_ = std::exchange(step, std::move(metrics));
}

void RunKeeper::end(const RunEnd& end) {
  if (next_ != nullptr) next_->end(end);
  run_->end = end;
}

const Run& RunKeeper::run() {
  if (diagnosis_ != nullptr) run_->findings = diagnosis_->findings();
  return *run_;
}

std::string RunKeeper::table(const TerminalOptions& options) const {
  return render_table(*run_, *diagnosis_, options);
}

bool gradient_is_finite(const StepRecord& step) {
  return std::none_of(step.sketches.begin(), step.sketches.end(), [](const SketchRecord& record) {
    return record.site.role == Role::grad_z && record.sketch.nonfinite_count > 0;
  });
}

}  // namespace plumb
