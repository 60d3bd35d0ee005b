// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"

namespace plumb::testing {

/// The layer of that path, which must be there.
inline LayerId layer_at(const RunInfo& info, const std::string& path) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(),
                               [&](const LayerInfo& layer) { return layer.path == path; });
  return static_cast<LayerId>(it - info.layers.begin());
}

/// The sketch of a layer's tensor, or of the parameter of that name; null if it was not recorded.
inline const Sketch* find(const RunInfo& info, const StepRecord& step, const std::string& path,
                          Role role, const std::string& name = "weight") {
  if (!is_of_parameter(role)) return step.find(Site::layer(layer_at(info, path), role));
  for (std::size_t i = 0; i < info.params.size(); ++i) {
    if (info.params[i].path == path + "." + name) {
      return step.find(Site::param(static_cast<ParamId>(i), role));
    }
  }
  return nullptr;
}

}  // namespace plumb::testing
