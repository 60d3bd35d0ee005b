// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/record/finding.h"

namespace plumb {

/// Of which of the measured steps (ascending) the page shows histograms: all where they are few;
/// else the first and the last, those at which findings begin, the worst finding first, and between
/// them such that the distance from the first grows geometrically, as the steps of a training
/// matter. Ascending, at most `at_most` (>= 2).
std::vector<std::int64_t> spectrum_steps(std::span<const std::int64_t> measured,
                                         std::span<const Finding> findings, std::size_t at_most);

}  // namespace plumb
