// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

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
  // sum = total * 4^exponent, so that squares of true values may leave the range of double.
  double total = 0;
  int exponent = 0;
  for (const Param* const param : params) {
    const double sum = stored_sum_of_squares(*param);
    if (sum == 0) continue;
    const int scale = param->grad_log2_scale;
    if (total == 0) exponent = scale;
    const int larger = std::max(exponent, scale);
    total = std::ldexp(total, 2 * (exponent - larger)) + std::ldexp(sum, 2 * (scale - larger));
    exponent = larger;
  }
  return std::ldexp(std::sqrt(total), exponent);
}

double clip_factor(double norm, double max_norm) {
  if (max_norm == 0 || !std::isfinite(norm)) return 1;
  return std::min(1.0, max_norm / (norm + 1e-6));
}

}  // namespace plumb
