// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/quadrature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "plumb/core/error.h"

namespace plumb::theory {

namespace {

constexpr std::size_t kOrder = 16;
constexpr double kReach = 13;         // standard deviations; the rest weighs 1e-37
constexpr double kWidestPanel = 1.5;  // standard deviations

// Nodes and weights on [-1, 1]: roots of the Legendre polynomial by Newton's method.
std::array<QuadratureNode, kOrder> legendre_rule() {
  std::array<QuadratureNode, kOrder> rule;
  constexpr double n = kOrder;
  for (std::size_t i = 0; i < kOrder; ++i) {
    double x = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 1;
    for (int iteration = 0; iteration < 8; ++iteration) {
      double p = 1, before = 0;
      for (std::size_t k = 1; k <= kOrder; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = ((2 * degree - 1) * x * p - (degree - 1) * before) / degree;
        before = p;
        p = next;
      }
      slope = n * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    rule[i] = {x, 2 / ((1 - x * x) * slope * slope)};
  }
  return rule;
}

const std::array<QuadratureNode, kOrder>& legendre() {
  static const std::array<QuadratureNode, kOrder> rule = legendre_rule();
  return rule;
}

}  // namespace

void gaussian_nodes(double mean, double std_dev, std::span<const Feature> features,
                    std::vector<QuadratureNode>& nodes, double growth) {
  PLUMB_CHECK(std::isfinite(mean) && std::isfinite(std_dev) && std_dev > 0);
  constexpr double kDensity = std::numbers::inv_sqrtpi / std::numbers::sqrt2;

  const double low = mean - kReach * std_dev;
  const double high = mean + (kReach + growth * std_dev) * std_dev;
  const auto widest_from = [&](double x) {
    double width = kWidestPanel * std_dev;
    if (growth > 0) width = std::min(width, 2 / growth);
    for (const Feature& feature : features) {
      width = std::min(width, std::max(feature.width, std::abs(x - feature.at) / 2));
    }
    return width;
  };

  nodes.clear();
  for (double begin = low; begin < high;) {
    double stop = high;
    for (const Feature& feature : features) {
      if (feature.at > begin) stop = std::min(stop, feature.at);
    }
    double end = begin + widest_from(begin);
    // A sliver left before a boundary is joined to the panel; so is one too thin for doubles.
    if (!(end > begin) || end > stop - 0.25 * (end - begin)) end = stop;
    const double centre = begin + (end - begin) / 2;
    const double half = (end - begin) / 2;
    for (const QuadratureNode& node : legendre()) {
      const double x = centre + half * node.x;
      const double z = (x - mean) / std_dev;
      nodes.push_back({x, kDensity * node.weight * (half / std_dev) * std::exp(-z * z / 2)});
    }
    begin = end;
  }
}

double integrate(const std::function<double(double)>& f, double a, double b) {
  const double panels = std::max(1.0, std::ceil(std::abs(b - a)));
  const double half = (b - a) / panels / 2;
  double sum = 0;
  for (double panel = 0; panel < panels; ++panel) {
    const double centre = a + (2 * panel + 1) * half;
    for (const QuadratureNode& node : legendre())
      sum += node.weight * half * f(centre + half * node.x);
  }
  return sum;
}

}  // namespace plumb::theory
