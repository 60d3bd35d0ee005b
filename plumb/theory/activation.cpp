// SPDX-License-Identifier: Apache-2.0
#include "plumb/theory/activation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/kernels/ref/gelu.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/smooth.h"

namespace plumb::theory {

namespace {

/// The words behind the name.
struct Arguments {
  std::string name;
  std::vector<double> numbers;
  std::vector<std::pair<std::string, std::string>> options;
};

std::optional<double> parse_number(std::string_view word) {
  double value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc() || result.ptr != word.data() + word.size() ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(' ', begin)) != text.npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

Arguments parse(std::string_view text) {
  Arguments result;
  const auto words = words_of(text);
  if (words.empty()) throw SpecError("activation: empty, expected a name such as tanh");
  result.name = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (const std::size_t equal = words[i].find('='); equal != std::string_view::npos) {
      result.options.emplace_back(words[i].substr(0, equal), words[i].substr(equal + 1));
    } else if (const auto number = parse_number(words[i])) {
      result.numbers.push_back(*number);
    } else {
      throw SpecError("activation '" + std::string(text) + "': '" + std::string(words[i]) +
                      "', expected a finite number");
    }
  }
  return result;
}

template <class Op, class Second>
Activation from_kernel(const Op& op, Second second, std::vector<Kink> kinks = {}) {
  return {.name = {},
          .value = [op](double x) { return op.value(x); },
          .derivative = [op](double x) { return op.vjp(x, op.value(x), 1.0); },
          .second_derivative = second,
          .kinks = std::move(kinks)};
}

double zero(double) { return 0; }

double sigmoid_second(double x) { return -ref::logistic_slope(x) * std::tanh(x / 2); }

Activation make_sigmoid(const Arguments&) { return from_kernel(ref::Sigmoid{}, sigmoid_second); }

Activation make_tanh(const Arguments&) {
  return from_kernel(ref::Tanh{},
                     [](double x) { return -8 * std::tanh(x) * ref::logistic_slope(2 * x); });
}

Activation make_identity(const Arguments&) { return from_kernel(ref::Identity{}, zero); }

Activation make_relu(const Arguments&) { return from_kernel(ref::Relu{}, zero, {{0, 1}}); }

Activation make_slope(double slope) {
  return from_kernel(ref::LeakyRelu{slope}, zero, {{0, 1 - slope}});
}
Activation make_leaky_relu(const Arguments& a) {
  return make_slope(a.numbers.empty() ? 0.01 : a.numbers[0]);
}
Activation make_prelu(const Arguments&) { return make_slope(0.25); }

Activation make_scaled_elu(double alpha, double scale) {
  const auto second = [=](double x) { return x > 0 ? 0 : scale * alpha * std::exp(x); };
  return from_kernel(ref::ScaledElu{alpha, scale}, second, {{0, scale * (1 - alpha)}});
}
Activation make_elu(const Arguments& a) {
  return make_scaled_elu(a.numbers.empty() ? 1 : a.numbers[0], 1);
}
Activation make_selu(const Arguments&) {
  return make_scaled_elu(1.6732632423543772848, 1.0507009873554804935);
}

double gelu_second(double x) {
  const double density = std::exp(-x * x / 2) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return density == 0 ? 0 : density * (2 - x * x);
}

// x L(u) with the logistic function L and u = x (a + b x^2).
double gelu_tanh_second(double x) {
  constexpr double a = ref::GeluTanh::kLinear, b = ref::GeluTanh::kCubic;
  const double u = x * (a + b * x * x);
  const double slope = ref::logistic_slope(u);
  if (slope == 0) return 0;
  const double u1 = a + 3 * b * x * x;
  const double u2 = 6 * b * x;
  return 2 * slope * u1 + x * (sigmoid_second(u) * u1 * u1 + slope * u2);
}

Activation make_gelu(const Arguments& a) {
  for (const auto& [key, value] : a.options) {
    if (value == "tanh") return from_kernel(ref::GeluTanh{}, gelu_tanh_second);
    if (value != "none") {
      throw SpecError("gelu: approximate is '" + value + "', expected none or tanh");
    }
  }
  return from_kernel(ref::Gelu{}, gelu_second);
}

Activation make_silu(const Arguments&) {
  return from_kernel(ref::Silu{}, [](double x) {
    const double slope = ref::logistic_slope(x);
    return slope == 0 ? 0 : 2 * slope + x * sigmoid_second(x);
  });
}

Activation make_softplus(const Arguments&) {
  return from_kernel(ref::Softplus{}, ref::logistic_slope<double>);
}

Activation make_softsign(const Arguments&) {
  const auto second = [](double x) {
    const double root = 1 / (1 + std::abs(x));
    return std::copysign(2 * root * root * root, -x);
  };
  return from_kernel(ref::Softsign{}, second, {{0, 0}});
}

Activation make_hardtanh(const Arguments& a) {
  if (a.numbers.size() == 1) throw SpecError("hardtanh: one number, expected MIN and MAX or none");
  const double low = a.numbers.empty() ? -1 : a.numbers[0];
  const double high = a.numbers.empty() ? 1 : a.numbers[1];
  if (!(low < high)) throw SpecError("hardtanh: MIN is not below MAX");
  return from_kernel(ref::Hardtanh{low, high}, zero, {{low, 1}, {high, -1}});
}

struct Entry {
  std::string_view name;
  std::string_view alias;
  std::size_t most_numbers;
  std::string_view option;
  Activation (*make)(const Arguments&);
};

constexpr Entry kActivations[] = {{"identity", "linear", 0, "", make_identity},
                                  {"sigmoid", "logistic", 0, "", make_sigmoid},
                                  {"tanh", "", 0, "", make_tanh},
                                  {"relu", "", 0, "", make_relu},
                                  {"leaky_relu", "", 1, "", make_leaky_relu},
                                  {"prelu", "", 0, "", make_prelu},
                                  {"elu", "", 1, "", make_elu},
                                  {"selu", "", 0, "", make_selu},
                                  {"gelu", "", 0, "approximate", make_gelu},
                                  {"silu", "swish", 0, "", make_silu},
                                  {"softplus", "", 0, "", make_softplus},
                                  {"softsign", "", 0, "", make_softsign},
                                  {"hardtanh", "", 2, "", make_hardtanh}};

const Entry* find(std::string_view name) {
  for (const Entry& entry : kActivations) {
    if (name == entry.name || (!entry.alias.empty() && name == entry.alias)) return &entry;
  }
  return nullptr;
}

}  // namespace

const std::vector<std::string_view>& activation_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> result;
    for (const Entry& entry : kActivations) result.push_back(entry.name);
    return result;
  }();
  return names;
}

bool knows_activation(std::string_view text) {
  const auto words = words_of(text);
  return !words.empty() && find(words.front()) != nullptr;
}

Activation make_activation(std::string_view text) {
  const Arguments arguments = parse(text);
  const Entry* const entry = find(arguments.name);
  if (entry == nullptr) {
    std::string known;
    for (const std::string_view name : activation_names()) {
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    throw SpecError("activation: unknown name '" + arguments.name + "', expected one of " + known);
  }
  if (arguments.numbers.size() > entry->most_numbers) {
    throw SpecError("activation '" + std::string(text) +
                    "': " + std::to_string(arguments.numbers.size()) +
                    " numbers, expected at most " + std::to_string(entry->most_numbers));
  }
  for (const auto& [key, value] : arguments.options) {
    if (key != entry->option || entry->option.empty()) {
      throw SpecError("activation '" + std::string(text) + "': unknown option '" + key + "'");
    }
  }
  Activation result = entry->make(arguments);
  result.name = text;
  return result;
}

}  // namespace plumb::theory
