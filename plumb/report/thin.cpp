// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/thin.h"

namespace plumb {

std::vector<std::size_t> thin_out(std::size_t count, std::size_t at_most) {
  std::vector<std::size_t> places;
  const std::size_t kept = count < at_most ? count : at_most;
  places.reserve(kept);
  for (std::size_t i = 0; i < kept; ++i) {
    places.push_back(kept < 2 ? 0 : i * (count - 1) / (kept - 1));
  }
  return places;
}

}  // namespace plumb
