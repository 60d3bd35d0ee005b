// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace plumb::testing {

/// While one lives, operator new of this program throws std::bad_alloc for more than `bytes` at
/// once: a reader that believes a lying header is caught, whatever memory the machine has.
class AllocationLimit {
 public:
  explicit AllocationLimit(std::size_t bytes);
  ~AllocationLimit();
  AllocationLimit(const AllocationLimit&) = delete;
  AllocationLimit& operator=(const AllocationLimit&) = delete;
};

}  // namespace plumb::testing
