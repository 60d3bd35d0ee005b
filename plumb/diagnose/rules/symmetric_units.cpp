// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/symmetric_units.h"

#include <algorithm>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"

namespace plumb {

namespace {

struct Hit {
  LayerId layer = kNoLayer;
  Episode episode;
  const SymmetryFacts* at_worst = nullptr;
  double fraction = 0;
};

bool mostly_symmetric(const SymmetryFacts* facts) {
  return facts != nullptr && 2 * facts->duplicate_units >= facts->units - 1;
}

/// Every one that reads it next: a single one with unequal weights breaks the symmetry.
bool next_are_symmetric(const RunView& view, LayerId layer, std::size_t step) {
  const std::vector<LayerId>& next = view.next_linear(layer);
  return std::all_of(next.begin(), next.end(),
                     [&](LayerId one) { return mostly_symmetric(view.symmetry(one).at(step)); });
}

/// `excused`: a weight of zeros that waits for its first gradient, or has just had it, may.
std::vector<double> badness_of(const RunView& view, LayerId layer, bool excused) {
  const std::size_t steps = view.measured().size();
  std::vector<double> badness(steps, std::numeric_limits<double>::quiet_NaN());
  for (const auto& [s, facts] : view.symmetry(layer).items()) {
    if (facts.units < 2) continue;
    const LeavingZero& layers = view.measured()[s].leaving_zero;
    const bool breaks_above = !next_are_symmetric(view, layer, s);
    const bool leaves_zero = excused && facts.zero_weight && breaks_above &&
                             (layers.is_leaving(layer) || layers.is_upstream(layer));
    const bool may_break = steps == 1 && breaks_above;
    badness[s] = leaves_zero || may_break ? 0 : static_cast<double>(facts.duplicate_units);
  }
  return badness;
}

/// Rows that are equal now were so in the steps before that could not be judged yet: that is when
/// it began.
std::size_t begin_of(const RunView& view, LayerId layer, std::size_t first) {
  const auto& items = view.symmetry(layer).items();
  for (auto it = items.rbegin(); it != items.rend(); ++it) {
    if (it->first >= first) continue;
    if (it->second.duplicate_units == 0) break;
    first = it->first;
  }
  return first;
}

}  // namespace

void check_symmetric_units(const RunView& view, std::vector<Finding>& findings) {
  std::vector<Hit> hits;
  // Weights that were to leave zero and made nothing of it are no careful start.
  const bool excused = !view.learning().at_baseline();
  for (const LayerId layer : view.graph().forward_order()) {
    // The rows of the last layer get different gradients, since their targets differ.
    if (view.symmetry(layer).empty() || view.next_linear(layer).empty()) continue;
    auto episode = find_episode(badness_of(view, layer, excused), false, 2);
    if (!episode) continue;
    episode->first = begin_of(view, layer, episode->first);
    const SymmetryFacts* facts = view.symmetry(layer).at(episode->worst);
    hits.push_back(
        {layer, *episode, facts,
         static_cast<double>(facts->duplicate_units) / static_cast<double>(facts->units - 1)});
  }
  if (hits.empty()) return;
  const Hit& worst = *std::max_element(
      hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.fraction < b.fraction; });
  const SymmetryFacts& then = *worst.at_worst;
  const Place place = Place::layer(worst.layer, Role::weight);

  Finding finding;
  finding.rule = "symmetric_units";
  finding.severity = worst.fraction >= 0.5   ? Severity::critical
                     : worst.fraction >= 0.1 ? Severity::warning
                                             : Severity::note;
  finding.place = Place::layer(hits.front().layer);
  set_steps(view, joined_episode(hits), finding);
  finding.evidence = {
      {{Quantity::duplicate_units, static_cast<double>(then.duplicate_units), place, {}}, 1}};
  finding.facts = {{Quantity::units, static_cast<double>(then.units), place, {}},
                   {Quantity::layers_affected, static_cast<double>(hits.size()), {}, {}}};
  finding.cause.kind = then.zero_weight ? CauseKind::zero_rows : CauseKind::equal_start;
  finding.cause.place = place;
  finding.remedies = {{RemedyKind::random_weights, Place::layer(worst.layer), {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
