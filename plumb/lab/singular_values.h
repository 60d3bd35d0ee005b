// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plumb::lab {

/// The singular values of a square matrix (row by row), in no order, by one-sided Jacobi rotations:
/// pairs of rows are turned until all are orthogonal; what is left of them is their length.
/// O(n^3) a sweep, about ten sweeps: meant for some hundred rows.
/// Source  Golub and Van Loan, Matrix Computations, section 8.6.3.
std::vector<double> singular_values(std::span<const double> matrix, std::int64_t n);

}  // namespace plumb::lab
