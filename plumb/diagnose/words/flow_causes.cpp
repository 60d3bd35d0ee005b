// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/flow_causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

/// "the gain of its weight", by the factor that is out of line.
const char* odd_factor(CauseKind kind) {
  switch (kind) {
    case CauseKind::odd_derivative: return "its derivative f'";
    case CauseKind::odd_normalisation: return "what its normalisation makes of the gradient";
    case CauseKind::odd_branch: return "what the block makes of the gradient";
    default: return "the gain of its weight";
  }
}

}  // namespace

bool is_loss(const Telling& telling) { return telling.value(Quantity::flow_log2) < 0; }

std::string size_at(const Telling& telling, Quantity quantity) {
  return size_text(telling.value(quantity));
}

std::string share_text(const Telling& telling) {
  const double share = telling.finding.cause.share;
  return share > 1.0 ? "more than all of it (the rest makes up for some)"
                     : percent_text(share) + " of it";
}

std::string activation_at(const Telling& telling) {
  return telling.kind_at(telling.finding.cause.place, "a linear layer");
}

std::string derivative_text(const Telling& telling) {
  const double mean = telling.value(Quantity::mean_log2_derivative);
  const double usual = telling.value(Quantity::usual_log2_derivative);
  const double most = telling.value(Quantity::max_log2_derivative);
  std::string text = fmt::format("The activation derivative does {}: f' of {} averages {} a layer",
                                 share_text(telling), activation_at(telling), size_text(mean));
  // At half of what the activation can pass at its best, it sits in its flat parts.
  if (most < -0.5) {
    text += fmt::format(" and is never above {}", size_text(most));
  } else if (usual < 0) {
    text += fmt::format(" where {} is normal", size_text(usual));
  } else if (mean < most - 1.0) {
    text += ", for it is saturated";
  }
  return text +
         fmt::format("; the weights multiply by {}.", size_at(telling, Quantity::mean_log2_gain));
}

std::string weight_text(const Telling& telling) {
  // The gain that the advice names, where there is one; else what makes the usual f' good.
  const double usual = telling.value(Quantity::usual_log2_derivative);
  const double needed = telling.has(Quantity::critical_gain)
                            ? std::log2(telling.value(Quantity::critical_gain))
                        : std::isnan(usual) ? 0.0
                                            : -usual;
  std::string text =
      fmt::format("The size of the weights does {}: a layer's gain averages {} where {} needs {}.",
                  share_text(telling), size_at(telling, Quantity::mean_log2_gain),
                  activation_at(telling), size_text(needed));
  const double derivative = std::abs(telling.value(Quantity::derivative_log2));
  if (derivative >= 0.25 * std::abs(telling.value(Quantity::weight_log2))) {
    text += fmt::format(" The activation derivative ({} a layer) has a part in it too.",
                        size_at(telling, Quantity::mean_log2_derivative));
  }
  return text;
}

std::string together_text(const Telling& telling) {
  return fmt::format(
      "The weights{} and the activation derivatives together do {}: with f' averaging {} and a "
      "gain "
      "of {} a layer multiplies by {}. What is normal for {} is not known, so the one cannot be "
      "blamed before the other.",
      telling.has(Quantity::normalisations) ? ", the normalisation that undoes their size" : "",
      share_text(telling), size_at(telling, Quantity::mean_log2_derivative),
      size_at(telling, Quantity::mean_log2_gain),
      size_at(telling, Quantity::together_log2_per_layer), activation_at(telling));
}

std::string normalisation_text(const Telling& telling) {
  std::string text = fmt::format(
      "The normalisation, with the weights whose size it undoes, does {}: a layer multiplies by "
      "{}.",
      share_text(telling), size_at(telling, Quantity::normalisation_log2_per_layer));
  const bool halves = std::abs(telling.value(Quantity::usual_log2_derivative) + 0.5) < 1e-6;
  if (!is_loss(telling) && halves) {
    text +=
        " Behind batch normalisation with relu about 1.21 is the law of random weights (Yang et "
        "al. 2019).";
  }
  return text;
}

std::string residual_text(const Telling& telling) {
  const std::vector<BlockInfo>& blocks = telling.info.blocks;
  const bool gated = std::any_of(blocks.begin(), blocks.end(),
                                 [](const BlockInfo& block) { return block.kind == "highway"; });
  return fmt::format(
      "The residual blocks do {}: each of {} multiplies the gradient by {}, because its {} its "
      "shortcut.",
      share_text(telling), telling.count(Quantity::residual_blocks),
      size_at(telling, Quantity::residual_log2_per_block),
      !is_loss(telling) ? "branch adds to"
      : gated           ? "gate or branch takes part of"
                        : "branch cancels part of");
}

std::string odd_text(const Telling& telling, const std::string& where) {
  std::string text = fmt::format("At {}, {} is {}", where, odd_factor(telling.finding.cause.kind),
                                 size_at(telling, Quantity::own_gain_log2));
  const long long others = telling.count(Quantity::others);
  if (others == 0) return text + ", and no other layer has the like.";
  return text + fmt::format(", that of the {} others has a median of {}: {} times as much.", others,
                            size_at(telling, Quantity::usual_gain_log2),
                            size_at(telling, Quantity::odd_log2));
}

std::string single_text(const Telling& telling) {
  const Place& place = telling.finding.cause.place;
  const long long layers = telling.count(Quantity::layers_affected);
  if (layers < 2) {
    return fmt::format("{} alone does {}", capitalised(telling.names.where(place)),
                       share_text(telling));
  }
  return fmt::format("The {} layers of {} do {}, {} most", layers,
                     telling.kind_at(place, "its kind"), share_text(telling),
                     telling.names.where(place));
}

std::string row_text(const Telling& telling) {
  const LayerId layer = layer_at(telling.info, telling.finding.cause.place);
  const std::int64_t units = layer == kNoLayer ? 0 : telling.info.layer(layer).units;
  std::string text = single_text(telling) +
                     ": it multiplies the gradient by its outputs, which add up to 1 over each row";
  if (units > 1) text += fmt::format(" (1/{} each, where none stands out)", units);
  return text + ", and takes away what is common to the row.";
}

}  // namespace plumb::words
