// SPDX-License-Identifier: Apache-2.0
// Counts operator new for the whole test program.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/support/layer_checks.h"

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

namespace plumb::testing {
std::int64_t allocation_count() { return allocations.load(); }
}  // namespace plumb::testing

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
