// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb {

/// More classes than any vocabulary in use: a larger label is taken for a mistake, not for a
/// network with that many outputs.
inline constexpr std::int64_t kMaxClasses = std::int64_t{1} << 20;

}  // namespace plumb
