// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace plumb {

/// What the derivatives f' of a run of elements are like, if they are as most are.
struct DerivativeSurvey {
  /// All |f'| lie in [2^-50, 2^50]: none is zero, and the sum of their squares can be had in float.
  /// Otherwise the rest says nothing.
  bool is_usual = false;
  std::uint64_t below = 0;  ///< number of |f'| < limit
  double squares = 0;       ///< sum of f'^2, to 1e-6 of itself
};

}  // namespace plumb
