// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/depth_flow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <unordered_map>

#include "plumb/diagnose/activation_facts.h"
#include "plumb/flow/layer_tree.h"

namespace plumb {

namespace {

struct Place {
  const LayerInfo* layer = nullptr;
  const LayerInfo* below = nullptr;  // its predecessor on the main chain
};

double width_step(const Place& place) {
  if (place.below == nullptr || place.below->units <= 0 || place.layer->units <= 0) return 0;
  return 0.5 * std::log2(static_cast<double>(place.below->units) /
                         static_cast<double>(place.layer->units));
}

/// The excess of each kind, to find the one that did most.
struct KindTally {
  double excess = 0;
  int layers = 0;
};

void book(const Place& place, const LedgerEntry& entry, DepthFlow& flow, int& linear,
          int& activations, std::unordered_map<std::string, KindTally>& kinds) {
  for (const LedgerPart& part : entry.parts) {
    switch (part.cause) {
      case Cause::weight_scale: {
        const double gain = part.log2 + width_step(place);
        flow.weight += gain;
        flow.mean_log2_gain += gain;
        ++linear;
        break;
      }
      case Cause::activation_derivative: {
        const double normal = activation_facts(*place.layer).expected_log2_derivative;
        flow.derivative += part.log2 - normal;
        flow.weight += normal;
        flow.mean_log2_derivative += part.log2;
        ++activations;
        KindTally& tally = kinds[place.layer->kind];
        tally.excess += part.log2 - normal;
        ++tally.layers;
        break;
      }
      case Cause::weight_alignment:
      case Cause::derivative_alignment: flow.alignment += part.log2; break;
      case Cause::residual_shortcut:
        flow.residual += part.log2 + width_step(place);
        ++flow.residual_blocks;
        break;
      case Cause::residual_branch:
      case Cause::residual_gate: flow.residual += part.log2; break;
      case Cause::normalisation:
        flow.normalisation += part.log2 + width_step(place);
        ++flow.normalisations;
        break;
      case Cause::dropout:
      case Cause::shape:
      case Cause::pooling: flow.other += part.log2 + width_step(place); break;
      case Cause::recurrence: flow.recurrence += part.log2 + width_step(place); break;
    }
  }
}

std::string strongest_kind(const std::unordered_map<std::string, KindTally>& kinds) {
  const auto stronger = [](const auto& a, const auto& b) {
    return std::pair(std::abs(a.second.excess), a.second.layers) <
           std::pair(std::abs(b.second.excess), b.second.layers);
  };
  const auto it = std::max_element(kinds.begin(), kinds.end(), stronger);
  return it == kinds.end() ? std::string() : it->first;
}

}  // namespace

DepthFlow depth_flow(const RunInfo& info, const Ledger& ledger,
                     const std::unordered_set<std::string_view>& waking) {
  const LayerTree tree(info);
  const LayerTree::Chain& chain = tree.chain("");
  std::unordered_map<std::string_view, Place> places;
  const LayerInfo* lowest = nullptr;
  std::size_t top_index = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    places[chain[i]->path] = {chain[i], i > 0 ? chain[i - 1] : nullptr};
    const bool has_weights =
        chain[i]->family == LayerFamily::linear || chain[i]->family == LayerFamily::residual;
    if (!has_weights || waking.contains(chain[i]->path)) continue;
    if (lowest == nullptr) lowest = chain[i];
    top_index = i;
  }
  DepthFlow flow;
  // An output activation works on all layers alike: depth begins below it.
  const std::size_t skipped = lowest == nullptr ? 0 : chain.size() - 1 - top_index;
  if (lowest == nullptr || lowest == chain[top_index] || ledger.entries.size() < skipped) {
    return flow;
  }
  const LayerInfo* top = chain[top_index];
  flow.top = top->path;

  int linear = 0;
  int activations = 0;
  std::unordered_map<std::string, KindTally> kinds;
  const LayerInfo* bottom = top;
  for (const LedgerEntry& entry : std::span(ledger.entries).subspan(skipped)) {
    const Place& place = places.at(entry.path);
    if (place.layer == lowest || place.below == nullptr) break;
    bottom = place.below;
    // Averaging over n places divides the norm by sqrt(n), once, whatever the weights: no sickness.
    if (place.layer->family == LayerFamily::pooling || waking.contains(entry.path)) continue;
    flow.log2_total += entry.attenuation + width_step(place);
    book(place, entry, flow, linear, activations, kinds);
  }
  flow.bottom = bottom->path;
  flow.linear_layers = top->depth - bottom->depth;
  flow.known = flow.linear_layers > 0;
  if (flow.normalisations > 0 && 2 * flow.normalisations >= linear) {
    flow.normalisation += flow.weight;
    flow.weight = 0;
  }
  if (linear > 0) flow.mean_log2_gain /= linear;
  if (activations > 0) flow.mean_log2_derivative /= activations;
  flow.activation = strongest_kind(kinds);

  // A loss without a gradient is an optimum, not a sick network; a gradient that was there and is
  // zero further down has ended on the way.
  const bool loss_has_gradient = std::isfinite(ledger.log2_loss_gradient);
  const bool ends_for_good = ledger.ends_in_zero && !waking.contains(ledger.ends_at);
  if (ends_for_good && loss_has_gradient && bottom != lowest) {
    flow.known = true;
    flow.log2_total = -std::numeric_limits<double>::infinity();
    flow.linear_layers = std::max(1, top->depth - lowest->depth);
    flow.bottom = ledger.ends_at;
    flow.ends_because = ledger.ends_because;
  }
  return flow;
}

FlowCause main_cause(const DepthFlow& flow) {
  const double sign = flow.log2_total < 0 ? -1 : 1;
  const std::pair<double, FlowCause> parts[] = {
      {sign * flow.derivative, FlowCause::derivative},
      {sign * flow.weight, FlowCause::weight},
      {sign * flow.residual, FlowCause::residual},
      {sign * flow.alignment, FlowCause::alignment},
      {sign * flow.normalisation, FlowCause::normalisation},
      {sign * flow.other, FlowCause::other}};
  return std::max_element(std::begin(parts), std::end(parts),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

}  // namespace plumb
