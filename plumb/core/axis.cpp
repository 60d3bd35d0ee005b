// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/axis.h"

#include "plumb/core/names.h"

namespace plumb {

namespace {

constexpr std::string_view kNames[] = {"sample", "unit",   "place", "time",
                                       "head",   "expert", "call",  "pass"};
static_assert(std::size(kNames) == static_cast<std::size_t>(Axis::pass) + 1);

}  // namespace

std::string_view to_string(Axis axis) { return name_of(axis, kNames); }

std::optional<Axis> parse_axis(std::string_view text) { return value_named<Axis>(text, kNames); }

}  // namespace plumb
