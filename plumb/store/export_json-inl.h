// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "plumb/core/json_number.h"
#include "plumb/record/run.h"

#include <nlohmann/json.hpp>

/// The parts of export_json(), each in its source. Private to store/.
namespace plumb::store {

using Json = nlohmann::ordered_json;

inline Json number(double value) { return json_measurement<Json>(value); }

inline Json number(const std::optional<double>& value) { return json_measurement<Json>(value); }

inline Json flag(const std::optional<bool>& value) { return value ? Json(*value) : Json(nullptr); }

/// Paths stand beside ids, for people: an id is a place in the lists of `info`.
inline std::string layer_path(const RunInfo& info, LayerId id) {
  const auto place = static_cast<std::size_t>(id);
  return place < info.layers.size() ? info.layers[place].path : "";
}

inline std::string param_path(const RunInfo& info, ParamId id) {
  const auto place = static_cast<std::size_t>(id);
  return place < info.params.size() ? info.params[place].path : "";
}

Json info_json(const RunInfo& info);
Json step_json(const RunInfo& info, const StepRecord& step);
Json finding_json(const RunInfo& info, const Finding& finding);

}  // namespace plumb::store
