// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rule.h"

namespace plumb {

RunView::RunView(const Run& run) : run_(run), measured_(run.measured()) {
  for (const StepRecord* step : measured_) {
    ledgers_.push_back(make_ledger(run.info, *step));
    profiles_.push_back(flow_profile(run.info, *step));
    depth_scales_.push_back(fit_depth_scale(profiles_.back()));
    std::vector<TimeFlow>& times = times_.emplace_back();
    for (const TimeRecord& record : step->times) times.push_back(time_flow(*step, record));
  }
  waking_ = find_waking(run.info, profiles_);
  for (std::size_t s = 0; s < measured_.size(); ++s) {
    flows_.push_back(depth_flow(run.info, ledgers_[s], waking_[s].waking));
  }
}

}  // namespace plumb
