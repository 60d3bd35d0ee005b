// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/spectrum_steps.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace plumb {

std::vector<std::int64_t> spectrum_steps(std::span<const std::int64_t> measured,
                                         std::span<const Finding> findings, std::size_t at_most) {
  if (measured.size() <= at_most) return {measured.begin(), measured.end()};
  std::set<std::int64_t> chosen{measured.front(), measured.back()};
  const auto last_until = [&](double step) {
    const auto behind = std::upper_bound(measured.begin(), measured.end(), step);
    return behind == measured.begin() ? measured.front() : *(behind - 1);
  };
  // Half of the room at most: the training as a whole is to be seen too.
  for (const Finding& finding : findings) {
    if (chosen.size() >= 2 + (at_most - 2) / 2) break;
    chosen.insert(last_until(static_cast<double>(finding.first_step)));
  }
  const double first = static_cast<double>(measured.front());
  const double length = static_cast<double>(measured.back()) - first;
  // Where a place is taken already its turn goes to a finer ladder.
  for (std::size_t parts = at_most - chosen.size() + 1;
       chosen.size() < at_most && parts < 4 * measured.size(); ++parts) {
    for (std::size_t k = 1; k < parts && chosen.size() < at_most; ++k) {
      const double part = static_cast<double>(k) / static_cast<double>(parts);
      chosen.insert(last_until(first + std::pow(length + 1, part) - 1));
    }
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace plumb
