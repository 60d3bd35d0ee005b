// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace plumb::detail {

/// What a batch of derivatives comes to.
struct UnitScan {
  std::uint64_t silent = 0;  ///< number of zeros
  std::uint64_t below = 0;   ///< number of |x| < limit
  double squares = 0;        ///< sum of x^2; of doubles, which may be beyond the range, 0

  void add(const UnitScan& other) {
    silent += other.silent;
    below += other.below;
    squares += other.squares;
  }
};

/// Of x [rows, units]: active[j] += number of i with x[i, j] != 0 (NaN is not zero). rows < 2^31.
UnitScan scan_units(const float* x, std::size_t rows, std::size_t units, float limit,
                    std::uint64_t* active);
UnitScan scan_units(const double* x, std::size_t rows, std::size_t units, double limit,
                    std::uint64_t* active);

/// The same of a run of one unit's elements.
UnitScan scan_run(const float* x, std::size_t count, float limit, std::uint64_t& active);
UnitScan scan_run(const double* x, std::size_t count, double limit, std::uint64_t& active);

/// Of what a relu reads, x [rows, units], without its derivatives written down: f' is 0 where x <=
/// 0 and 1 elsewhere, at NaN too. active[j] += number of i with f'(x[i, j]) = 1. Returns how many
/// are 0. rows < 2^31.
std::uint64_t scan_relu_units(const float* x, std::size_t rows, std::size_t units,
                              std::int64_t* active);
/// The same of a run of one unit's elements. count < 2^31.
std::uint64_t scan_relu_run(const float* x, std::size_t count, std::int64_t& active);

}  // namespace plumb::detail
