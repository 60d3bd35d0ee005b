// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/teacher.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace plumb {

namespace {

constexpr double kHiddenGain = 1.5;

/// A weight [rows, columns] of variance gain^2 / columns.
std::vector<double> random_weight(const Rng& rng, std::int64_t rows, std::int64_t columns,
                                  double gain) {
  std::vector<double> weight(static_cast<std::size_t>(rows * columns));
  const double deviation = gain / std::sqrt(static_cast<double>(columns));
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = deviation * rng.normal(i);
  return weight;
}

std::vector<double> multiply(const std::vector<double>& weight, const std::vector<double>& x) {
  std::vector<double> y(weight.size() / x.size(), 0.0);
  for (std::size_t row = 0; row < y.size(); ++row) {
    for (std::size_t column = 0; column < x.size(); ++column) {
      y[row] += weight[row * x.size() + column] * x[column];
    }
  }
  return y;
}

}  // namespace

Dataset make_teacher(const TeacherOptions& options, std::uint64_t seed) {
  const Rng inputs(seed, "data/teacher/x"), weights(seed, "data/teacher/weight");
  const std::int64_t outputs = options.classes > 0 ? options.classes : options.out;
  std::vector<std::vector<double>> layers;
  for (std::int64_t l = 1; l <= options.depth; ++l) {
    const bool is_last = l == options.depth;
    layers.push_back(random_weight(weights.child(static_cast<std::uint64_t>(l)),
                                   is_last ? outputs : options.in, options.in,
                                   is_last ? 1.0 : kHiddenGain));
  }
  Dataset data;
  data.classes = options.classes;
  data.x = Tensor({options.n, options.in}, DType::f32);
  if (options.classes == 0) data.y = Tensor({options.n, outputs}, DType::f32);
  for (std::int64_t i = 0; i < options.n; ++i) {
    const Rng rng = inputs.child(static_cast<std::uint64_t>(i));
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(i * options.in),
                                              static_cast<std::size_t>(options.in));
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = static_cast<float>(rng.normal(j));
    std::vector<double> h(x.begin(), x.end());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      h = multiply(layers[l], h);
      if (l + 1 == layers.size()) break;
      for (double& value : h) value = std::tanh(value);
    }
    if (options.classes > 0) {
      data.labels.push_back(
          static_cast<std::int32_t>(std::max_element(h.begin(), h.end()) - h.begin()));
    } else {
      const auto y = data.y.as<float>().subspan(static_cast<std::size_t>(i * outputs), h.size());
      std::transform(h.begin(), h.end(), y.begin(), [](double v) { return static_cast<float>(v); });
    }
  }
  return data;
}

}  // namespace plumb
