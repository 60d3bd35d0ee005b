// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/step_index.h"

#include <limits>

namespace plumb {

StepIndex::StepIndex(const StepRecord& step) {
  for (const SketchRecord& record : step.sketches) {
    if (!record.site.param.empty() && record.site.param != "weight") continue;
    sketches_[record.site.path][static_cast<std::size_t>(record.site.role)] = &record.sketch;
  }
  for (const ActivationRecord& record : step.activations) activations_[record.path] = &record;
  for (const JoinRecord& record : step.joins) joins_[record.path] = &record;
}

const Sketch* StepIndex::find(std::string_view path, Role role) const {
  const auto it = sketches_.find(path);
  return it == sketches_.end() ? nullptr : it->second[static_cast<std::size_t>(role)];
}

const ActivationRecord* StepIndex::activation(std::string_view path) const {
  const auto it = activations_.find(path);
  return it == activations_.end() ? nullptr : it->second;
}

const JoinRecord* StepIndex::join(std::string_view path) const {
  const auto it = joins_.find(path);
  return it == joins_.end() ? nullptr : it->second;
}

double log2_rms_or_nan(const Sketch* sketch) {
  if (sketch == nullptr || sketch->count == 0 || sketch->nonfinite_count > 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return sketch->true_log2_rms();
}

}  // namespace plumb
