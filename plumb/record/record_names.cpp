// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/names.h"

#include "plumb/record/finding.h"

namespace plumb {

namespace {

constexpr std::string_view kRoles[] = {"z",      "a",           "grad_z", "grad_a",
                                       "weight", "grad_weight", "update"};
static_assert(std::size(kRoles) == kRoleCount);

constexpr std::string_view kWays[] = {"unnamed", "branch", "shortcut", "gate"};
static_assert(std::size(kWays) == static_cast<std::size_t>(Way::gate) + 1);

constexpr std::string_view kUses[] = {
    "weight", "bias", "recurrent_weight", "recurrent_bias", "scale", "shift", "slope", "other"};
static_assert(std::size(kUses) == static_cast<std::size_t>(ParamUse::other) + 1);

constexpr std::string_view kSeverities[] = {"note", "warning", "critical"};
static_assert(std::size(kSeverities) == static_cast<std::size_t>(Severity::critical) + 1);

constexpr std::string_view kPlaces[] = {"network", "layer", "parameter", "loss"};
static_assert(std::size(kPlaces) == static_cast<std::size_t>(Place::Of::loss) + 1);

}  // namespace

std::string_view to_string(Role role) { return name_of(role, kRoles); }
std::optional<Role> parse_role(std::string_view text) { return value_named<Role>(text, kRoles); }

std::string_view to_string(Way way) { return name_of(way, kWays); }
std::optional<Way> parse_way(std::string_view text) { return value_named<Way>(text, kWays); }

std::string_view to_string(ParamUse use) { return name_of(use, kUses); }
std::optional<ParamUse> parse_param_use(std::string_view text) {
  return value_named<ParamUse>(text, kUses);
}

std::string_view to_string(Severity severity) { return name_of(severity, kSeverities); }
std::optional<Severity> parse_severity(std::string_view text) {
  return value_named<Severity>(text, kSeverities);
}

std::string_view to_string(Place::Of of) { return name_of(of, kPlaces); }
std::optional<Place::Of> parse_place_of(std::string_view text) {
  return value_named<Place::Of>(text, kPlaces);
}

}  // namespace plumb
