// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/legacy_words.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace plumb::store {

namespace {

constexpr double kSqrt2 = 1.4142135623730951;
constexpr double kSeluScale = 1.0507009873554805;  // Klambauer et al. 2017
constexpr const char* kMeanField = "mean field, chi_1 = 1";
constexpr const char* kHe = "He et al. 2015";
constexpr const char* kHalfStable = "Roberts, Yaida and Hanin 2022";

struct Row {
  std::string_view kind;
  double low_slope, high_slope;
  bool saturates, can_die, odd;
  double usual_log2_derivative;
  double critical_gain;  ///< 0: none worth recommending
  const char* gain_source;
};

constexpr std::array kTable{
    Row{"relu", 0, 1, false, true, false, -0.5, kSqrt2, kHe},
    Row{"sigmoid", 0, 0, true, false, false, 0, 10.149, kMeanField},
    Row{"tanh", 0, 0, true, false, true, 0, 1, kMeanField},
    Row{"hardtanh", 0, 0, true, true, true, 0, 1, kMeanField},
    Row{"softsign", 0, 0, true, false, true, 0, 1, kMeanField},
    Row{"elu", 0, 1, false, false, false, 0, 1, kMeanField},
    Row{"selu", 0, kSeluScale, false, false, false, 0, 1, "Klambauer et al. 2017"},
    Row{"gelu", 0, 1, false, false, false, -0.494, 1.408, kHalfStable},
    Row{"silu", 0, 1, false, false, false, -0.496, 1.410, kHalfStable},
    Row{"softplus", 0, 1, false, false, false, 0, 0, ""},
    Row{"identity", 1, 1, false, false, true, 0, 1, ""},
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The value of "key=value" among the words.
std::optional<std::string_view> option(const std::vector<std::string_view>& words,
                                       std::string_view key) {
  for (const std::string_view word : words) {
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<double> number_option(const std::vector<std::string_view>& words,
                                    std::string_view key) {
  const auto text = option(words, key);
  return text ? number_of(*text) : std::nullopt;
}

std::int64_t steps_option(const std::vector<std::string_view>& words, std::string_view key) {
  const double steps = number_option(words, key).value_or(0);
  return steps >= 1 && steps < 1e15 ? std::llround(steps) : 0;
}

ActivationTraits leaky(double slope) {
  const double mean_square = 0.5 * (1 + slope * slope);  // He et al. 2015, eq. 15
  ActivationTraits traits;
  traits.low_slope = slope;
  traits.high_slope = 1;
  traits.saturates = traits.can_die = traits.odd = false;
  traits.usual_log2_derivative = 0.5 * std::log2(mean_square);
  traits.critical_gain = 1 / std::sqrt(mean_square);
  traits.gain_source = kHe;
  return traits;
}

std::optional<ActivationTraits> traits_from_words(const LayerInfo& layer) {
  const auto words = words_of(layer.text);
  if (layer.kind == "leaky_relu") {
    constexpr double kUsualSlope = 0.01;
    const auto slope = words.size() > 1 ? number_of(words[1]) : kUsualSlope;
    if (!slope) return std::nullopt;
    return leaky(*slope);
  }
  if (layer.kind == "prelu") {
    constexpr double kFirstSlope = 0.25;
    ActivationTraits traits = leaky(kFirstSlope);
    traits.low_slope.reset();  // it learns its slope
    return traits;
  }
  for (const Row& row : kTable) {
    if (row.kind != layer.kind) continue;
    ActivationTraits traits;
    traits.low_slope = row.low_slope;
    traits.high_slope = row.high_slope;
    traits.saturates = row.saturates;
    traits.can_die = row.can_die;
    traits.odd = row.odd;
    // hardtanh MIN MAX
    if (words.size() == 3) traits.odd.reset();
    traits.usual_log2_derivative = row.usual_log2_derivative;
    if (row.critical_gain > 0) traits.critical_gain = row.critical_gain;
    traits.gain_source = row.gain_source;
    return traits;
  }
  return std::nullopt;
}

CellFacts cell_from_words(const LayerInfo& layer) {
  const auto words = words_of(layer.text);
  CellFacts cell;
  cell.truncated_steps = steps_option(words, "bptt");
  cell.memory_steps = steps_option(words, "chrono");
  cell.forget_bias = number_option(words, "forget_bias");
  cell.gain = number_option(words, "gain");
  cell.orthogonal_start = option(words, "recurrent") == "orthogonal";
  cell.identity_start = option(words, "recurrent") == "identity";
  if (layer.kind == "rnn") {
    cell.state_activation = option(words, "act").value_or("tanh");
    for (const std::string_view word : words) {
      if (word != "irnn" && word != "irnn=true") continue;
      cell.identity_start = true;
      cell.state_activation = "relu";
    }
  }
  return cell;
}

}  // namespace

void describe_from_words(double max_derivative, LayerInfo& layer) {
  if (layer.family == LayerFamily::recurrent) layer.cell = cell_from_words(layer);
  if (layer.family == LayerFamily::other && layer.kind == "softmax") layer.function = layer.kind;
  if (layer.family != LayerFamily::activation) return;
  layer.traits = traits_from_words(layer);
  if (!layer.traits) return;
  layer.traits->max_derivative = max_derivative;
  layer.function = layer.text;
}

ParamUse use_from_words(const LayerInfo& owner, std::string_view param) {
  if (param.starts_with("weight_ih")) return ParamUse::weight;
  if (param.starts_with("weight_hh")) return ParamUse::recurrent_weight;
  if (param.starts_with("bias_ih")) return ParamUse::bias;
  if (param.starts_with("bias_hh")) return ParamUse::recurrent_bias;
  const bool normalises = owner.family == LayerFamily::normalisation;
  if (param == "weight") {
    if (owner.family == LayerFamily::activation) return ParamUse::slope;
    return normalises ? ParamUse::scale : ParamUse::weight;
  }
  if (param == "bias") return normalises ? ParamUse::shift : ParamUse::bias;
  return param == "alpha" ? ParamUse::scale : ParamUse::other;
}

}  // namespace plumb::store
