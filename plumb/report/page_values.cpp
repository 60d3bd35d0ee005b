// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/page_json-inl.h"

#include <cmath>

#include "plumb/core/json_number.h"
#include "plumb/report/number_text.h"

namespace plumb::page {

Json number(double value) { return json_number<Json>(value); }

Json rounded(double value) { return number(std::round(value * 1e4) / 1e4); }

Json log10_of(double log2_value) { return rounded(log2_value * kLog10Of2); }

Json drawn_log10(double log2_value) {
  return number(std::round(log2_value * kLog10Of2 * 1e3) / 1e3);
}

Json drawn_fraction(double value) { return number(std::round(value * 1e3) / 1e3); }

Json id_json(std::int32_t id) { return id < 0 ? Json(nullptr) : Json(id); }

}  // namespace plumb::page
