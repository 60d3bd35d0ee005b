// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/layer_info.h"

namespace plumb {

/// The place of a parameter in RunInfo::params.
using ParamId = std::int32_t;
inline constexpr ParamId kNoParam = -1;

/// What a layer does with a parameter.
enum class ParamUse : std::uint8_t {
  weight,            ///< multiplies what comes in
  bias,              ///< is added
  recurrent_weight,  ///< multiplies the state of the time step before
  recurrent_bias,
  scale,  ///< of a normalisation (gamma), of a residual branch
  shift,  ///< of a normalisation (beta)
  slope,  ///< of an activation that learns its own
  other
};
std::string_view to_string(ParamUse use);  ///< "weight"; stable, stored
std::optional<ParamUse> parse_param_use(std::string_view text);

/// One parameter of the recorded network. It is measured once a step, whoever uses it.
struct ParamInfo {
  std::string path;  ///< "3.weight", "encoder.layer.3.fc1.weight"; for people
  std::string name;  ///< within its layer: "weight", "weight_hh_l0"; for people
  ParamUse use = ParamUse::other;
  bool reverse = false;        ///< of the second direction of a bidirectional layer
  std::vector<LayerId> users;  ///< the layers that read it, its owner first; none: unused
  std::int64_t count = 0;      ///< values, on all ranks together; 0: not known
  bool frozen = false;         ///< the optimiser does not have it
  std::int32_t shard = 0;      ///< which part of it this record holds, of how many
  std::int32_t shards = 1;
  std::int64_t first_step = 0;
  friend bool operator==(const ParamInfo&, const ParamInfo&) = default;
};

}  // namespace plumb
