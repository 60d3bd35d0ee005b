// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <optional>

namespace plumb {

/// Numbers in JSON, which has no word for NaN and the infinities. Json is the library's type; this
/// header knows none.
///
/// What is drawn, compared or read by a page: null for what is no finite number.
template <class Json>
Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
template <class Json>
Json json_number(const std::optional<double>& value) {
  return value ? json_number<Json>(*value) : Json(nullptr);
}

/// What is kept as data: NaN is a gap, null; an infinity is a measurement and stays one, as the
/// words that float() of Python and Number() of JavaScript read.
template <class Json>
Json json_measurement(double value) {
  if (std::isnan(value)) return Json(nullptr);
  if (std::isinf(value)) return Json(value > 0 ? "Infinity" : "-Infinity");
  return Json(value);
}
template <class Json>
Json json_measurement(const std::optional<double>& value) {
  return value ? json_measurement<Json>(*value) : Json(nullptr);
}

}  // namespace plumb
