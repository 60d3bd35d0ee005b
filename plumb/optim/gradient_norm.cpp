// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plumb/core/scaled_squares.h"
#include "plumb/optim/optimiser.h"
#include "plumb/optim/update.h"

namespace plumb {

namespace {

double stored_sum_of_squares(const Param& param) {
  if (param.grad_is_zero) return 0;
  return dispatch(param.grad.dtype(), [&](auto zero) {
    const auto grad = param.grad.as<decltype(zero)>();
    return sum_of_squares(grad.data(), grad.size());
  });
}

}  // namespace

double gradient_norm(std::span<Param* const> params) {
  ScaledSquares sum;
  for (const Param* const param : params) {
    sum.add(stored_sum_of_squares(*param), param->grad_log2_scale);
  }
  return sum.root();
}

double clip_factor(double norm, double max_norm) {
  if (max_norm == 0 || !std::isfinite(norm)) return 1;
  return std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace plumb
