// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/activation_facts.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

namespace plumb {

namespace {

constexpr double kSqrt2 = 1.4142135623730951;
constexpr std::string_view kMeanField = "mean field, chi_1 = 1";
constexpr std::string_view kHe = "He et al. 2015";
constexpr std::string_view kHalfStable = "Roberts, Yaida and Hanin 2022";

struct Row {
  std::string_view kind;
  ActivationFacts facts;
};

constexpr std::array kTable{
    Row{"relu", {false, true, -0.5, kSqrt2, kHe}},
    Row{"sigmoid", {true, false, 0, 10.149, kMeanField}},
    Row{"tanh", {true, false, 0, 1, kMeanField}},
    Row{"hardtanh", {true, true, 0, 1, kMeanField}},
    Row{"softsign", {true, false, 0, 1, kMeanField}},
    Row{"elu", {false, false, 0, 1, kMeanField}},
    Row{"selu", {false, false, 0, 1, "Klambauer et al. 2017"}},
    Row{"gelu", {false, false, -0.494, 1.408, kHalfStable}},
    Row{"silu", {false, false, -0.496, 1.410, kHalfStable}},
    Row{"softplus", {false, false, 0, 0, ""}},
};

/// "leaky_relu 0.2" -> 0.2; the usual slope without a number.
double leaky_slope(const LayerInfo& layer) {
  const auto digits = layer.text.find_first_of("0123456789.");
  if (digits == std::string::npos) return layer.kind == "prelu" ? 0.25 : 0.01;
  return std::atof(layer.text.c_str() + digits);
}

}  // namespace

ActivationFacts activation_facts(const LayerInfo& layer) {
  for (const Row& row : kTable) {
    if (row.kind == layer.kind) return row.facts;
  }
  if (layer.kind == "leaky_relu" || layer.kind == "prelu") {
    const double slope = leaky_slope(layer);
    const double mean_square = 0.5 * (1 + slope * slope);  // He et al. 2015, eq. 15
    return {false, false, 0.5 * std::log2(mean_square), 1 / std::sqrt(mean_square), kHe};
  }
  return {};
}

}  // namespace plumb
