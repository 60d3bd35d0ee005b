// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/output_end.h"

#include <cmath>
#include <string_view>

namespace plumb {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct NamedRange {
  std::string_view function;
  OutputRange range;
};

/// By the names of theory::make_activation.
constexpr NamedRange kRanges[] = {{"sigmoid", {0, 1}},
                                  {"hardsigmoid", {0, 1}},
                                  {"tanh", {-1, 1}},
                                  {"hardtanh", {-1, 1}},
                                  {"softsign", {-1, 1}},
                                  {"relu", {0, kInfinity}},
                                  {"softplus", {0, kInfinity}},
                                  {"relu6", {0, 6}},
                                  {"softmax", {0, 1}},
                                  {"elu", {-1, kInfinity}},
                                  {"exponential", {0, kInfinity}}};

std::optional<OutputRange> range_of(std::string_view function) {
  for (const NamedRange& one : kRanges) {
    if (one.function == function) return one.range;
  }
  return std::nullopt;
}

bool passes_everything(const LayerInfo& layer) {
  return layer.traits && layer.traits->low_slope == 1 && layer.traits->high_slope == 1;
}

}  // namespace

bool OutputRange::is_bounded() const { return std::isfinite(low) && std::isfinite(high); }

OutputEnd output_end(const RunInfo& info) {
  LayerId layer = output_layer(info);
  while (layer != kNoLayer && info.layer(layer).family == LayerFamily::shape &&
         info.layer(layer).inputs.size() == 1) {
    layer = info.layer(layer).inputs[0].from;
  }
  if (layer == kNoLayer) return {};
  const LayerInfo& one = info.layer(layer);
  const bool known = one.family == LayerFamily::activation ? one.traits && !passes_everything(one)
                                                           : one.function == "softmax";
  return known ? OutputEnd{layer, range_of(one.function)} : OutputEnd{};
}

bool is_loss_of_distance(const RunInfo& info) {
  const std::string_view loss = info.loss;
  return loss == "mse" || loss == "l1" || loss == "smooth_l1" || loss == "huber";
}

}  // namespace plumb
