// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/datasets.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "plumb/data/glyphs.h"
#include "plumb/data/teacher.h"

namespace plumb::zoo {

namespace {

/// Mean 0 and deviation 1 of each column of [n, columns].
void scale_columns(Tensor& table) {
  const auto n = static_cast<std::size_t>(table.shape()[0]);
  const auto columns = static_cast<std::size_t>(table.shape().row_size());
  const auto values = table.as<float>();
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) sum += values[i * columns + c];
    const double mean = sum / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      squares += (values[i * columns + c] - mean) * (values[i * columns + c] - mean);
    }
    const double deviation = std::sqrt(squares / static_cast<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
      float& value = values[i * columns + c];
      value = static_cast<float>((value - mean) / (deviation > 0 ? deviation : 1));
    }
  }
}

/// Of a random network with one hidden layer.
TeacherOptions curved_teacher(const TableSize& size) {
  TeacherOptions options;
  options.n = size.n;
  options.in = size.in;
  options.depth = 2;
  return options;
}

}  // namespace

Dataset make_clusters(const TableSize& size, std::uint64_t seed) {
  constexpr std::uint64_t kModes = 3;
  constexpr double kCentre = 1.2;
  const Rng centres(seed, "zoo/clusters/centre"), points(seed, "zoo/clusters/point");
  Dataset data;
  data.name = "clusters";
  data.classes = size.classes;
  data.x = Tensor({size.n, size.in}, DType::f32);
  const auto in = static_cast<std::uint64_t>(size.in);
  for (std::int64_t i = 0; i < size.n; ++i) {
    const Rng rng = points.child(static_cast<std::uint64_t>(i));
    const auto label = static_cast<std::uint64_t>(i % size.classes);
    const std::uint64_t centre = label * kModes + rng.below(in, kModes);
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(i * size.in), in);
    for (std::uint64_t j = 0; j < in; ++j) {
      x[j] = static_cast<float>(kCentre * centres.normal(centre * in + j) + rng.normal(j));
    }
    data.labels.push_back(static_cast<std::int32_t>(label));
  }
  scale_columns(data.x);
  return data;
}

Dataset make_curved(const TableSize& size, std::uint64_t seed) {
  TeacherOptions options = curved_teacher(size);
  options.classes = size.classes;
  Dataset data = make_teacher(options, seed);
  data.name = "curved";
  scale_columns(data.x);
  return data;
}

Dataset make_rings(const TableSize& size, std::uint64_t seed) {
  const Rng points(seed, "zoo/rings");
  Dataset data;
  data.name = "rings";
  data.classes = size.classes;
  data.x = Tensor({size.n, size.in}, DType::f32);
  const auto in = static_cast<std::size_t>(size.in);
  const auto x = data.x.as<float>();
  std::vector<double> distances(static_cast<std::size_t>(size.n), 0.0);
  for (std::size_t i = 0; i < distances.size(); ++i) {
    for (std::size_t j = 0; j < in; ++j) {
      x[i * in + j] = static_cast<float>(points.normal(i * in + j));
      distances[i] += x[i * in + j] * x[i * in + j];
    }
  }
  std::vector<double> sorted = distances;
  std::ranges::sort(sorted);
  for (const double distance : distances) {
    const auto rank = std::ranges::lower_bound(sorted, distance) - sorted.begin();
    data.labels.push_back(static_cast<std::int32_t>(rank * size.classes / size.n));
  }
  scale_columns(data.x);
  return data;
}

Dataset make_values(const TableSize& size, std::uint64_t seed) {
  TeacherOptions options = curved_teacher(size);
  options.out = size.classes;
  Dataset data = make_teacher(options, seed);
  data.name = "values";
  scale_columns(data.x);
  scale_columns(data.y);
  return data;
}

Dataset make_small_glyphs(std::int64_t n, std::uint64_t seed) {
  constexpr std::int64_t kSide = 28, kHalf = 14;
  Dataset data = make_glyphs({n, 0.1}, seed);
  Tensor small({n, kHalf, kHalf}, DType::f32);
  const auto from = data.x.as<float>(), to = small.as<float>();
  for (std::int64_t i = 0; i < n * kHalf * kHalf; ++i) {
    const std::int64_t image = i / (kHalf * kHalf), row = i / kHalf % kHalf, column = i % kHalf;
    const auto at = static_cast<std::size_t>(image * kSide * kSide + 2 * row * kSide + 2 * column);
    to[static_cast<std::size_t>(i)] =
        (from[at] + from[at + 1] + from[at + kSide] + from[at + kSide + 1]) / 4;
  }
  data.name = "small glyphs";
  data.x = std::move(small);
  return data;
}

Dataset make_recall(const RecallSize& size, std::uint64_t seed) {
  constexpr double kNoise = 0.3;
  const Rng root(seed, "zoo/recall");
  Dataset data;
  data.name = "recall";
  data.classes = size.symbols;
  data.x = Tensor({size.n, size.steps, size.symbols}, DType::f32);
  const auto row = static_cast<std::size_t>(size.steps * size.symbols);
  for (std::int64_t i = 0; i < size.n; ++i) {
    const Rng rng = root.child(static_cast<std::uint64_t>(i));
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(i) * row, row);
    const auto symbol = static_cast<std::size_t>(i % size.symbols);
    for (std::size_t j = static_cast<std::size_t>(size.symbols); j < row; ++j) {
      x[j] = static_cast<float>(kNoise * rng.normal(j));
    }
    x[symbol] = 1;
    data.labels.push_back(static_cast<std::int32_t>(symbol));
  }
  return data;
}

Split hold_out(const Dataset& data) {
  constexpr std::int64_t kEvery = 5;
  std::vector<std::int64_t> train, validation;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    // The classes follow one another with a period: whole rounds are held out.
    const std::int64_t round = data.classes > 0 ? i / data.classes : i;
    (round % kEvery == kEvery - 1 ? validation : train).push_back(i);
  }
  return {data.select(train), data.select(validation), {}};
}

}  // namespace plumb::zoo
