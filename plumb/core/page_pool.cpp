// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/page_pool.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace plumb::page_pool {

namespace {

constexpr std::size_t kPageBytes = std::size_t{1} << 21;
constexpr std::size_t kLineBytes = 64;

struct Region {
  char* begin;
  std::size_t size;
  std::size_t used;  ///< from the beginning on
  std::size_t live;  ///< tensors in it
};

struct Pool {
  std::mutex mutex;
  std::vector<Region> regions;
};

/// Never destroyed: static tensors may outlive any other static object.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

Region make_region(std::size_t bytes) {
  const std::size_t size = std::max(kRegionBytes, round_up(bytes, kPageBytes));
  auto* const begin = static_cast<char*>(::operator new (size, std::align_val_t{kPageBytes}));
#if defined(__linux__)
  ::madvise(begin, size, MADV_HUGEPAGE);  // a wish: where it is not granted, small pages do
#endif
  return {begin, size, 0, 0};
}

}  // namespace

void* allocate(std::size_t bytes) {
  // A line apart: tensors of a power of two would otherwise all begin in the same cache set.
  const std::size_t reserved = round_up(bytes, kLineBytes) + kLineBytes;
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  auto region = std::find_if(p.regions.begin(), p.regions.end(),
                             [&](const Region& r) { return r.size - r.used >= reserved; });
  if (region == p.regions.end()) {
    p.regions.reserve(p.regions.size() + 1);
    p.regions.push_back(make_region(reserved));
    region = p.regions.end() - 1;
  }
  char* const begin = region->begin + region->used;
  region->used += reserved;
  ++region->live;
  return begin;
}

bool release(void* begin) {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  const auto* const at = static_cast<char*>(begin);
  const auto region = std::find_if(p.regions.begin(), p.regions.end(), [&](const Region& r) {
    return at >= r.begin && at < r.begin + r.size;
  });
  if (region == p.regions.end()) return false;
  if (--region->live == 0) {
    ::operator delete (region->begin, std::align_val_t{kPageBytes});
    p.regions.erase(region);
  }
  return true;
}

std::size_t held_bytes() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  std::size_t sum = 0;
  for (const Region& region : p.regions) sum += region.size;
  return sum;
}

}  // namespace plumb::page_pool
