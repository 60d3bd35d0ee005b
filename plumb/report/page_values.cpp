// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/page_json-inl.h"

#include <cmath>

#include "plumb/report/magnitude.h"

namespace plumb::page {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json rounded(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1e4) / 1e4) : Json(nullptr);
}

Json log10_of(double log2_value) { return rounded(log2_value * kLog10Of2); }

Json drawn_log10(double log2_value) {
  const double value = std::round(log2_value * kLog10Of2 * 1e3) / 1e3;
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json drawn_fraction(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1e3) / 1e3) : Json(nullptr);
}

Json id_json(std::int32_t id) { return id < 0 ? Json(nullptr) : Json(id); }

}  // namespace plumb::page
