// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/tailored.h"

#include <fmt/format.h>

#include "plumb/cure/chain_edit.h"
#include "plumb/cure/rewrites/activation.h"
#include "plumb/cure/rounded.h"
#include "plumb/theory/leaky_relu.h"

namespace plumb {

namespace {

constexpr std::int64_t kFewestLayers = 8;
constexpr double kUsualTarget = 0.9;

}  // namespace

Rewritten tailor_activation(const Patient& patient, const CureArguments& arguments) {
  const Items items = items_of(patient.config.network);
  if (count_layers(items, ItemRole::residual) + count_layers(items, ItemRole::normalisation) +
          count_layers(items, ItemRole::recurrent) >
      0) {
    return Rewritten::refuse("it is for chains without joins, normalisation or recurrent layers");
  }
  const std::int64_t layers = count_layers(items, ItemRole::activation);
  if (layers < kFewestLayers) {
    return Rewritten::refuse(fmt::format("it is for {} activations or more", kFewestLayers));
  }
  const double* const target = number_of(arguments, "correlation");
  const double slope =
      theory::tailored_slope(static_cast<int>(layers), target == nullptr ? kUsualTarget : *target);
  if (slope == 0) return Rewritten::refuse("relu itself keeps inputs apart over this depth");
  const std::string activation = fmt::format("leaky_relu {:.5g}", slope);
  Rewritten replaced = replace_activation(patient, {{"activation", activation}});
  if (!replaced.config) return replaced;
  TrainConfig config = *replaced.config;
  config.weights.clear();
  bool has_conv = false;
  Items changed = items_of(config.network);
  visit_layers(changed, [&](SpecItem& item) { has_conv = has_conv || item.name.text == "conv"; });
  config.init = has_conv ? "delta_orthogonal" : "orthogonal";
  config.gain = rounded(theory::leaky_relu_gain(slope), 7);
  config.bias_init = "zeros";
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
