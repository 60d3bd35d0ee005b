// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/baseline.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace plumb {

namespace {

/// Mean and deviation of the losses of the samples; `loss_of(i)` is that of sample i.
template <class LossOf>
Baseline over_samples(std::int64_t samples, LossOf loss_of) {
  double mean = 0;
  double squares = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    const double loss = loss_of(i);
    const double delta = loss - mean;
    mean += delta / static_cast<double>(i + 1);
    squares += delta * (loss - mean);
  }
  Baseline baseline;
  baseline.loss = mean;
  baseline.loss_deviation = std::sqrt(squares / static_cast<double>(samples));
  return baseline;
}

std::vector<double> frequencies(const Dataset& data) {
  std::vector<double> part(static_cast<std::size_t>(data.classes), 0);
  for (const std::int32_t label : data.labels) part[static_cast<std::size_t>(label)] += 1;
  for (double& one : part) one /= static_cast<double>(data.labels.size());
  return part;
}

/// -t log m - (1 - t) log(1 - m), where nothing times log 0 is nothing.
double binary_cost(double t, double m) {
  const double one = t > 0 ? -t * std::log(m) : 0;
  const double zero = t < 1 ? -(1 - t) * std::log1p(-m) : 0;
  return one + zero;
}

/// `cost(t, m)` of a target against the mean of its output.
template <class Cost>
Baseline of_classes(const Dataset& data, std::int64_t outputs, Cost cost) {
  const std::vector<double> part = frequencies(data);
  // What a label of each class costs: of a single output its value is the target, 0 or 1.
  std::vector<double> costs(part.size(), 0);
  for (std::size_t label = 0; label < part.size(); ++label) {
    if (outputs == 1) {
      costs[label] = cost(static_cast<double>(label), part.size() > 1 ? part[1] : 0);
      continue;
    }
    for (std::size_t k = 0; k < part.size(); ++k) costs[label] += cost(k == label ? 1 : 0, part[k]);
  }
  const std::int64_t each = data.labels_per_sample;
  Baseline baseline = over_samples(data.size(), [&](std::int64_t i) {
    double sum = 0;
    for (std::int64_t s = 0; s < each; ++s) {
      sum += costs[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(i * each + s)])];
    }
    return sum / static_cast<double>(each);
  });
  baseline.accuracy = *std::max_element(part.begin(), part.end());
  return baseline;
}

template <class Cost>
Baseline of_values(const Dataset& data, Cost cost) {
  const ConstView view = data.y.view();
  const std::span<const float> targets = view.as<float>();
  const auto outputs = static_cast<std::size_t>(data.y.shape().row_size());
  std::vector<double> means(outputs, 0);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double row = static_cast<double>(i / outputs);
    double& mean = means[i % outputs];
    mean += (static_cast<double>(targets[i]) - mean) / (row + 1);
  }
  return over_samples(data.size(), [&](std::int64_t i) {
    const auto sample = targets.subspan(static_cast<std::size_t>(i) * outputs, outputs);
    double sum = 0;
    for (std::size_t j = 0; j < outputs; ++j) sum += cost(static_cast<double>(sample[j]), means[j]);
    return sum;
  });
}

}  // namespace

std::optional<Baseline> best_constant_answer(const Dataset& data, std::string_view loss,
                                             std::int64_t outputs) {
  if (data.size() == 0) return std::nullopt;
  const auto square = [](double t, double m) { return 0.5 * (t - m) * (t - m); };
  const auto log = [](double t, double m) { return t > 0 ? -t * std::log(m) : 0; };
  const bool classes = data.is_classification();
  if (loss == "cross_entropy" && classes) return of_classes(data, data.classes, log);
  if (loss == "binary_cross_entropy") {
    return classes ? of_classes(data, outputs, binary_cost) : of_values(data, binary_cost);
  }
  if (loss == "mse") return classes ? of_classes(data, outputs, square) : of_values(data, square);
  return std::nullopt;
}

}  // namespace plumb
