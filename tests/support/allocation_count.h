// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb::testing {

/// Allocations by operator new, tensors' too, since the program started, on any thread. For a test
/// program that has allocation_count.cpp among its sources.
std::int64_t allocation_count();

}  // namespace plumb::testing
