// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/init.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/nn/orthogonal.h"
#include "plumb/nn/spec/nearest.h"

namespace plumb {

namespace {

constexpr std::array<std::string_view, 15> kNames{
    "zeros",         "constant",     "identity",         "uniform",       "normal",
    "lecun_uniform", "lecun_normal", "glorot_uniform",   "glorot_normal", "he_uniform",
    "he_normal",     "orthogonal",   "delta_orthogonal", "fixup",         "pytorch"};

struct Alias {
  std::string_view alias;
  std::string_view name;
};
constexpr std::array<Alias, 12> kAliases{{{"xavier", "glorot_uniform"},
                                          {"glorot", "glorot_uniform"},
                                          {"kaiming", "he_uniform"},
                                          {"he", "he_normal"},
                                          {"default", "pytorch"},
                                          {"zero", "zeros"},
                                          {"eye", "identity"},
                                          {"xavier_uniform", "glorot_uniform"},
                                          {"xavier_normal", "glorot_normal"},
                                          {"kaiming_uniform", "he_uniform"},
                                          {"kaiming_normal", "he_normal"},
                                          {"standard", "pytorch"}}};

bool takes_value(std::string_view name) {
  return name == "constant" || name == "uniform" || name == "normal";
}

std::string_view canonical(std::string_view given) {
  std::string name(given);
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const Alias& alias : kAliases) {
    if (alias.alias == name) return alias.name;
  }
  const auto* const known_name = std::find(kNames.begin(), kNames.end(), name);
  if (known_name != kNames.end()) return *known_name;

  std::vector<std::string_view> known(kNames.begin(), kNames.end());
  for (const Alias& alias : kAliases) known.push_back(alias.alias);
  const std::string meant = did_you_mean(name, known);
  throw SpecError("init: unknown scheme '" + std::string(given) + "'" +
                  (meant.empty() ? ", expected " + join_names(kNames) : meant));
}

double parse_value(std::string_view text, std::string_view name, std::string_view value_text) {
  double value = 0;
  const char* const end = value_text.data() + value_text.size();
  const auto result = std::from_chars(value_text.data(), end, value);
  const bool any_sign = name == "constant";
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value) ||
      (value < 0 && !any_sign)) {
    throw SpecError("init: '" + std::string(text) + "' has the value '" + std::string(value_text) +
                    "', expected a finite number" + (any_sign ? "" : " that is not negative"));
  }
  return value;
}

/// variance = gain^2 * numerator / denominator of a scheme that looks at the fans.
struct FanRule {
  std::string_view name;
  bool normal;
  double numerator;
  bool both_fans;
};
constexpr std::array<FanRule, 7> kFanRules{{{"lecun_uniform", false, 1, false},
                                            {"lecun_normal", true, 1, false},
                                            {"glorot_uniform", false, 2, true},
                                            {"glorot_normal", true, 2, true},
                                            {"he_uniform", false, 2, false},
                                            {"he_normal", true, 2, false},
                                            {kFixup, true, 2, false}}};

template <class Value>
void fill(Param& param, const Value& value) {
  dispatch(param.value.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::span<T> out = param.value.as<T>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(value(i));
  });
}

void fill_uniform(Param& param, const Rng& rng, double limit) {
  fill(param, [&](std::size_t i) { return rng.uniform(i, -limit, limit); });
}

void fill_normal(Param& param, const Rng& rng, double std_dev) {
  fill(param, [&](std::size_t i) { return std_dev * rng.normal(i); });
}

/// The positions of a convolution's window, 1 of a matrix.
struct Taps {
  std::size_t count = 1;
  std::size_t centre = 0;  ///< row-major index of the one that, by default, sees the pixel itself
};
Taps taps_of(const Shape& shape) {
  Taps taps;
  for (int axis = 2; axis < shape.rank(); ++axis) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    taps.count *= extent;
    taps.centre = taps.centre * extent + (extent - 1) / 2;
  }
  return taps;
}

void fill_identity(Param& param, double gain) {
  const Shape& shape = param.value.shape();
  if (shape.rank() < 2 || shape.size() == 0) return fill(param, [](std::size_t) { return 0.0; });
  const auto [taps, centre] = taps_of(shape);
  const auto inputs = static_cast<std::size_t>(shape[1]);
  fill(param, [inputs, gain, taps = taps, centre = centre](std::size_t i) {
    const std::size_t row = i / (inputs * taps);
    const std::size_t column = i / taps % inputs;
    return row == column && i % taps == centre ? gain : 0.0;
  });
}

void fill_orthogonal(Param& param, const Rng& rng, double gain) {
  const Shape& shape = param.value.shape();
  if (shape.rank() < 2 || shape.size() == 0) return fill(param, [](std::size_t) { return 0.0; });
  std::vector<double> q(static_cast<std::size_t>(shape.size()));
  fill_orthogonal(q, shape[0], shape.row_size(), rng);
  fill(param, [&](std::size_t i) { return gain * q[i]; });
}

void fill_delta_orthogonal(Param& param, const Rng& rng, double gain) {
  const Shape& shape = param.value.shape();
  if (shape.rank() < 2 || shape.size() == 0) return fill(param, [](std::size_t) { return 0.0; });
  const auto [taps, centre] = taps_of(shape);
  // A group of a convolution is a map of its own; its fan_out tells how many outputs it has.
  const std::int64_t of_group = param.fan_out / static_cast<std::int64_t>(taps);
  const std::int64_t rows = of_group > 0 && shape[0] % of_group == 0 ? of_group : shape[0];
  const std::int64_t columns = shape[1];
  std::vector<double> q(static_cast<std::size_t>(shape[0] * columns));
  for (std::int64_t group = 0; group < shape[0] / rows; ++group) {
    const auto size = static_cast<std::size_t>(rows * columns);
    fill_orthogonal(std::span(q).subspan(static_cast<std::size_t>(group) * size, size), rows,
                    columns, group == 0 ? rng : rng.child(static_cast<std::uint64_t>(group)));
  }
  fill(param, [&q, gain, taps = taps, centre = centre](std::size_t i) {
    return i % taps == centre ? gain * q[i / taps] : 0.0;
  });
}

}  // namespace

InitScheme parse_init(std::string_view text, double gain) {
  const std::size_t colon = text.find(':');
  InitScheme scheme;
  scheme.name = canonical(text.substr(0, colon));
  scheme.gain = gain;
  if (!std::isfinite(gain)) {
    throw SpecError("init: gain is " + std::to_string(gain) + ", expected a finite number");
  }
  const bool has_value = colon != std::string_view::npos;
  if (has_value != takes_value(scheme.name)) {
    throw SpecError("init: '" + std::string(text) + "', expected '" + scheme.name +
                    (has_value ? "' without a value" : ":VALUE'"));
  }
  if (has_value) scheme.value = parse_value(text, scheme.name, text.substr(colon + 1));
  return scheme;
}

std::string to_string(const InitScheme& scheme) {
  if (!takes_value(scheme.name)) return scheme.name;
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), scheme.value).ptr;
  return scheme.name + ":" + std::string(digits.data(), end);
}

std::span<const std::string_view> init_names() { return kNames; }

double init_variance(const InitScheme& scheme, std::int64_t fan_in_count,
                     std::int64_t fan_out_count) {
  const std::string_view name = canonical(scheme.name);
  const double gain2 = scheme.gain * scheme.gain;
  const double fan_in = static_cast<double>(std::max<std::int64_t>(1, fan_in_count));
  const double fan_out = static_cast<double>(std::max<std::int64_t>(1, fan_out_count));
  for (const FanRule& rule : kFanRules) {
    if (rule.name != name) continue;
    return gain2 * rule.numerator / (rule.both_fans ? fan_in + fan_out : fan_in);
  }
  if (name == "zeros" || (name == "constant" && scheme.value == 0)) return 0;
  if (name == "pytorch") return gain2 / (3 * fan_in);
  if (name == "uniform") return gain2 * scheme.value * scheme.value / 3;
  if (name == "normal") return gain2 * scheme.value * scheme.value;
  if (name == "orthogonal") return gain2 / std::max(fan_in, fan_out);
  return std::numeric_limits<double>::quiet_NaN();
}

void initialise(Param& param, const InitScheme& scheme, const Rng& rng) {
  const std::string_view name = canonical(scheme.name);
  const double gain = scheme.gain;
  const double fan_in = static_cast<double>(std::max<std::int64_t>(1, param.fan_in));
  const double fan_out = static_cast<double>(std::max<std::int64_t>(1, param.fan_out));

  for (const FanRule& rule : kFanRules) {
    if (rule.name != name) continue;
    const double fans = rule.both_fans ? fan_in + fan_out : fan_in;
    if (rule.normal) return fill_normal(param, rng, gain * std::sqrt(rule.numerator / fans));
    return fill_uniform(param, rng, gain * std::sqrt(3 * rule.numerator / fans));
  }
  if (name == "pytorch") return fill_uniform(param, rng, gain / std::sqrt(fan_in));
  if (name == "uniform") return fill_uniform(param, rng, gain * scheme.value);
  if (name == "normal") return fill_normal(param, rng, gain * scheme.value);
  if (name == "identity") return fill_identity(param, gain);
  if (name == "orthogonal") return fill_orthogonal(param, rng, gain);
  if (name == "delta_orthogonal") return fill_delta_orthogonal(param, rng, gain);
  const double constant = name == "constant" ? gain * scheme.value : 0.0;
  fill(param, [&](std::size_t) { return constant; });
}

}  // namespace plumb
