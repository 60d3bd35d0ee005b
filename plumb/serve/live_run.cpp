// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/live_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/layer_graph.h"
#include "plumb/flow/step_index.h"

namespace plumb::serve {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kWindow_s = 2;  // our choice: over so long the speed is taken

/// Of a run that is over and diagnosed, the measured steps that its row and its view show.
std::vector<std::int64_t> ends_of(const std::vector<std::int64_t>& measured) {
  if (measured.empty()) return {};
  return {measured.front(), measured.back()};
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::running: return "running";
    case Standing::stalled: return "stalled";
    case Standing::cut_off: return "cut off";
    case Standing::ended: return "ended";
  }
  return "";
}

LiveRun::LiveRun(const std::string& path) : path_(path), losses_(512), reach_(256) {
  auto reader = std::make_unique<RunReader>(path, LoadOptions::without_histograms());
  end_ = reader->end();
  if (end_) stored_ = reader->findings();
  if (stored_) {
    LoadOptions options = LoadOptions::of_steps(ends_of(reader->measured_steps()));
    options.histograms = false;
    reader = std::make_unique<RunReader>(path, options);
  }
  reader_ = std::move(reader);
  info_ = std::make_unique<RunInfo>(reader_->info());
  diagnosis_ = std::make_unique<Diagnosis>(*info_);
}

LiveRun::~LiveRun() = default;
LiveRun::LiveRun(LiveRun&&) noexcept = default;

bool LiveRun::poll(std::int64_t most_steps) {
  std::int64_t came = 0;
  while (came < most_steps && reader_->next(next_)) {
    read_graph();
    add(next_);
    ++came;
  }
  behind_ = came == most_steps;
  bool ended = false;
  if (!end_ && !behind_) {
    end_ = reader_->end();
    ended = end_.has_value();
  }
  return came > 0 || ended;
}

void LiveRun::read_graph() {
  const RunInfo& now = reader_->info();
  if (now.layers.size() == info_->layers.size() && now.params.size() == info_->params.size())
    return;
  *info_ = now;
  diagnosis_->grow(*info_);
}

void LiveRun::add(const StepRecord& step) {
  diagnosis_->add(step);
  ++steps_;
  saw_nonfinite_ = saw_nonfinite_ || !std::isfinite(step.loss);
  losses_.add(step.step, step.loss);
  if (step.measured) {
    const auto profile =
        on_the_chain(flow_profile(diagnosis_->view().graph(), StepIndex(*info_, step)));
    if (first_profile_.empty()) first_profile_ = profile;
    last_profile_ = profile;
    last_measured_ = step.step;
    const auto& flow = diagnosis_->view().measured().back().flow;
    reach_.add(step.step, flow.known ? flow.log2_total : kNone);
  }
  if (steps_ == 1) {
    window_time_s_ = step.time_s;
    window_step_ = step.step;
    speed_ = kNone;
  } else if (step.time_s - window_time_s_ >= kWindow_s) {
    speed_ = static_cast<double>(step.step - window_step_) / (step.time_s - window_time_s_);
    window_time_s_ = step.time_s;
    window_step_ = step.step;
  }
  last_ = step.metrics();
}

const std::vector<Finding>& LiveRun::findings() const {
  return stored_ ? *stored_ : diagnosis_->findings();
}

Outcome LiveRun::outcome() const { return outcome_of(diagnosis_->view(), findings()); }

std::string LiveRun::verdict() const { return plumb::verdict(diagnosis_->view(), findings()); }

double LiveRun::steps_per_s() const {
  if (steps_ < 2) return kNone;
  if (!std::isnan(speed_)) return speed_;
  const double time_s = last_.time_s - window_time_s_;
  return time_s > 0 ? static_cast<double>(last_.step - window_step_) / time_s : kNone;
}

double LiveRun::seconds_left() const {
  const double speed = steps_per_s();
  if (end_ || info_->planned_steps <= 0 || !(speed > 0)) return kNone;
  return std::max(0.0, static_cast<double>(info_->planned_steps - last_.step - 1) / speed);
}

}  // namespace plumb::serve
