// SPDX-License-Identifier: Apache-2.0
#include "tests/data/allocation_limit.h"

#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
thread_local std::size_t limit_bytes = kUnlimited;

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (bytes > limit_bytes) throw std::bad_alloc();
  // aligned_alloc wants a multiple of the alignment, and some give nothing for 0 bytes.
  const std::size_t rounded = (bytes + alignment) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The array and nothrow forms of the standard library call these.
void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace plumb::testing {

AllocationLimit::AllocationLimit(std::size_t bytes) { limit_bytes = bytes; }
AllocationLimit::~AllocationLimit() { limit_bytes = kUnlimited; }

}  // namespace plumb::testing
