// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/experiments/figure_one_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/core/error.h"

namespace plumb::lab {

namespace {

std::vector<double> logs(std::initializer_list<double> norms) {
  std::vector<double> result;
  for (const double norm : norms) result.push_back(std::log10(norm));
  return result;
}

/// Mean over the trainings of log10 of the layer's norm at that epoch.
double mean_log10(std::span<const LearningSpeeds> trainings, std::size_t layer, int epoch) {
  double sum = 0;
  for (const LearningSpeeds& one : trainings) {
    const auto it = std::find(one.epochs.begin(), one.epochs.end(), static_cast<double>(epoch));
    PLUMB_CHECK(it != one.epochs.end());
    sum += std::log10(one.norm[layer][static_cast<std::size_t>(it - one.epochs.begin())]);
  }
  return sum / static_cast<double>(trainings.size());
}

}  // namespace

std::span<const CurvePoint> independent_curves() {
  static const std::vector<CurvePoint> curves{
      {2, 0, {-1.239, -0.544}, {0.105, 0.114}},
      {2, 20, {-2.540, -1.872}, {0.111, 0.106}},
      {2, 100, {-3.408, -2.905}, {0.090, 0.075}},
      {2, 240, {-3.257, -2.920}, {0.126, 0.073}},
      {2, 499, {-3.070, -2.884}, {0.155, 0.114}},
      {3, 0, {-1.929, -1.235, -0.524}, {0.158, 0.111, 0.095}},
      {3, 20, {-3.302, -2.604, -1.923}, {0.202, 0.154, 0.138}},
      {3, 100, {-4.187, -3.612, -2.931}, {0.149, 0.156, 0.109}},
      {3, 240, {-4.266, -3.648, -2.942}, {0.163, 0.159, 0.110}},
      {3, 499, {-4.388, -3.702, -2.959}, {0.182, 0.168, 0.110}},
      {4, 0, {-2.603, -1.928, -1.239, -0.532}, {0.146, 0.109, 0.095, 0.102}},
      {4, 20, {-3.888, -3.212, -2.531, -1.916}, {0.278, 0.233, 0.157, 0.145}},
      {4, 100, {-4.847, -4.257, -3.572, -2.946}, {0.190, 0.211, 0.143, 0.115}},
      {4, 240, {-4.950, -4.315, -3.600, -2.954}, {0.201, 0.215, 0.146, 0.115}},
      {4, 499, {-5.132, -4.418, -3.649, -2.968}, {0.218, 0.218, 0.152, 0.116}},
  };
  return curves;
}

std::span<const CurvePoint> published_curves() {
  // The deviations are those of ten seeds on other images of MNIST, at epoch 499.
  static const std::vector<CurvePoint> curves{
      {2, 0, logs({.06574, .3092}), {.15, .15}},
      {2, 100, logs({.001488, .001857}), {.15, .15}},
      {2, 499, logs({.003435, .009630}), {.06, .06}},
      {3, 0, logs({.01184, .05997, .2831}), {.15, .15, .15}},
      {3, 100, logs({8.053e-5, 2.809e-4, 1.385e-3}), {.15, .15, .15}},
      {3, 499, logs({8.556e-5, 2.182e-4, 1.261e-3}), {.05, .09, .07}},
      {4, 0, logs({.002975, .01708, .06954, .2851}), {.15, .15, .15, .15}},
      {4, 100, logs({1.834e-5, 4.240e-5, 2.215e-4, 9.600e-4}), {.15, .15, .15, .15}},
      {4, 499, logs({8.212e-6, 2.614e-5, 1.825e-4, 9.247e-4}), {.11, .14, .11, .07}},
  };
  return curves;
}

void hold_curves(Result& result, int hidden, std::span<const LearningSpeeds> trainings,
                 std::span<const CurvePoint> curves, int seeds_of_curves, const char* source) {
  PLUMB_CHECK(!trainings.empty());
  const double spread = std::sqrt(1.0 / static_cast<double>(trainings.size()) +
                                  1.0 / static_cast<double>(seeds_of_curves));
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(hidden); ++layer) {
    double farthest = 0;
    for (const CurvePoint& point : curves) {
      if (point.hidden != hidden) continue;
      const double distance =
          std::abs(mean_log10(trainings, layer, point.epoch) - point.log10_norm[layer]) /
          (point.deviation[layer] * spread);
      farthest = std::isnan(distance) ? std::numeric_limits<double>::infinity()
                                      : std::max(farthest, distance);
    }
    result.at_most(25,
                   fmt::format("curve of layer {} of {}: its farthest point from another "
                               "program's, in standard deviations",
                               layer + 1, hidden),
                   farthest, kDeviations, source);
  }
}

}  // namespace plumb::lab
