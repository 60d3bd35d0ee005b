// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace plumb {

/// What one layer had in those measured steps that recorded it, by the index of the step.
template <class T>
class StepSeries {
 public:
  /// `index` is above all before it.
  void add(std::size_t index, T value) {
    items_.emplace_back(static_cast<std::uint32_t>(index), std::move(value));
  }
  bool empty() const { return items_.empty(); }
  /// (index, value), ascending.
  const std::vector<std::pair<std::uint32_t, T>>& items() const { return items_; }
  /// Null where the step did not record it.
  const T* at(std::size_t index) const {
    const auto it =
        std::lower_bound(items_.begin(), items_.end(), index,
                         [](const auto& item, std::size_t i) { return item.first < i; });
    return it == items_.end() || it->first != index ? nullptr : &it->second;
  }
  /// One number for each of `steps` measured steps; NaN where it was not recorded.
  template <class Number>
  std::vector<double> column(std::size_t steps, Number number) const {
    std::vector<double> values(steps, std::numeric_limits<double>::quiet_NaN());
    for (const auto& [index, value] : items_) values[index] = number(value);
    return values;
  }

 private:
  std::vector<std::pair<std::uint32_t, T>> items_;
};

}  // namespace plumb
