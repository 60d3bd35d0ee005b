// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/number_text.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace plumb {

std::string format_log10(double log10_value) {
  if (std::isnan(log10_value)) return "-";
  if (std::isinf(log10_value)) return log10_value < 0 ? "0" : "inf";
  double exponent = std::floor(log10_value);
  double mantissa = std::round(std::pow(10.0, log10_value - exponent) * 10.0) / 10.0;
  if (mantissa >= 10.0) {
    mantissa = 1.0;
    exponent += 1.0;
  }
  return fmt::format("{:.1f}e{:+.0f}", mantissa, exponent);
}

std::string format_log2(double log2_value) { return format_log10(log2_value * kLog10Of2); }

std::string format_percent(double fraction) {
  if (std::isnan(fraction)) return "-";
  if (fraction > 0 && fraction < 0.005) return "<1%";
  if (fraction < 1 && fraction >= 0.995) return ">99%";
  return fmt::format("{:.0f}%", std::round(fraction * 100.0));
}

std::string format_digits(double x, int digits) {
  const double away = std::nextafter(x, std::copysign(std::numeric_limits<double>::infinity(), x));
  return fmt::format("{:.{}g}", x == 0 ? 0.0 : away, digits);
}

}  // namespace plumb
