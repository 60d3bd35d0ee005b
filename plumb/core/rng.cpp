// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace plumb {

namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

__extension__ using Uint128 = unsigned __int128;

/// SplitMix64 finaliser: spreads the bits of seed and stream over the 64-bit key.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

/// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return value;
}

std::array<std::uint32_t, 2> split(std::uint64_t value) {
  return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return static_cast<std::uint64_t>(high) << 32 | low;
}

double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

Rng::Rng(std::uint64_t seed, std::string_view stream)
    : key_(split(mix(mix(seed) ^ hash(stream)))) {}

std::array<std::uint32_t, 4> Rng::block(std::uint64_t index) const {
  auto [key0, key1] = key_;
  std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(index),
                                 static_cast<std::uint32_t>(index >> 32), 0, 0};
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * c[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * c[2];
    c = {static_cast<std::uint32_t>(product1 >> 32) ^ c[1] ^ key0,
         static_cast<std::uint32_t>(product1),
         static_cast<std::uint32_t>(product0 >> 32) ^ c[3] ^ key1,
         static_cast<std::uint32_t>(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

std::uint64_t Rng::bits(std::uint64_t index) const {
  const auto c = block(index);
  return join(c[0], c[1]);
}

double Rng::uniform(std::uint64_t index) const { return to_unit(bits(index)); }

double Rng::uniform(std::uint64_t index, double low, double high) const {
  return low + (high - low) * uniform(index);
}

double Rng::normal(std::uint64_t index) const {
  const auto c = block(index);
  // 1 - u lies in (0, 1], so the logarithm is finite.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - to_unit(join(c[0], c[1]))));
  return radius * std::cos(2.0 * std::numbers::pi * to_unit(join(c[2], c[3])));
}

std::uint64_t Rng::below(std::uint64_t index, std::uint64_t n) const {
  return static_cast<std::uint64_t>(static_cast<Uint128>(bits(index)) * n >> 64);
}

Rng Rng::child(std::uint64_t number) const {
  return Rng(split(mix(join(key_[0], key_[1]) ^ mix(number))));
}

std::vector<std::int64_t> Rng::permutation(std::int64_t n) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i, i)]);
  return order;
}

}  // namespace plumb
