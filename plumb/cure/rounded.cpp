// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rounded.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace plumb {

double rounded(double value, int digits) {
  if (!std::isfinite(value)) return value;
  return std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr);
}

}  // namespace plumb
