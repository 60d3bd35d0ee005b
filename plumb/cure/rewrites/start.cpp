// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/start.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "plumb/cure/chain_edit.h"
#include "plumb/cure/rounded.h"
#include "plumb/theory/start.h"

namespace plumb {

namespace {

constexpr double kSqrt2 = 1.4142135623730951;
constexpr const char* kLoaded = "the weights come from a file";

bool is_near(double a, double b) { return std::abs(a - b) < 1e-6; }

void set_gain(TrainConfig& config, double gain) {
  config.gain = 1;
  if (is_near(gain, kSqrt2)) {
    config.init = "he_normal";
    return;
  }
  config.init = "lecun_normal";
  if (!is_near(gain, 1)) config.gain = rounded(gain, 5);
}

std::string bias_text(double bias_std) {
  return bias_std > 0 ? fmt::format("normal:{:.4g}", bias_std) : std::string("zeros");
}

}  // namespace

Rewritten initialise_critically(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  config.weights.clear();
  const std::string* const scheme = text_of(arguments, "scheme");
  const double* const gain = number_of(arguments, "gain");
  if (scheme != nullptr) {
    config.init = *scheme;
    config.gain = 1;
    config.bias_init = "zeros";
    // A gain beside a scheme is the standard deviation of the weights that the two make together.
    if (gain != nullptr && *scheme == "lecun_normal") config.gain = *gain;
    return Rewritten::to(std::move(config));
  }
  const std::string activation = usual_activation(items_of(config.network));
  const std::optional<theory::CriticalStart> start =
      gain != nullptr ? theory::CriticalStart{*gain} : theory::critical_start(activation);
  if (!start) return Rewritten::refuse(activation + " has no critical gain within reach");
  set_gain(config, start->gain);
  config.bias_init = bias_text(start->bias_std);
  return Rewritten::to(std::move(config));
}

Rewritten start_randomly(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  config.weights.clear();
  config.init = "glorot_normal";
  config.gain = 1;
  config.bias_init = "zeros";
  return Rewritten::to(std::move(config));
}

Rewritten start_orthogonally(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  config.weights.clear();
  const Items items = items_of(config.network);
  const std::string activation = usual_activation(items);
  const double* const gain = number_of(arguments, "gain");
  const std::optional<theory::CriticalStart> start =
      gain != nullptr ? theory::CriticalStart{*gain} : theory::critical_start(activation);
  if (!start) return Rewritten::refuse(activation + " has no critical gain within reach");
  bool has_conv = false;
  Items copy = items;
  visit_layers(copy, [&](SpecItem& item) { has_conv = has_conv || item.name.text == "conv"; });
  config.init = has_conv ? "delta_orthogonal" : "orthogonal";
  config.gain = rounded(start->gain, 5);
  config.bias_init = bias_text(start->bias_std);
  return Rewritten::to(std::move(config));
}

Rewritten start_with_fixup(const Patient& patient, const CureArguments&) {
  const Items items = items_of(patient.config.network);
  if (count_layers(items, ItemRole::residual) == 0) return Rewritten::refuse("no residual block");
  if (count_layers(items, ItemRole::normalisation) > 0) {
    return Rewritten::refuse("it is for networks without normalisation");
  }
  // A scale of 0 in front of a layer of zeros would never move.
  if (network_text(items).find("rezero") != std::string::npos) {
    return Rewritten::refuse("the branches start at zero already");
  }
  TrainConfig config = patient.config;
  config.weights.clear();
  config.init = "fixup";
  config.gain = 1;
  config.bias_init = "zeros";
  return Rewritten::to(std::move(config));
}

Rewritten start_afresh(const Patient& patient, const CureArguments&) {
  if (patient.config.weights.empty()) return Rewritten::refuse("no weights are loaded");
  TrainConfig config = patient.config;
  config.weights.clear();
  return Rewritten::to(std::move(config));
}

Rewritten start_biases(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  if (!config.weights.empty()) return Rewritten::refuse(kLoaded);
  const double* const value = number_of(arguments, "value");
  config.bias_init = value == nullptr || *value == 0 ? std::string("zeros")
                                                     : fmt::format("constant:{:.4g}", *value);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
