// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/length_map.h"

#include <cmath>
#include <string>

#include "plumb/core/error.h"

namespace plumb::theory {

namespace {

void check(const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw SpecError(std::string(name) + " is " + std::to_string(value) +
                  ", expected a finite number that is not negative");
}

}  // namespace

void check_scale(const InitScale& scale) {
  check("weight std", scale.weight_std);
  check("bias std", scale.bias_std);
}

LengthStep length_step(const Moments& at_q, const InitScale& scale) {
  const double weight_var = scale.weight_std * scale.weight_std;
  return {weight_var * at_q.value2 + scale.bias_std * scale.bias_std,
          weight_var * (at_q.derivative2 + at_q.value_second_derivative),
          weight_var * at_q.derivative2};
}

LengthStep length_step(const ActivationFunction& activation, const InitScale& scale, double q) {
  return length_step(moments(activation, q), scale);
}

LengthChain iterate_chain(const ActivationFunction& activation, const InitScale& scale,
                          double start, int layers) {
  check_scale(scale);
  LengthChain chain{{start}, {1}};
  for (int layer = 0; layer < layers; ++layer) {
    const LengthStep step = length_step(activation, scale, chain.q.back());
    chain.q.push_back(step.next);
    chain.growth.push_back(chain.growth.back() * step.chi1);
  }
  return chain;
}

}  // namespace plumb::theory
