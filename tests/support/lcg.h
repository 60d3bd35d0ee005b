// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace plumb::test {

/// The linear congruential generator of the deterministic fixtures: x <- (1103515245 x + 12345) mod
/// 2^31, u = x / 2^31. Small enough to be written again in any language, so that the fixtures can
/// be checked by other programs.
class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : x_(seed) {}
  double uniform() {
    x_ = (1103515245 * x_ + 12345) % (std::uint64_t{1} << 31);
    return static_cast<double>(x_) / static_cast<double>(std::uint64_t{1} << 31);
  }
  /// Row by row, each value (2u - 1) * a.
  template <class T>
  void fill(std::span<T> values, double a) {
    for (T& value : values) value = static_cast<T>((2 * uniform() - 1) * a);
  }

 private:
  std::uint64_t x_;
};

}  // namespace plumb::test
