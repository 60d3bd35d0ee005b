// SPDX-License-Identifier: Apache-2.0
// Included once for each instruction set, by sources that are compiled by foreach_target.h.
#if defined(PLUMB_STATS_PREFETCH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PLUMB_STATS_PREFETCH_INL_H
#undef PLUMB_STATS_PREFETCH_INL_H
#else
#define PLUMB_STATS_PREFETCH_INL_H
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {

/// Asks for what will be read a little later: an eighth of the smallest first-level cache, so that
/// it stands there beside the keys. The counting between two blocks gives the hardware's own
/// prefetcher too little to follow: without this a large tensor is read at three quarters of the
/// speed. Not beyond the tensor's end, where no page may be. As an address, not a pointer.
inline constexpr std::size_t kAheadBytes = 4096;
HWY_INLINE void prefetch_ahead(const void* x, std::size_t bytes) {
  constexpr std::size_t kLineBytes = 64;
  const auto ahead = reinterpret_cast<std::uintptr_t>(x) + kAheadBytes;
  for (std::size_t at = 0; at < bytes; at += kLineBytes) {
    hwy::Prefetch(std::bit_cast<const char*>(ahead + at));
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
