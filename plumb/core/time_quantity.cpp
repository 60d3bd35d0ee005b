// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/time_quantity.h"

#include <algorithm>
#include <array>

namespace plumb {

namespace {

constexpr std::array<std::string_view, kTimeQuantityCount> kNames{"h",
                                                                  "c",
                                                                  "input_gate",
                                                                  "forget_gate",
                                                                  "cell_gate",
                                                                  "output_gate",
                                                                  "reset_gate",
                                                                  "update_gate",
                                                                  "new_gate",
                                                                  "grad_h",
                                                                  "grad_c",
                                                                  "grad_z",
                                                                  "grad_h_by_carry",
                                                                  "grad_h_by_recurrence",
                                                                  "grad_h_by_input_gate",
                                                                  "grad_h_by_forget_gate",
                                                                  "grad_h_by_cell_gate",
                                                                  "grad_h_by_output_gate",
                                                                  "grad_h_by_reset_gate",
                                                                  "grad_h_by_update_gate",
                                                                  "grad_h_by_new_gate"};

}  // namespace

std::string_view to_string(TimeQuantity quantity) {
  return kNames[static_cast<std::size_t>(quantity)];
}

std::optional<TimeQuantity> parse_time_quantity(std::string_view text) {
  const auto it = std::find(kNames.begin(), kNames.end(), text);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<TimeQuantity>(it - kNames.begin());
}

bool is_gate(TimeQuantity quantity) {
  return quantity >= TimeQuantity::input_gate && quantity <= TimeQuantity::new_gate;
}

}  // namespace plumb
