// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/draw.h"

#include <cmath>

namespace plumb::zoo {

Draw::Draw(std::string_view name, std::uint64_t seed) : rng_(seed, "zoo/" + std::string(name)) {}

int Draw::integer(int low, int high) {
  return low + static_cast<int>(rng_.below(next_++, static_cast<std::uint64_t>(high - low + 1)));
}

double Draw::real(double low, double high) { return rng_.uniform(next_++, low, high); }

double Draw::log(double low, double high) { return std::exp(real(std::log(low), std::log(high))); }

std::uint64_t Draw::seed() { return rng_.bits(next_++) >> 16; }

}  // namespace plumb::zoo
