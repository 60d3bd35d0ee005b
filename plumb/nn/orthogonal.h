// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "plumb/core/rng.h"

namespace plumb {

/// A random matrix with orthonormal columns (rows >= columns) or orthonormal rows, drawn uniformly
/// (Haar measure): Q of the QR decomposition of a normal matrix, with the signs that make the
/// diagonal of R positive.
///
/// Shapes  q [rows, columns], overwritten.
/// Source  Householder reflections, Golub and Van Loan 2013, 5.2; the signs from Mezzadri 2007,
///         arXiv:math-ph/0609050, section 5.
void fill_orthogonal(std::span<double> q, std::int64_t rows, std::int64_t columns, const Rng& rng);

}  // namespace plumb
