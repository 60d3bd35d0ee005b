// SPDX-License-Identifier: Apache-2.0
#include "tests/cases/case_data.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb::test {

namespace {

constexpr std::int64_t kColumns = 20;
constexpr std::int64_t kClasses = 4;

Tensor normal(std::uint64_t seed, std::string_view stream, std::int64_t rows,
              std::int64_t columns) {
  const Rng rng(seed, stream);
  Tensor x(Shape{rows, columns}, DType::f32);
  std::uint64_t index = 0;
  for (float& value : x.view().as<float>()) value = static_cast<float>(rng.normal(index++));
  return x;
}

template <class Change>
Dataset changed(Dataset data, Change change) {
  std::int64_t index = 0;
  for (float& value : data.x.view().as<float>()) {
    value = static_cast<float>(change(static_cast<double>(value), index++ % kColumns));
  }
  return data;
}

}  // namespace

Dataset line(std::uint64_t seed) {
  Dataset data;
  data.name = "line";
  data.x = normal(seed, "cases/line", 4096, kColumns);
  data.classes = kClasses;
  const Rng teacher(seed, "cases/line_teacher");
  const auto x = data.x.view().as<float>();
  for (std::size_t row = 0; row < x.size(); row += kColumns) {
    double outputs[kClasses] = {};
    for (std::size_t k = 0; k < kClasses; ++k) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        outputs[k] += static_cast<double>(x[row + j]) * teacher.normal(k * kColumns + j);
      }
    }
    data.labels.push_back(
        static_cast<std::int32_t>(std::max_element(outputs, outputs + kClasses) - outputs));
  }
  return data;
}

Dataset bytes(std::uint64_t seed) {
  return changed(line(seed), [](double value, std::int64_t /*column*/) {
    return std::clamp(127 + 60 * value, 0.0, 255.0);
  });
}

Dataset large_column(std::uint64_t seed, int column, double factor) {
  return changed(line(seed), [=](double value, std::int64_t at) {
    return at == column ? factor * value : value;
  });
}

Dataset far_targets(std::uint64_t seed, double mean, double deviation) {
  Dataset data = line(seed);
  data.name = "far_targets";
  data.labels.clear();
  data.classes = 0;
  const auto x = data.x.view().as<float>();
  data.y = Tensor(Shape{data.size(), 1}, DType::f32);
  std::size_t row = 0;
  for (float& target : data.y.view().as<float>()) {
    const double t = std::tanh(1.5 * static_cast<double>(x[row])) +
                     0.5 * static_cast<double>(x[row + 1]) * static_cast<double>(x[row + 2]);
    target = static_cast<float>(mean + deviation * t);
    row += kColumns;
  }
  return data;
}

Dataset easy(std::uint64_t seed) {
  Dataset data;
  data.name = "easy";
  data.x = normal(seed, "cases/easy", 2048, kColumns);
  data.classes = 2;
  const auto x = data.x.view().as<float>();
  for (std::size_t row = 0; row < x.size(); row += kColumns) {
    data.labels.push_back(x[row] > 0 ? 1 : 0);
    x[row] += x[row] > 0 ? 3.0F : -3.0F;
  }
  return data;
}

Dataset noisy_line(std::uint64_t seed, double fraction) {
  Dataset data = line(seed);
  data.name = "noisy_line";
  const Rng rng(seed, "cases/noise");
  std::uint64_t draw = 0;
  for (std::int32_t& label : data.labels) {
    const bool random = rng.uniform(draw++) < fraction;
    const auto other = static_cast<std::int32_t>(rng.below(draw++, kClasses));
    if (random) label = other;
  }
  return data;
}

Dataset random_labels(std::uint64_t seed, std::int64_t samples) {
  Dataset data;
  data.name = "random_labels";
  data.x = normal(seed, "cases/random_labels", samples, kColumns);
  data.classes = kClasses;
  const Rng rng(seed, "cases/labels");
  for (std::int64_t i = 0; i < samples; ++i) {
    data.labels.push_back(
        static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(i), kClasses)));
  }
  return data;
}

Dataset scaled_apart(std::uint64_t seed) {
  constexpr std::int64_t kRows = 240;
  const Rng rng(seed, "cases/scaled_apart");
  Dataset data;
  data.name = "scaled_apart";
  data.columns = {"ratio", "amount"};
  data.class_names = {"low", "mid", "high"};
  data.classes = 3;
  data.x = Tensor(Shape{kRows, 2}, DType::f32);
  const auto x = data.x.view().as<float>();
  for (std::size_t row = 0; row < kRows; ++row) {
    const double amount = rng.uniform(2 * row + 1, 300, 1300);
    x[2 * row] = static_cast<float>(rng.uniform(2 * row));
    x[2 * row + 1] = static_cast<float>(amount);
    data.labels.push_back(amount < 600 ? 0 : amount < 900 ? 1 : 2);
  }
  return data;
}

Dataset sum_above(std::uint64_t seed, bool as_classes) {
  constexpr std::int64_t kRows = 300;
  const Rng rng(seed, "cases/sum_above");
  Dataset data;
  data.name = "sum_above";
  data.columns = {"a", "b"};
  data.classes = as_classes ? 2 : 0;
  data.x = Tensor(Shape{kRows, 2}, DType::f32);
  if (!as_classes) data.y = Tensor(Shape{kRows, 1}, DType::f32);
  const auto x = data.x.view().as<float>();
  for (std::size_t row = 0; row < kRows; ++row) {
    const double a = rng.uniform(2 * row);
    const double b = rng.uniform(2 * row + 1);
    x[2 * row] = static_cast<float>(a);
    x[2 * row + 1] = static_cast<float>(b);
    const bool above = a + b > 1.2;
    if (as_classes) {
      data.labels.push_back(above ? 1 : 0);
    } else {
      data.y.view().as<float>()[row] = above ? 1.0F : 0.0F;
    }
  }
  return data;
}

}  // namespace plumb::test
