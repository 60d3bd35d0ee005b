// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb {

/// What one scan of the derivatives f' of a run of elements found, without storing them.
struct DerivativeScan {
  /// All |f'| lie in [2^-50, 2^50], so that float holds the sum of their squares. False if one is
  /// zero or outside: the rest then says nothing, and the caller stores f' and reads each unit.
  bool is_usual = false;
  std::uint64_t below = 0;  ///< number of |f'| < limit
  double squares = 0;       ///< sum of f'^2, to 1e-6 of itself
};

}  // namespace plumb
