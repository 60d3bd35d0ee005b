// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/gate.h"

#include <cmath>
#include <numbers>

#include "plumb/kernels/ref/logistic.h"

namespace plumb::theory {

double gate_value(double bias) { return ref::logistic(bias); }

double half_life(double keep) { return -std::numbers::ln2 / std::log(keep); }

double gate_memory(double bias) { return 1 + std::exp(bias); }

}  // namespace plumb::theory
