// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/activations/table.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

namespace plumb {

namespace {

const char* const kHe = "He et al. 2015";
const char* const kMeanField = "mean field, chi_1 = 1";
const char* const kHalfStable = "Roberts, Yaida and Hanin 2022";
const char* const kComputedHalfStable = "mean field, half-stable point";

double zero(double) { return 0; }

double sigmoid_second(double x) { return -ref::logistic_slope(x) * std::tanh(x / 2); }

double tanh_second(double x) { return -8 * std::tanh(x) * ref::logistic_slope(2 * x); }

double softsign_second(double x) {
  const double root = 1 / (1 + std::abs(x));
  return std::copysign(2 * root * root * root, -x);
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

double silu_second(double x) {
  const double slope = ref::logistic_slope(x);
  return slope == 0 ? 0 : 2 * slope + x * sigmoid_second(x);
}

// x T with T = tanh(log(1 + e^x)): 2 T' + x T'', both with the powers of e^x that overflow taken
// out, in t = e^-|x|.
double mish_second(double x) {
  const double t = std::exp(-std::abs(x));
  const double d = ref::Mish::divisor(x, t);
  const double t_second = x < 0 ? 4 * t * (2 + t * (2 - t * (3 + 2 * t))) / (d * d * d)
                                : -4 * t * t * (2 + t * (3 - t * (2 + 2 * t))) / (d * d * d);
  const double tail = t_second == 0 ? 0 : x * t_second;  // inf * 0 has the limit 0
  return 2 * ref::Mish::slope_of_tanh(x) + tail;
}

/// What all need: sup |f'| and the limits of f' on the left and right.
ActivationTraits slopes(double max_derivative, double low, double high) {
  ActivationTraits traits;
  traits.max_derivative = max_derivative;
  traits.low_slope = low;
  traits.high_slope = high;
  traits.saturates = traits.can_die = traits.odd = false;
  return traits;
}

/// Bounded on both sides.
ActivationTraits bounded(double max_derivative, bool odd) {
  ActivationTraits traits = slopes(max_derivative, 0, 0);
  traits.saturates = true;
  traits.odd = odd;
  return traits;
}

ActivationTraits with_gain(ActivationTraits traits, double gain, const char* source,
                           double log2_derivative) {
  traits.critical_gain = gain;
  traits.gain_source = source;
  traits.usual_log2_derivative = log2_derivative;
  return traits;
}

/// The gain that keeps gradients at small lengths, where f is no more than its two slopes at the
/// origin: He et al. 2015, eq. 10 and 15, for relu and leaky_relu. None where both slopes are 0.
ActivationTraits with_gain_at_origin(ActivationTraits traits, double left, double right,
                                     const char* source) {
  const double mean_square = 0.5 * (left * left + right * right);
  if (mean_square == 0) return traits;
  return with_gain(std::move(traits), 1 / std::sqrt(mean_square), source,
                   0.5 * std::log2(mean_square));
}

/// Smooth ones that go to 0 on the left and to the identity on the right. Their gain is that of the
/// half-stable point, where chi_1 and the slope of the length map are both 1: at zero bias chi_1 =
/// 1 only at length 0, which a network leaves.
ActivationTraits smooth_rectifier(double max_derivative, double gain, const char* source) {
  return with_gain(slopes(max_derivative, 0, 1), gain, source, -std::log2(gain));
}

ActivationDefinition leaky_relu(const ActivationArguments& a) {
  const double slope = a.numbers[0];
  ActivationTraits traits = slopes(std::max(1.0, std::abs(slope)), slope, 1);
  traits.can_die = slope == 0;
  traits.odd = slope == 1;
  return {.op = ref::LeakyRelu{slope},
          .second_derivative = zero,
          .kinks = {{0, 1 - slope}},
          .traits = with_gain_at_origin(std::move(traits), slope, 1, kHe)};
}

ActivationDefinition clamp(double low, double high) {
  ActivationTraits traits = bounded(1, low == -high);
  traits.can_die = true;
  const double left = low < 0 && high >= 0, right = low <= 0 && high > 0;
  // Where the origin is no inner point half of the derivatives of a healthy layer are 0, as relu's
  // are: that it is bounded then says nothing about its health.
  if (left * right == 0) traits.saturates.reset();
  return {.op = ref::Hardtanh{low, high},
          .second_derivative = zero,
          .kinks = {{low, 1}, {high, -1}},
          .traits = with_gain_at_origin(std::move(traits), left, right, kMeanField)};
}

std::string_view clamp_problem(const ActivationArguments& a) {
  if (a.given == 1) return "one limit given, expected none or both: hardtanh MIN MAX";
  if (a.numbers[0] < a.numbers[1]) return {};
  return "the minimum is not below the maximum, expected MIN < MAX";
}

ActivationDefinition scaled_elu(double alpha, double scale) {
  ActivationTraits traits = slopes(scale * std::max(1.0, std::abs(alpha)), 0, scale);
  traits.can_die = alpha == 0;
  return {.op = ref::ScaledElu{alpha, scale},
          .second_derivative = [=](double x) { return x > 0 ? 0 : scale * alpha * std::exp(x); },
          .kinks = {{0, scale * (1 - alpha)}},
          .traits = with_gain_at_origin(std::move(traits), scale * alpha, scale, kMeanField)};
}

ActivationDefinition selu(const ActivationArguments&) {
  ActivationDefinition f = scaled_elu(1.6732632423543772848, 1.0507009873554804935);
  // At this gain lengths return to 1, where E f'^2 is 1.0716: gradients grow a little.
  f.traits =
      with_gain(std::move(f.traits), 1, "Klambauer et al. 2017", 0.5 * std::log2(1.0715749924558));
  return f;
}

ActivationDefinition celu(const ActivationArguments& a) {
  const double alpha = a.numbers[0];
  return {.op = ref::Celu{alpha},
          .second_derivative = [=](double x) { return x > 0 ? 0 : std::exp(x / alpha) / alpha; },
          .kinks = {{0, 0}},
          .scale = std::min(1.0, alpha),
          .traits = with_gain_at_origin(slopes(1, 0, 1), 1, 1, kMeanField)};
}

ActivationDefinition gelu(const ActivationArguments& a) {
  if (a.word == "tanh") {
    return {.op = ref::GeluTanh{},
            .second_derivative = gelu_tanh_second,
            .traits = smooth_rectifier(1.1289930686587718, 1.40815064528661, kHalfStable)};
  }
  // sup f' = 1/2 + erf(1)/2 + 1/(e sqrt pi), at sqrt 2
  return {.op = ref::Gelu{},
          .second_derivative = gelu_second,
          .traits = smooth_rectifier(1.1289041451851549, 1.40821101310761, kHalfStable)};
}

ActivationDefinition hardswish(const ActivationArguments&) {
  ActivationTraits traits = smooth_rectifier(1.5, 1.40473826161405, kComputedHalfStable);
  traits.can_die = true;
  return {.op = ref::Hardswish{},
          .second_derivative = [](double x) { return std::abs(x) < 3 ? 1.0 / 3 : 0; },
          .kinks = {{-3, -0.5}, {3, -0.5}},
          .traits = std::move(traits)};
}

std::vector<ActivationRow> make_table() {
  using Arguments = ActivationArguments;
  using Definition = ActivationDefinition;
  return {
      {.name = "identity",
       .usage = "identity",
       .summary = "y = x",
       .examples = {"identity"},
       .define =
           [](const Arguments&) {
             ActivationTraits traits = slopes(1, 1, 1);
             traits.odd = true;
             return Definition{.op = ref::Identity{},
                               .second_derivative = zero,
                               .traits = with_gain_at_origin(traits, 1, 1, kMeanField)};
           }},
      {.name = "sigmoid",
       .alias = "logistic",
       .usage = "sigmoid",
       .summary = "y = 1 / (1 + e^-x)",
       .examples = {"sigmoid"},
       .define =
           [](const Arguments&) {
             return Definition{
                 .op = ref::Sigmoid{},
                 .second_derivative = sigmoid_second,
                 .traits = with_gain(bounded(0.25, false), 10.14926371, kMeanField, 0)};
           }},
      {.name = "tanh",
       .usage = "tanh",
       .summary = "y = tanh(x)",
       .examples = {"tanh"},
       .define =
           [](const Arguments&) {
             return Definition{.op = ref::Tanh{},
                               .second_derivative = tanh_second,
                               .traits = with_gain_at_origin(bounded(1, true), 1, 1, kMeanField)};
           }},
      {.name = "relu",
       .usage = "relu",
       .summary = "y = max(0, x)",
       .examples = {"relu"},
       .define =
           [](const Arguments&) {
             ActivationTraits traits = slopes(1, 0, 1);
             traits.can_die = true;
             return Definition{.op = ref::Relu{},
                               .second_derivative = zero,
                               .kinks = {{0, 1}},
                               .traits = with_gain_at_origin(traits, 0, 1, kHe)};
           }},
      {.name = "relu6",
       .usage = "relu6",
       .summary = "y = x clamped to [0, 6]",
       .examples = {"relu6"},
       .define = [](const Arguments&) { return clamp(0, 6); }},
      {.name = "leaky_relu",
       .usage = "leaky_relu [SLOPE=0.01]",
       .summary = "y = x for x > 0, SLOPE x otherwise",
       .numbers = {{"the slope", 0.01}},
       .examples = {"leaky_relu", "leaky_relu 0.2", "leaky_relu -1.5", "leaky_relu 0"},
       .define = leaky_relu},
      {.name = "prelu",
       .usage = "prelu [SLOPE=0.25]",
       .summary = "leaky_relu with one learned slope, SLOPE at the start",
       .numbers = {{"the slope", 0.25}},
       .examples = {"prelu", "prelu 0.1"},
       .define = leaky_relu},
      {.name = "elu",
       .usage = "elu [ALPHA=1]",
       .summary = "y = x for x > 0, ALPHA (e^x - 1) otherwise",
       .numbers = {{"alpha", 1}},
       .examples = {"elu", "elu 1.5", "elu 0.3"},
       .define = [](const Arguments& a) { return scaled_elu(a.numbers[0], 1); }},
      {.name = "celu",
       .usage = "celu [ALPHA=1]",
       .summary = "y = x for x > 0, ALPHA (e^(x/ALPHA) - 1) otherwise",
       .numbers = {{"alpha", 1}},
       .examples = {"celu", "celu 0.5", "celu 1.7"},
       .problem = [](const Arguments& a) -> std::string_view {
         return a.numbers[0] > 0 ? "" : "alpha is not above 0, expected ALPHA > 0";
       },
       .define = celu},
      {.name = "selu",
       .usage = "selu",
       .summary = "elu, scaled to be self-normalising",
       .examples = {"selu"},
       .define = selu},
      {.name = "gelu",
       .usage = "gelu [approximate=none|tanh]",
       .summary = "y = x Phi(x)",
       .option = "approximate",
       .words = {"none", "tanh"},
       .examples = {"gelu", "gelu approximate=tanh"},
       .define = gelu},
      {.name = "silu",
       .alias = "swish",
       .usage = "silu",
       .summary = "y = x sigmoid(x)",
       .examples = {"silu"},
       .define =
           [](const Arguments&) {
             return Definition{
                 .op = ref::Silu{},
                 .second_derivative = silu_second,
                 .traits = smooth_rectifier(1.0998393201288670, 1.40996619756273, kHalfStable)};
           }},
      {.name = "hardswish",
       .alias = "hard_swish",
       .usage = "hardswish",
       .summary = "y = x min(max(x + 3, 0), 6) / 6",
       .examples = {"hardswish"},
       .define = hardswish},
      {.name = "mish",
       .usage = "mish",
       .summary = "y = x tanh(log(1 + e^x))",
       .examples = {"mish"},
       .define =
           [](const Arguments&) {
             return Definition{.op = ref::Mish{},
                               .second_derivative = mish_second,
                               .traits = smooth_rectifier(1.0884981612517279, 1.41898698715652,
                                                          kComputedHalfStable)};
           }},
      {.name = "softplus",
       .usage = "softplus",
       .summary = "y = log(1 + e^x)",
       .examples = {"softplus"},
       .define =
           [](const Arguments&) {
             // chi_1 = 1 nowhere: its lengths grow without bound first.
             ActivationTraits traits = slopes(1, 0, 1);
             traits.usual_log2_derivative = 0;
             return Definition{.op = ref::Softplus{},
                               .second_derivative = ref::logistic_slope<double>,
                               .traits = std::move(traits)};
           }},
      {.name = "exponential",
       .alias = "exp",
       .usage = "exponential",
       .summary = "y = e^x",
       .examples = {"exponential"},
       .define =
           [](const Arguments&) {
             // Neither f' nor its limit on the right is bounded, and no length at which chi_1 = 1
             // attracts: at those that do, it is 1/2 at most.
             ActivationTraits traits;
             traits.low_slope = 0;
             traits.saturates = traits.can_die = traits.odd = false;
             traits.usual_log2_derivative = 0;
             return Definition{.op = ref::Exponential{},
                               .second_derivative = [](double x) { return std::exp(x); },
                               .growth = 1,
                               .traits = std::move(traits)};
           }},
      {.name = "softsign",
       .usage = "softsign",
       .summary = "y = x / (1 + |x|)",
       .examples = {"softsign"},
       .define =
           [](const Arguments&) {
             return Definition{.op = ref::Softsign{},
                               .second_derivative = softsign_second,
                               .kinks = {{0, 0}},
                               .traits = with_gain_at_origin(bounded(1, true), 1, 1, kMeanField)};
           }},
      {.name = "hardtanh",
       .usage = "hardtanh [MIN MAX]",
       .summary = "y = x clamped to [MIN, MAX], by default [-1, 1]",
       .numbers = {{"the minimum", -1}, {"the maximum", 1}},
       .examples = {"hardtanh", "hardtanh -0.5 1.5", "hardtanh 0 2"},
       .problem = clamp_problem,
       .define = [](const Arguments& a) { return clamp(a.numbers[0], a.numbers[1]); }},
  };
}

}  // namespace

ActivationArguments ActivationRow::defaults() const {
  ActivationArguments result;
  for (std::size_t i = 0; i < numbers.size(); ++i) result.numbers[i] = numbers[i].otherwise;
  if (!words.empty()) result.word = words.front();
  return result;
}

std::span<const ActivationRow> activation_table() {
  static const std::vector<ActivationRow> table = make_table();
  return table;
}

const ActivationRow* find_activation(std::string_view name) {
  for (const ActivationRow& row : activation_table()) {
    if (name == row.name || (!row.alias.empty() && name == row.alias)) return &row;
  }
  return nullptr;
}

}  // namespace plumb
