// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace plumb {

/// At most `at_most` (>= 2) of `count` places, evenly spread, ascending, the first and the last
/// among them.
std::vector<std::size_t> thin_out(std::size_t count, std::size_t at_most);

}  // namespace plumb
