// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/constant_answer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace plumb {

namespace {
double surprise(double p) { return p > 0 ? -p * std::log(p) : 0; }
}  // namespace

ConstantAnswer constant_answer(const Dataset& data, const std::string& loss) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  ConstantAnswer result{kNone, kNone};
  if (data.is_classification()) {
    std::vector<double> counts(static_cast<std::size_t>(data.classes), 0);
    for (const std::int32_t label : data.labels) ++counts[static_cast<std::size_t>(label)];
    const auto total = static_cast<double>(data.labels.size());
    if (total == 0) return result;
    result.accuracy = *std::max_element(counts.begin(), counts.end()) / total;
    double entropy = 0, binary = 0, squares = 0;
    for (const double count : counts) {
      const double p = count / total;
      entropy += surprise(p);
      binary += surprise(p) + surprise(1 - p);
      squares += p * (1 - p);
    }
    // Two classes are taken to be the value of one output, more to be one-hot rows.
    const bool one_output = counts.size() == 2;
    if (loss == "cross_entropy") result.loss = entropy;
    if (loss == "binary_cross_entropy") result.loss = one_output ? entropy : binary;
    if (loss == "mse") result.loss = one_output ? squares / 4 : squares / 2;
    return result;
  }
  if (loss != "mse" || data.size() == 0) return result;
  const std::int64_t outputs = data.y.shape().row_size();
  const auto values = data.y.as<float>();
  double total = 0;
  for (std::int64_t j = 0; j < outputs; ++j) {
    double mean = 0, squares = 0;
    for (std::int64_t i = 0; i < data.size(); ++i) {
      mean += values[static_cast<std::size_t>(i * outputs + j)];
    }
    mean /= static_cast<double>(data.size());
    for (std::int64_t i = 0; i < data.size(); ++i) {
      const double d = values[static_cast<std::size_t>(i * outputs + j)] - mean;
      squares += d * d;
    }
    total += squares / static_cast<double>(data.size());
  }
  result.loss = total / 2;
  return result;
}

}  // namespace plumb
