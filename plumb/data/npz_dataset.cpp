// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/npz_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/class_labels.h"

namespace plumb {

namespace {

NamedArray& find_array(std::vector<NamedArray>& arrays, const std::string& name,
                       const std::string& place) {
  const auto found = std::find_if(arrays.begin(), arrays.end(),
                                  [&](const NamedArray& array) { return array.name == name; });
  if (found != arrays.end()) return *found;
  std::string names;
  for (const NamedArray& array : arrays) names += (names.empty() ? "" : ", ") + array.name;
  throw DataError(fmt::format("{}: holds {}, expected an array {}", place,
                              names.empty() ? "no array" : names, name));
}

Tensor finite_floats(NamedArray& array, const std::string& place) {
  const auto check = [&](const auto& elements) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (std::isfinite(static_cast<float>(elements[i]))) continue;
      const auto row = static_cast<std::int64_t>(i) / array.value.shape().row_size();
      throw DataError(fmt::format("{}: {} holds {} in sample {}, expected finite numbers of float",
                                  place, array.name, elements[i], row));
    }
  };
  if (array.value.dtype() == DType::f32) {
    check(array.value.as<float>());
    return std::move(array.value);
  }
  const auto wide = std::as_const(array.value).as<double>();
  check(wide);
  Tensor narrow(array.value.shape(), DType::f32);
  std::transform(wide.begin(), wide.end(), narrow.as<float>().begin(),
                 [](double v) { return static_cast<float>(v); });
  return narrow;
}

/// Whether [n, height, width, channels] is meant: one, three or four channels stand last, and the
/// two before are the sides of an image of ordinary proportions, or of a large one. [n, 16, 6, 3]
/// is 16 channels of a narrow image. Our choice: sides of 8 that differ by half at most, or of 64.
bool has_channels_last(const Shape& shape) {
  if (shape.rank() != 4 || shape[3] > 4 || shape[3] == 2) return false;
  const std::int64_t shorter = std::min(shape[1], shape[2]);
  const std::int64_t longer = std::max(shape[1], shape[2]);
  return shorter >= 64 || (shorter >= 8 && 2 * longer <= 3 * shorter);
}

Tensor channels_first(const Tensor& from) {
  const Shape& shape = from.shape();
  const auto area = static_cast<std::size_t>(shape[1] * shape[2]);
  const auto channels = static_cast<std::size_t>(shape[3]);
  Tensor to({shape[0], shape[3], shape[1], shape[2]}, DType::f32);
  const auto source = from.as<float>();
  const auto out = to.as<float>();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t pixel = i % area, channel = i / area % channels;
    out[i] = source[(i / area / channels * area + pixel) * channels + channel];
  }
  return to;
}

}  // namespace

Dataset npz_dataset(std::vector<NamedArray> arrays, const std::string& place) {
  NamedArray& x = find_array(arrays, "x", place);
  NamedArray& y = find_array(arrays, "y", place);
  const Shape x_shape = x.value.shape(), y_shape = y.value.shape();
  if (x_shape.rank() < 2 || x.value.size() == 0) {
    throw DataError(
        fmt::format("{}: x has shape {}, expected [samples, features...], none of them 0", place,
                    x_shape.to_string()));
  }
  // One class a sample, or one a step of a sequence x [samples, steps, features].
  const bool per_step = y_shape.rank() == 2 && x_shape.rank() == 3 && y_shape[1] == x_shape[1];
  const bool fits = y_shape.rank() == 1 || (!y.is_integer && y_shape.rank() <= 3) ||
                    (y_shape.rank() == 2 && (y_shape[1] == 1 || per_step));
  if (!fits || y_shape[0] != x_shape[0] || y.value.size() == 0) {
    throw DataError(fmt::format("{}: y has shape {}, expected [{}]{}", place, y_shape.to_string(),
                                x_shape[0],
                                y.is_integer && x_shape.rank() != 3 ? ""
                                : y.is_integer ? fmt::format(" or [{}, {}]", x_shape[0], x_shape[1])
                                               : fmt::format(" or [{}, outputs]", x_shape[0])));
  }
  Dataset data;
  data.x = finite_floats(x, place);
  if (has_channels_last(x_shape)) {
    data.x = channels_first(data.x);
    data.notes.push_back(
        fmt::format("{}: x {} was taken for [n, height, width, channels] and turned into {}", place,
                    x_shape.to_string(), data.x.shape().to_string()));
  }
  if (!y.is_integer) {
    const Tensor targets = finite_floats(y, place);
    data.y = Tensor({y_shape[0], y_shape.row_size()}, DType::f32);
    std::ranges::copy(targets.as<float>(), data.y.as<float>().begin());
    return data;
  }
  for (const double label : y.value.as<double>()) {
    if (label < 0 || label >= kMaxClasses) {
      throw DataError(fmt::format(
          "{}: y holds the class {} in sample {}, expected 0 to {}", place, label,
          static_cast<std::int64_t>(data.labels.size()) / y_shape.row_size(), kMaxClasses - 1));
    }
    data.labels.push_back(static_cast<std::int32_t>(label));
  }
  data.labels_per_sample = y_shape.row_size();
  data.classes = *std::max_element(data.labels.begin(), data.labels.end()) + 1;
  return data;
}

}  // namespace plumb
