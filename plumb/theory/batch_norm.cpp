// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/batch_norm.h"

#include <limits>
#include <string>

#include "plumb/core/error.h"
#include "plumb/theory/moments.h"

namespace plumb::theory {

double batch_norm_growth(const ActivationFunction& activation) {
  const Moments m = moments(activation, 1);
  return m.derivative2 / m.variance;
}

double linear_batch_norm_growth(std::int64_t batch) {
  if (batch < 2) {
    throw SpecError("batch norm: batch is " + std::to_string(batch) + ", expected at least 2");
  }
  if (batch <= 3) return std::numeric_limits<double>::infinity();
  const auto b = static_cast<double>(batch);
  return (b - 2) / (b - 3);
}

}  // namespace plumb::theory
