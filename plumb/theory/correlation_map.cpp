// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/correlation_map.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/theory/moments.h"
#include "plumb/theory/quadrature.h"

namespace plumb::theory {

namespace {

constexpr double kSplitOnly = std::numeric_limits<double>::infinity();

/// A normal pair as u and v = u + t, t ~ N(-d u, tau^2) given u: the difference is never taken of
/// two numbers that are nearly alike.
struct Pair {
  double std_dev;
  double d;    // 1 - correlation
  double tau;  // std_dev sqrt(1 - c^2)
};

/// E g(u, u + t) by an outer rule over u and an inner one over t. Seen from u the kinks of v are
/// washed out to the width tau, where c u passes them.
template <class G>
double pair_integral(const ActivationFunction& activation, const Pair& pair, G g) {
  const double c = 1 - pair.d;
  std::vector<Feature> outer{{0, activation.scale}};
  for (const Kink& kink : activation.kinks) {
    outer.push_back({kink.at, kSplitOnly});
    if (c != 0) outer.push_back({kink.at / c, pair.tau / std::abs(c)});
  }
  std::vector<QuadratureNode> outer_nodes, inner_nodes;
  const double growth = 2 * activation.growth;  // of a product or a square
  gaussian_nodes(0, pair.std_dev, outer, outer_nodes, growth);
  std::vector<Feature> inner(1 + activation.kinks.size());
  double sum = 0;
  for (const QuadratureNode& u : outer_nodes) {
    inner[0] = {-u.x, activation.scale};
    for (std::size_t i = 0; i < activation.kinks.size(); ++i) {
      inner[1 + i] = {activation.kinks[i].at - u.x, kSplitOnly};
    }
    gaussian_nodes(-pair.d * u.x, pair.tau, inner, inner_nodes, growth);
    double given_u = 0;
    for (const QuadratureNode& t : inner_nodes) given_u += t.weight * g(u.x, t.x);
    sum += u.weight * given_u;
  }
  return sum;
}

Pair make_pair_of(double q, double d) {
  const double std_dev = std::sqrt(q);
  return {std_dev, d, std_dev * std::sqrt(std::max(0.0, d * (2 - d)))};
}

double pair_mean_at(const ActivationFunction& activation, double q, double d, bool derivative) {
  const auto& g = derivative ? activation.derivative : activation.value;
  const Pair pair = make_pair_of(q, d);
  if (pair.tau < 1e-16 * pair.std_dev) {  // u = v or u = -v
    const double sign = d < 1 ? 1 : -1;
    std::vector<Feature> features{{0, activation.scale}};
    for (const Kink& kink : activation.kinks) {
      features.push_back({kink.at, kSplitOnly});
      features.push_back({-kink.at, kSplitOnly});
    }
    std::vector<QuadratureNode> nodes;
    gaussian_nodes(0, pair.std_dev, features, nodes, 2 * activation.growth);
    double sum = 0;
    for (const QuadratureNode& node : nodes) sum += node.weight * g(node.x) * g(sign * node.x);
    return sum;
  }
  // g(u) stands before the inner integral: taken again for every node of it, it would cost as much.
  double last_u = std::numeric_limits<double>::quiet_NaN(), g_u = 0;
  return pair_integral(activation, pair, [&](double u, double t) {
    if (u != last_u) {
      last_u = u;
      g_u = g(u);
    }
    return g_u == 0 ? 0 : g_u * g(u + t);
  });
}

}  // namespace

double pair_mean(const ActivationFunction& activation, double q, double c, bool derivative) {
  return pair_mean_at(activation, q, 1 - c, derivative);
}

double forgetting_constant(const ActivationFunction& activation, double q) {
  const Moments m = moments(activation, q);
  return 2 * m.derivative2 / (q * m.second_derivative2);
}

CorrelationMap::CorrelationMap(ActivationFunction activation, const InitScale& scale, double q)
    : activation_(std::move(activation)),
      weight_var_(scale.weight_std * scale.weight_std),
      bias_var_(scale.bias_std * scale.bias_std),
      q_(q) {
  check_scale(scale);
  const bool usable = q > 0 && std::isfinite(q);
  if (!usable || std::abs(length_step(activation_, scale, q).next - q) > 1e-6 * q) {
    throw SpecError("correlation map: q is " + std::to_string(q) +
                    ", expected a positive fixed point of the length");
  }
}

double CorrelationMap::correlation(double c) const {
  if (c > 0.5) return 1 - distance(1 - c);
  return (weight_var_ * pair_mean(activation_, q_, c, false) + bias_var_) / q_;
}

double CorrelationMap::distance(double d) const {
  if (d <= 0) return 0;
  const Pair pair = make_pair_of(q_, d);
  if (pair.tau == 0) return 1 - correlation(-1);
  double last_u = std::numeric_limits<double>::quiet_NaN(), f_u = 0;
  const double square = pair_integral(activation_, pair, [&](double u, double t) {
    if (u != last_u) {
      last_u = u;
      f_u = activation_.value(u);
    }
    const double difference = activation_.value(u + t) - f_u;
    return difference * difference;
  });
  return weight_var_ * square / (2 * q_);
}

double CorrelationMap::slope(double d) const {
  return weight_var_ * pair_mean_at(activation_, q_, d, true);
}

double CorrelationMap::fixed_distance() const {
  // D is concave (C has only positive coefficients in c), so Newton's method from d = 1 comes down
  // to the root without passing it; and there is a root beside 0 only if D'(0) = chi1 > 1.
  if (weight_var_ * moments(activation_, q_).derivative2 <= 1) return 0;
  double d = 1;
  double last_step = 2;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const double step = (distance(d) - d) / (slope(d) - 1);
    // Once the steps stop shrinking, what is left is rounding.
    if (!(std::abs(step) > 1e-15 * d) || std::abs(step) >= last_step) break;
    last_step = std::abs(step);
    d = std::min(1.0, d - step);
    if (d < 1e-13) return 0;  // chi1 exceeds 1 by rounding alone
  }
  return d;
}

}  // namespace plumb::theory
