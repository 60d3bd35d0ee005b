// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/judgement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "plumb/core/error.h"

namespace plumb {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::size_t last_extent(const Shape& shape) {
  return static_cast<std::size_t>(shape.rank() > 1 ? shape[shape.rank() - 1] : 1);
}

double part(std::int64_t some, std::int64_t all) {
  return all == 0 ? kNaN : static_cast<double>(some) / static_cast<double>(all);
}

}  // namespace

void to_probabilities(std::string_view loss, Tensor& outputs) {
  const std::size_t classes = last_extent(outputs.shape());
  dispatch(outputs.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto values = outputs.as<T>();
    if (loss == "binary_cross_entropy") {
      for (T& value : values) value = static_cast<T>(1 / (1 + std::exp(-double{value})));
    } else if (loss == "cross_entropy") {
      for (std::size_t begin = 0; begin < values.size(); begin += classes) {
        const auto row = values.subspan(begin, classes);
        const double top = double{*std::ranges::max_element(row)};
        double sum = 0;
        for (const T value : row) sum += std::exp(double{value} - top);
        for (T& value : row) value = static_cast<T>(std::exp(double{value} - top) / sum);
      }
    }
  });
}

std::vector<std::int32_t> chosen_classes(const Tensor& outputs, double threshold) {
  const std::size_t classes = last_extent(outputs.shape());
  std::vector<std::int32_t> chosen;
  dispatch(outputs.dtype(), [&](auto zero) {
    const auto values = outputs.as<decltype(zero)>();
    for (std::size_t begin = 0; begin < values.size(); begin += classes) {
      const auto row = values.subspan(begin, classes);
      const bool has_nan = std::ranges::any_of(row, [](auto value) { return std::isnan(value); });
      const auto top = classes == 1 ? std::ptrdiff_t{static_cast<double>(row[0]) > threshold}
                                    : std::ranges::max_element(row) - row.begin();
      chosen.push_back(has_nan ? -1 : static_cast<std::int32_t>(top));
    }
  });
  return chosen;
}

std::int64_t Confusion::total() const {
  std::int64_t sum = nan_rows;
  for (const auto& row : counts) {
    for (const std::int64_t count : row) sum += count;
  }
  return sum;
}

std::int64_t Confusion::right() const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) sum += counts[i][i];
  return sum;
}

double Confusion::recall(std::size_t label) const {
  std::int64_t all = 0;
  for (const std::int64_t count : counts[label]) all += count;
  return part(counts[label][label], all);
}

double Confusion::precision(std::size_t label) const {
  std::int64_t all = 0;
  for (const auto& row : counts) all += row[label];
  return part(counts[label][label], all);
}

Confusion count_confusion(const std::vector<std::int32_t>& labels,
                          const std::vector<std::int32_t>& answers, std::int64_t classes) {
  if (labels.size() != answers.size()) {
    throw UsageError("count_confusion of " + std::to_string(labels.size()) + " labels and " +
                     std::to_string(answers.size()) + " answers, expected as many");
  }
  const auto size = static_cast<std::size_t>(classes);
  Confusion confusion;
  confusion.counts.assign(size, std::vector<std::int64_t>(size));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (answers[i] < 0) {
      ++confusion.nan_rows;
    } else {
      ++confusion.counts[static_cast<std::size_t>(labels[i])][static_cast<std::size_t>(answers[i])];
    }
  }
  return confusion;
}

std::vector<Fit> measure_fit(const Tensor& outputs, const Tensor& targets) {
  const auto rows = static_cast<std::size_t>(targets.shape()[0]);
  const auto columns = static_cast<std::size_t>(targets.shape().row_size());
  if (outputs.size() != targets.size()) {
    throw UsageError("measure_fit of outputs " + outputs.shape().to_string() + " and targets " +
                     targets.shape().to_string() + ", expected as many values");
  }
  const auto wanted = targets.as<float>();
  std::vector<Fit> fits;
  for (std::size_t column = 0; column < columns; ++column) {
    double mean = 0, variance = 0, error = 0;
    const auto n = static_cast<double>(rows);
    for (std::size_t row = 0; row < rows; ++row) mean += wanted[row * columns + column] / n;
    dispatch(outputs.dtype(), [&](auto zero) {
      const auto values = outputs.as<decltype(zero)>();
      for (std::size_t i = column; i < wanted.size(); i += columns) {
        const double target = wanted[i];
        variance += (target - mean) * (target - mean) / n;
        error += (static_cast<double>(values[i]) - target) *
                 (static_cast<double>(values[i]) - target) / n;
      }
    });
    fits.push_back({std::sqrt(error), variance > 0 ? 1 - error / variance : kNaN});
  }
  return fits;
}

}  // namespace plumb
