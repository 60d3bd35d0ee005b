// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words.h"

#include <fmt/format.h>

#include <cmath>

namespace plumb {

std::string power_text(double log2) {
  if (std::isinf(log2)) return log2 < 0 ? "zero" : "infinity";
  if (std::abs(log2) > 1000) return fmt::format("2^{:.0f}", log2);
  return fmt::format("2^{:.1f} ({:.2g})", log2, std::exp2(log2));
}

std::string count_text(long long count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string percent_text(double fraction) { return fmt::format("{:.0f} %", 100 * fraction); }

std::string steps_text(long long first, long long last) {
  return first == last ? fmt::format("step {}", first) : fmt::format("steps {} to {}", first, last);
}

}  // namespace plumb
