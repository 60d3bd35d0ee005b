// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/depth_flow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace plumb {

namespace {

/// Activations with the same traits, to find those that did most.
struct Alike {
  const std::optional<ActivationTraits>* traits = nullptr;
  bool judged = false;  ///< what is usual for them is known
  LayerId lowest = kNoLayer;
  double excess = 0;
  int layers = 0;
};

/// Layers of family `other` that compute the same, or one whose function is not known.
struct Unsplit {
  LayerId strongest = kNoLayer;
  double most = 0;
  double log2 = 0;
  int layers = 0;
};

/// Books the entries of a main chain from the top down.
class FlowBooks {
 public:
  explicit FlowBooks(const RunInfo& info) : info_(info) {}

  /// `below` precedes the layer on the chain.
  void book(const LedgerEntry& entry, LayerId below) {
    const double width = width_step(entry.layer, below);
    flow.log2_total += entry.attenuation + width;
    for (const LedgerPart& part : entry.parts) {
      switch (part.cause) {
        case Cause::weight_scale: book_weight(part.log2 + width); break;
        case Cause::activation_derivative: book_activation(entry.layer, part.log2); break;
        case Cause::weight_alignment:
        case Cause::derivative_alignment: flow.alignment += part.log2; break;
        case Cause::residual_shortcut:
          flow.residual += part.log2 + width;
          ++flow.residual_blocks;
          break;
        case Cause::residual_branch:
        case Cause::residual_gate: flow.residual += part.log2; break;
        case Cause::normalisation:
          flow.normalisation += part.log2 + width;
          ++flow.normalisations;
          break;
        case Cause::recurrence: flow.recurrence += part.log2 + width; break;
        case Cause::join: flow.other += part.log2 + (entry.parts.size() == 1 ? width : 0); break;
        case Cause::dropout:
        case Cause::shape:
        case Cause::pooling:
        case Cause::attention:
        case Cause::embedding: flow.other += part.log2 + width; break;
        case Cause::other: book_unsplit(entry.layer, part.log2 + width); break;
      }
    }
  }

  void finish() {
    close_pair();
    if (flow.normalisations > 0 && 2 * flow.normalisations >= linear_) {
      double& both = flow.together != 0 ? flow.together : flow.normalisation;
      both = flow.weight + flow.together + flow.normalisation;
      if (&both != &flow.normalisation) flow.normalisation = 0;
      flow.weight = 0;
      flow.undoes_weights = true;
    }
    if (linear_ > 0) flow.mean_log2_gain /= linear_;
    if (activations_ > 0) flow.mean_log2_derivative /= activations_;
    std::stable_sort(alike_.begin(), alike_.end(), [](const Alike& a, const Alike& b) {
      return std::pair(std::abs(a.excess), a.layers) > std::pair(std::abs(b.excess), b.layers);
    });
    choose_unsplit();
    for (const Alike& one : alike_) {
      LayerId& strongest = one.judged ? flow.activation : flow.unjudged;
      if (strongest == kNoLayer) strongest = one.lowest;
    }
  }

  DepthFlow flow;

 private:
  double width_step(LayerId layer, LayerId below) const {
    const std::int64_t units = info_.layer(layer).units;
    const std::int64_t units_below = info_.layer(below).units;
    if (units <= 0 || units_below <= 0) return 0;
    return 0.5 * std::log2(static_cast<double>(units_below) / static_cast<double>(units));
  }

  // A linear layer and the activations below it, down to the next one, are judged as a pair: what
  // f' takes, the weight above makes good.
  void book_weight(double gain) {
    close_pair();
    pair_weight_ = gain;
    pair_has_weight_ = true;
    flow.mean_log2_gain += gain;
    ++linear_;
  }

  void book_activation(LayerId layer, double log2) {
    const std::optional<ActivationTraits>& traits = info_.layer(layer).traits;
    const std::optional<double> usual =
        traits ? traits->usual_log2_derivative : std::optional<double>();
    flow.mean_log2_derivative += log2;
    ++activations_;
    if (usual) {
      flow.derivative += log2 - *usual;
      pair_weight_ += *usual;
    } else {
      pair_unknown_ = true;
      pair_weight_ += log2;
    }
    auto it = std::find_if(alike_.begin(), alike_.end(),
                           [&](const Alike& one) { return *one.traits == traits; });
    if (it == alike_.end()) it = alike_.insert(it, {&traits, usual.has_value(), layer, 0, 0});
    it->lowest = layer;
    it->excess += usual ? log2 - *usual : log2;
    ++it->layers;
  }

  void book_unsplit(LayerId layer, double log2) {
    flow.other += log2;
    const std::string& function = info_.layer(layer).function;
    auto it = std::find_if(unsplit_.begin(), unsplit_.end(), [&](const Unsplit& one) {
      return !function.empty() && info_.layer(one.strongest).function == function;
    });
    if (it == unsplit_.end()) it = unsplit_.insert(it, Unsplit{layer, log2, 0, 0});
    if (std::abs(log2) > std::abs(it->most)) {
      it->strongest = layer;
      it->most = log2;
    }
    it->log2 += log2;
    ++it->layers;
  }

  /// The one that did most in the direction of the total.
  void choose_unsplit() {
    const double sign = flow.log2_judged() < 0 ? -1 : 1;
    const auto it = std::max_element(
        unsplit_.begin(), unsplit_.end(),
        [&](const Unsplit& a, const Unsplit& b) { return sign * a.log2 < sign * b.log2; });
    if (it == unsplit_.end()) return;
    flow.single = it->strongest;
    flow.single_log2 = it->log2;
    flow.single_layers = it->layers;
    flow.normalises_rows = info_.layer(it->strongest).function == "softmax";
  }

  void close_pair() {
    (pair_unknown_ ? flow.together : flow.weight) += pair_weight_;
    if (pair_unknown_ && pair_has_weight_) ++flow.linear_together;
    pair_weight_ = 0;
    pair_unknown_ = pair_has_weight_ = false;
  }

  const RunInfo& info_;
  int linear_ = 0;
  int activations_ = 0;
  std::vector<Alike> alike_;
  std::vector<Unsplit> unsplit_;
  double pair_weight_ = 0;
  bool pair_unknown_ = false;
  bool pair_has_weight_ = false;
};

bool has_weights(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear || layer.family == LayerFamily::residual;
}

bool contains(std::span<const LayerId> sorted, LayerId layer) {
  return std::binary_search(sorted.begin(), sorted.end(), layer);
}

}  // namespace

DepthFlow depth_flow(const LayerGraph& graph, const Ledger& ledger,
                     std::span<const LayerId> leaving) {
  const RunInfo& info = graph.info();
  const LayerGraph::Chain& chain = graph.main_chain();
  const auto counts = [&](LayerId layer) {
    return has_weights(info.layer(layer)) && !contains(leaving, layer);
  };
  const auto lowest = std::find_if(chain.begin(), chain.end(), counts);
  const auto highest = std::find_if(chain.rbegin(), chain.rend(), counts);
  if (lowest == chain.end() || *lowest == *highest) return {};
  const LayerId top = *highest;

  FlowBooks books(info);
  LayerId bottom = top;
  // An output activation works on all layers alike: depth begins below it.
  auto entry = std::find_if(ledger.entries.begin(), ledger.entries.end(),
                            [&](const LedgerEntry& one) { return one.layer == top; });
  const bool reached = entry != ledger.entries.end() || ledger.ends_at == top;
  if (!reached) return {};
  for (auto at = chain.end() - (highest - chain.rbegin()) - 1;
       entry != ledger.entries.end() && at != lowest && entry->layer == *at; ++entry, --at) {
    bottom = *(at - 1);
    // Averaging over n places divides the norm by sqrt(n), once, whatever the weights: no sickness.
    if (info.layer(*at).family == LayerFamily::pooling || contains(leaving, *at)) continue;
    books.book(*entry, bottom);
  }
  books.finish();
  DepthFlow& flow = books.flow;
  flow.top = top;
  flow.bottom = bottom;
  flow.reaches_first = bottom == *lowest;
  flow.linear_layers = info.layer(top).depth - info.layer(bottom).depth;
  flow.known = flow.linear_layers > 0;

  // A loss without a gradient is an optimum, not a sick network; a gradient that was there and is
  // zero further down has ended on the way.
  const bool loss_has_gradient = std::isfinite(ledger.log2_loss_gradient);
  const bool ends_for_good = ledger.ends_in_zero() && !contains(leaving, ledger.ends_at);
  if (ends_for_good && loss_has_gradient && !flow.reaches_first) {
    flow.known = true;
    flow.log2_total = -std::numeric_limits<double>::infinity();
    flow.linear_layers = std::max(1, info.layer(top).depth - info.layer(*lowest).depth);
    flow.bottom = ledger.ends_at;
    flow.ends = ledger.ends;
    flow.ends_at_output = ledger.ends_at_output;
  }
  return flow;
}

CauseKind main_cause(const DepthFlow& flow) {
  if (flow.ends == LedgerEnd::zero_weight) return CauseKind::zero_weight;
  if (flow.ends == LedgerEnd::zero_derivative) return CauseKind::zero_derivative;
  if (flow.stops()) return CauseKind::gradient_is_zero;
  const double sign = flow.log2_judged() < 0 ? -1 : 1;
  const bool is_single =
      flow.single != kNoLayer && sign * flow.single_log2 >= sign * flow.other / 2;
  const CauseKind other = !is_single             ? CauseKind::other_layers
                          : flow.normalises_rows ? CauseKind::row_normalisation
                                                 : CauseKind::single_layer;
  const std::pair<double, CauseKind> parts[] = {
      {sign * flow.derivative, CauseKind::activation_derivative},
      {sign * flow.weight, CauseKind::weight_scale},
      {sign * flow.together, CauseKind::weights_and_derivatives},
      {sign * flow.residual, CauseKind::residual_branch},
      {sign * flow.alignment, CauseKind::alignment},
      {sign * flow.normalisation, CauseKind::normalisation},
      {sign * (is_single ? flow.single_log2 : flow.other), other}};
  return std::max_element(std::begin(parts), std::end(parts),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

}  // namespace plumb
