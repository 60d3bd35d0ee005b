// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plumb/record/param_info.h"

namespace plumb {

/// What tensor of a layer, or of a parameter (the last three), is observed.
enum class Role : std::uint8_t { z, a, grad_z, grad_a, weight, grad_weight, update };
inline constexpr std::size_t kRoleCount = 7;
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

constexpr bool is_of_parameter(Role role) { return role >= Role::weight; }

/// Who is observed: an output of a layer, or a parameter.
struct Site {
  std::int32_t id = -1;  ///< a LayerId, or a ParamId where the role is of a parameter
  Role role = Role::z;
  std::int32_t output = 0;  ///< of the layer; 0 for a parameter

  static constexpr Site layer(LayerId layer, Role role, std::int32_t output = 0) {
    return {layer, role, output};
  }
  static constexpr Site param(ParamId param, Role role) { return {param, role, 0}; }
  constexpr bool is_of_parameter() const { return plumb::is_of_parameter(role); }
  friend bool operator==(const Site&, const Site&) = default;
};

}  // namespace plumb
