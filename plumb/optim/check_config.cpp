// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/check_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "plumb/core/error.h"
#include "plumb/nn/spec/nearest.h"

namespace plumb {

namespace {

constexpr std::array<std::string_view, 4> kNames{"sgd", "rmsprop", "adam", "adamw"};

std::string shown(double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

[[noreturn]] void refuse(const OptimiserConfig& config, std::string_view what,
                         const std::string& given, std::string_view expected) {
  throw SpecError("optimiser: " + config.name + " has " + std::string(what) + " " + given +
                  ", expected " + std::string(expected));
}

void check_fraction(const OptimiserConfig& config, std::string_view what, double value) {
  if (!(value >= 0 && value < 1)) refuse(config, what, shown(value), "0 <= value < 1");
}

void check_not_negative(const OptimiserConfig& config, std::string_view what, double value) {
  if (!(value >= 0 && std::isfinite(value))) {
    refuse(config, what, shown(value), "a finite number that is not negative");
  }
}

}  // namespace

std::span<const std::string_view> optimiser_names() { return kNames; }

void check_config(const OptimiserConfig& config) {
  if (std::find(kNames.begin(), kNames.end(), config.name) == kNames.end()) {
    throw SpecError("optimiser: unknown name '" + config.name + "', expected " +
                    join_names(kNames) + did_you_mean(config.name, kNames));
  }
  check_fraction(config, "momentum", config.momentum);
  check_fraction(config, "rho", config.rho);
  check_fraction(config, "beta1", config.beta1);
  check_fraction(config, "beta2", config.beta2);
  check_not_negative(config, "eps", config.eps);
  check_not_negative(config, "weight_decay", config.weight_decay);
  if (config.momentum != 0 && config.name.starts_with("adam")) {
    refuse(config, "momentum", shown(config.momentum), "none: beta1 is its momentum");
  }
  if (config.nesterov && (config.name != "sgd" || config.momentum == 0)) {
    refuse(config, "nesterov", "true", "it with sgd and a momentum above 0 only");
  }
}

}  // namespace plumb
