// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace plumb {

/// A counter-based random generator: the value at an index depends on (seed, stream, index) alone,
/// so any thread may draw any index in any order and the bits stay the same.
///
/// Units   uniform is in [0, 1) with 53 bits; normal has mean 0 and variance 1.
/// Threads All members are const and safe to call from any thread.
/// Source  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10;
///         normals by the Box-Muller transform of two uniforms of the same block.
class Rng {
 public:
  /// `stream` names what the numbers are for ("init/0.weight", "shuffle"); different names give
  /// independent sequences of the same seed.
  Rng(std::uint64_t seed, std::string_view stream);

  std::array<std::uint32_t, 4> block(std::uint64_t index) const;
  std::uint64_t bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;
  double uniform(std::uint64_t index, double low, double high) const;
  double normal(std::uint64_t index) const;
  /// An integer in [0, n), without bias beyond 2^-64 * n. Precondition: n > 0.
  std::uint64_t below(std::uint64_t index, std::uint64_t n) const;
  /// A generator of its own for a numbered part (an epoch, a sample, a step).
  Rng child(std::uint64_t number) const;
  /// A permutation of 0..n-1 (Fisher-Yates).
  std::vector<std::int64_t> permutation(std::int64_t n) const;

 private:
  explicit Rng(std::array<std::uint32_t, 2> key) : key_(key) {}
  std::array<std::uint32_t, 2> key_;
};

}  // namespace plumb
