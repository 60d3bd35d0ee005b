// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"

namespace plumb {

namespace {

class Problems {
 public:
  explicit Problems(std::string_view name) : what_(fmt::format("{}: ", name)) {}
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    what_ +=
        fmt::format("{}{}", found_ ? "; " : "", fmt::format(format, std::forward<Args>(args)...));
    found_ = true;
  }
  void report() const {
    if (found_) throw DataError(what_);
  }

 private:
  std::string what_;
  bool found_ = false;
};

void check_values(const Tensor& tensor, std::string_view name, Problems& problems) {
  if (tensor && tensor.dtype() != DType::f32) problems.add("{} is double, expected float", name);
}

void check_targets(const Dataset& data, Problems& problems) {
  const std::int64_t samples = data.size(), rows = data.y ? data.y.shape()[0] : 0;
  if (rows == samples) return;
  problems.add("y has {} rows, expected one for each of {} samples{}", rows, samples,
               data.labels.empty() ? "" : " (or classes, if the labels are meant)");
}

void check_labels(const Dataset& data, Problems& problems) {
  const std::int64_t samples = data.size(), each = data.labels_per_sample;
  const auto given = static_cast<std::int64_t>(data.labels.size());
  if (each < 1) return problems.add("labels_per_sample is {}, expected 1 or more", each);
  // Divided, since the product of two numbers made by hand may not fit.
  if (given % each != 0 || given / each != samples) {
    return problems.add("{} labels, expected {} for each of {} samples", given, each, samples);
  }
  const auto wrong = std::ranges::find_if(
      data.labels, [&](std::int32_t label) { return label < 0 || label >= data.classes; });
  if (wrong == data.labels.end()) return;
  problems.add("label {} of sample {}, expected 0 to {}", *wrong,
               (wrong - data.labels.begin()) / each, data.classes - 1);
}

}  // namespace

void check_dataset(const Dataset& data) {
  Problems problems(data.name.empty() ? "data" : data.name);
  check_values(data.x, "x", problems);
  check_values(data.y, "y", problems);
  if (data.classes < 0)
    problems.add("classes is {}, expected 0 (regression) or more", data.classes);
  if (data.is_classification()) {
    check_labels(data, problems);
  } else {
    check_targets(data, problems);
  }
  problems.report();
}

}  // namespace plumb
