// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/odd_layers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "plumb/diagnose/median.h"

namespace plumb {

namespace {

/// What one factor of a stage did, and where.
struct Part {
  LayerId layer = kNoLayer;
  double log2 = 0;
  bool is_there = false;

  void add(LayerId at, double amount) {
    layer = at;
    log2 += amount;
    is_there = true;
  }
};

/// A layer with weights, or a residual block, with what follows it up to the next one.
struct Stage {
  LayerId layer = kNoLayer;
  Part weight, derivative, normalisation, branch;
  const LedgerEntry* entry = nullptr;  ///< of the layer itself

  double total() const { return weight.log2 + derivative.log2 + normalisation.log2 + branch.log2; }
};

bool has_weights(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear || layer.family == LayerFamily::residual;
}

/// What is usual among values, and what is off it by more than their scatter allows.
struct Middle {
  double value = 0;
  double limit = 0;

  explicit Middle(const std::vector<double>& values) {
    constexpr double kToDeviation = 1.4826;
    value = median(values);
    std::vector<double> off;
    for (const double one : values) off.push_back(std::abs(one - value));
    limit = std::max(kOddLog2, kOddDeviations * kToDeviation * median(std::move(off)));
  }
};

bool contains(std::span<const LayerId> sorted, LayerId layer) {
  return std::binary_search(sorted.begin(), sorted.end(), layer);
}

double width_step(const RunInfo& info, LayerId layer, LayerId below) {
  if (below == kNoLayer) return 0;
  const std::int64_t units = info.layer(layer).units;
  const std::int64_t units_below = info.layer(below).units;
  if (units <= 0 || units_below <= 0) return 0;
  return 0.5 * std::log2(static_cast<double>(units_below) / static_cast<double>(units));
}

/// From the top down: what follows a layer comes before it.
std::vector<Stage> stages_of(const LayerGraph& graph, const Ledger& ledger,
                             std::span<const LayerId> from_zero) {
  const RunInfo& info = graph.info();
  std::vector<Stage> stages;
  Stage open;
  bool above_last = true;
  for (const LedgerEntry& entry : ledger.entries) {
    const double width = width_step(info, entry.layer, graph.below(entry.layer));
    for (const LedgerPart& part : entry.parts) {
      switch (part.cause) {
        case Cause::weight_scale: open.weight.add(entry.layer, part.log2 + width); break;
        case Cause::activation_derivative: open.derivative.add(entry.layer, part.log2); break;
        case Cause::normalisation: open.normalisation.add(entry.layer, part.log2 + width); break;
        case Cause::residual_shortcut: open.branch.add(entry.layer, part.log2 + width); break;
        case Cause::residual_branch:
        case Cause::residual_gate: open.branch.add(entry.layer, part.log2); break;
        default: break;
      }
    }
    if (!has_weights(info.layer(entry.layer))) continue;
    open.layer = entry.layer;
    open.entry = &entry;
    // What stands behind the last layer works on all of them alike.
    if (above_last) open.derivative = open.normalisation = Part{};
    above_last = false;
    if (!contains(from_zero, entry.layer)) stages.push_back(open);
    open = {};
  }
  return stages;
}

struct Factor {
  Part Stage::*part;
  CauseKind kind;
};
constexpr Factor kFactors[] = {{&Stage::weight, CauseKind::odd_weight},
                               {&Stage::derivative, CauseKind::odd_derivative},
                               {&Stage::normalisation, CauseKind::odd_normalisation},
                               {&Stage::branch, CauseKind::odd_branch}};

/// Of the factors of a stage the one that is farthest off the same of the others, to the same side.
OddLayer farthest_factor(const std::vector<Stage>& stages, const Stage& odd, double off) {
  OddLayer found;
  double most = -std::numeric_limits<double>::infinity();
  for (const Factor& one : kFactors) {
    const Part& own = odd.*one.part;
    if (!own.is_there) continue;
    std::vector<double> others;
    for (const Stage& stage : stages) {
      if (&stage != &odd && (stage.*one.part).is_there) others.push_back((stage.*one.part).log2);
    }
    const double usual = others.empty() ? 0 : median(others);
    const double share = (own.log2 - usual) * (off < 0 ? -1 : 1);
    if (share <= most) continue;
    most = share;
    found = {own.layer, one.kind, own.log2 - usual, own.log2, usual, others.size()};
  }
  return found;
}

/// Of each layer on the branch of a block.
std::vector<OddLayer> branch_parts(const Stage& block) {
  std::vector<OddLayer> parts;
  const LedgerWay* branch = block.entry->way(Way::branch);
  if (branch == nullptr) return parts;
  for (const LedgerEntry& entry : branch->entries) {
    for (const LedgerPart& part : entry.parts) {
      const bool by_weight = part.cause == Cause::weight_scale;
      if (!by_weight && part.cause != Cause::normalisation) continue;
      parts.push_back({entry.layer,
                       by_weight ? CauseKind::odd_weight : CauseKind::odd_normalisation, 0,
                       part.log2});
    }
  }
  return parts;
}

/// The layer on the block's branch that does it, where one of them is out of line itself.
void look_inside(const std::vector<Stage>& stages, const Stage& block, OddLayer& odd) {
  double most = kOddLog2;
  for (const OddLayer& own : branch_parts(block)) {
    std::vector<double> others;
    for (const Stage& stage : stages) {
      if (&stage == &block) continue;
      for (const OddLayer& one : branch_parts(stage)) {
        if (one.kind == own.kind) others.push_back(one.own);
      }
    }
    if (others.empty()) continue;
    const double usual = median(others);
    const double share = (own.own - usual) * (odd.log2 < 0 ? -1 : 1);
    if (share <= most) continue;
    most = share;
    odd = {own.layer, own.kind, own.own - usual, own.own, usual, others.size()};
  }
}

std::vector<OddLayer> odd_on_chain(const LayerGraph& graph, const std::vector<Stage>& stages) {
  std::vector<OddLayer> odd;
  if (stages.size() < kFewestLayers) return odd;
  std::vector<double> totals;
  for (const Stage& stage : stages) totals.push_back(stage.total());
  if (!std::all_of(totals.begin(), totals.end(), [](double one) { return std::isfinite(one); })) {
    return odd;
  }
  const LayerGraph::Chain& chain = graph.main_chain();
  const auto first = std::find_if(chain.begin(), chain.end(), [&](LayerId layer) {
    return has_weights(graph.info().layer(layer));
  });
  const Middle middle(totals);
  const auto off_of = [&](std::size_t i) { return totals[i] - middle.value; };
  // A normalisation behind it divides by whatever a layer multiplies with: the two are none.
  const auto is_undone = [&](std::size_t at, std::size_t behind) {
    return stages[behind].normalisation.is_there &&
           std::abs(off_of(at) + off_of(behind)) < middle.limit &&
           std::abs(off_of(behind)) >= middle.limit &&
           farthest_factor(stages, stages[behind], off_of(behind)).kind ==
               CauseKind::odd_normalisation;
  };
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const double off = off_of(i);
    if (std::abs(off) < middle.limit) continue;
    const bool undoes = i + 1 < stages.size() && is_undone(i + 1, i);
    if (undoes || (i > 0 && is_undone(i, i - 1))) continue;
    OddLayer one = farthest_factor(stages, stages[i], off);
    // Off by what it lacks (the last layer has no activation behind it), by nothing that it does.
    if (std::abs(one.log2) < kOddLog2) continue;
    // Nothing crosses the weights of the first layer.
    one.on_chain = one.layer != *first || one.kind != CauseKind::odd_weight;
    if (one.kind == CauseKind::odd_branch) {
      look_inside(stages, stages[i], one);
      one.on_chain = true;
    }
    one.is_far = std::abs(off) >= kOddFarLog2 && std::abs(one.log2) >= kOddFarLog2;
    odd.push_back(one);
  }
  return odd;
}

bool is_normalised(const LayerGraph& graph, LayerId layer) {
  const std::span<const LayerId> readers = graph.readers(layer);
  return std::any_of(readers.begin(), readers.end(), [&](LayerId reader) {
    return graph.info().layer(reader).family == LayerFamily::normalisation;
  });
}

/// By the size of the weights alone: those off the main chain, and the first layer's.
void add_odd_weights(const LayerGraph& graph, std::span<const FlowPoint> profile,
                     std::span<const LayerId> from_zero, std::vector<OddLayer>& odd) {
  std::vector<LayerId> layers;
  std::vector<double> gains;
  for (const FlowPoint& point : profile) {
    const std::int64_t fan_in = graph.info().layer(point.layer).fan_in;
    if (!std::isfinite(point.log2_weight) || fan_in <= 0) continue;
    if (contains(from_zero, point.layer) || is_normalised(graph, point.layer)) continue;
    layers.push_back(point.layer);
    gains.push_back(point.log2_weight + 0.5 * std::log2(static_cast<double>(fan_in)));
  }
  if (layers.size() < kFewestLayers) return;
  const Middle middle(gains);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double off = gains[i] - middle.value;
    if (std::abs(off) < std::max(middle.limit, kOddFarLog2)) continue;
    const bool known = std::any_of(odd.begin(), odd.end(),
                                   [&](const OddLayer& one) { return one.layer == layers[i]; });
    if (known) continue;
    odd.push_back({layers[i], CauseKind::odd_weight, off, gains[i], middle.value, layers.size() - 1,
                   false, true});
  }
}

}  // namespace

std::vector<OddLayer> odd_layers(const LayerGraph& graph, const Ledger& ledger,
                                 std::span<const FlowPoint> profile,
                                 std::span<const LayerId> from_zero) {
  std::vector<OddLayer> odd = odd_on_chain(graph, stages_of(graph, ledger, from_zero));
  add_odd_weights(graph, profile, from_zero, odd);
  std::stable_sort(odd.begin(), odd.end(), [](const OddLayer& a, const OddLayer& b) {
    return std::abs(a.log2) > std::abs(b.log2);
  });
  return odd;
}

}  // namespace plumb
