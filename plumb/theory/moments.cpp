// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/moments.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "plumb/core/error.h"
#include "plumb/theory/quadrature.h"

namespace plumb::theory {

namespace {

// Stand-ins for the limits: what is lost is of their order, and their squares still are doubles.
constexpr double kTinyStd = 1e-100;
constexpr double kHugeStd = 1e100;
constexpr double kUnbounded = 1e100;
/// Of growth^2 q: e^8 of it is E f'^4 of the exponential.
constexpr double kLargestExponent = 80;
constexpr double kHighestPower = 4;  ///< of what grows, in the moments
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double density(double x, double std_dev) {
  const double z = x / std_dev;
  return std::exp(-z * z / 2) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2) / std_dev;
}

void add_point_masses(const ActivationFunction& activation, double std_dev, Moments& m) {
  for (const Kink& kink : activation.kinks) {
    if (kink.slope_jump == 0) continue;
    m.second_derivative2 = kInfinity;
    const double value = activation.value(kink.at);
    if (value != 0)
      m.value_second_derivative += kink.slope_jump * value * density(kink.at, std_dev);
  }
}

}  // namespace

Moments moments(const ActivationFunction& activation, double q) {
  if (!(q >= 0)) throw SpecError("moments: q is " + std::to_string(q) + ", expected q >= 0");
  if (activation.growth * activation.growth * q > kLargestExponent) {
    return {kInfinity, kInfinity, kInfinity, kInfinity, kInfinity, kInfinity, kInfinity, kInfinity};
  }
  const bool is_zero = q < kTinyStd * kTinyStd;
  const bool is_infinite = q > kHugeStd * kHugeStd;
  const double std_dev = is_zero ? kTinyStd : is_infinite ? kHugeStd : std::sqrt(q);

  std::vector<Feature> features{{0, activation.scale}};
  for (const Kink& kink : activation.kinks) {
    features.push_back({kink.at, kInfinity});
  }
  std::vector<QuadratureNode> nodes;
  gaussian_nodes(0, std_dev, features, nodes, kHighestPower * activation.growth);

  Moments m;
  std::vector<double> values;
  values.reserve(nodes.size());
  for (const QuadratureNode& node : nodes) {
    const double f = activation.value(node.x);
    const double f1 = activation.derivative(node.x);
    const double f2 = activation.second_derivative(node.x);
    values.push_back(f);
    m.value += node.weight * f;
    m.value2 += node.weight * f * f;
    m.derivative += node.weight * f1;
    m.derivative2 += node.weight * f1 * f1;
    m.derivative4 += node.weight * (f1 * f1) * (f1 * f1);
    m.value_second_derivative += node.weight * f * f2;
    m.second_derivative2 += node.weight * f2 * f2;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    m.variance += nodes[i].weight * (values[i] - m.value) * (values[i] - m.value);
  }
  add_point_masses(activation, std_dev, m);
  if (is_zero) {
    m.value = activation.value(0);
    m.value2 = m.value * m.value;
    m.variance = 0;
  }
  if (is_infinite && m.value2 > kUnbounded) {
    m.value2 = m.variance = kInfinity;
    if (std::abs(m.value) > std::sqrt(kUnbounded)) m.value = std::copysign(m.value2, m.value);
  }
  return m;
}

}  // namespace plumb::theory
