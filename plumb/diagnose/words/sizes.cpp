// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/sizes.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace plumb {

namespace {

constexpr double kLog10Of2 = 0.30102999566398119521;

}  // namespace

std::string size_text(double log2) {
  if (std::isinf(log2)) return log2 < 0 ? "zero" : "infinity";
  if (std::abs(log2) < 10) {
    const double size = std::exp2(log2);
    return size < 100 ? fmt::format("{:.2g}", size) : fmt::format("{:.0f}", size);
  }
  const double log10 = log2 * kLog10Of2;
  double power = std::floor(log10);
  double digits = std::round(10 * std::pow(10, log10 - power)) / 10;
  if (digits >= 10) {
    digits = 1;
    power += 1;
  }
  return fmt::format("{:.2g}e{:.0f}", digits, power);
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string count_text(long long count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string loss_text(double loss) { return fmt::format("{:.4g}", loss); }

std::string percent_text(double fraction) {
  return fmt::format("{:.0f} %", std::round(100 * fraction));
}

std::string steps_text(long long first, long long last) {
  return first == last ? fmt::format("step {}", first) : fmt::format("steps {} to {}", first, last);
}

}  // namespace plumb
