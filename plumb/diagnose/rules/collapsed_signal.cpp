// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/collapsed_signal.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

const SignalRecord* of_layer(const std::vector<SignalRecord>& signals, LayerId layer) {
  const auto it = std::find_if(signals.begin(), signals.end(),
                               [&](const SignalRecord& one) { return one.layer == layer; });
  return it == signals.end() ? nullptr : &*it;
}

/// The last layer of the chain that is followed by a layer with weights.
LayerId last_hidden(const RunView& view) {
  const LayerId last = view.chain_ends().last;
  if (last == kNoLayer || last == view.chain_ends().first) return kNoLayer;
  const LayerInfo& info = view.info().layer(last);
  return info.inputs.size() == 1 ? info.inputs[0].from : kNoLayer;
}

bool is_judged(const RunView& view) {
  const LayerGraph::Chain& chain = view.graph().main_chain();
  return std::all_of(chain.begin(), chain.end(), [&](LayerId layer) {
    const LayerInfo& one = view.info().layer(layer);
    const bool is_open =
        one.family != LayerFamily::activation || (one.traits && one.traits->saturates == false);
    return one.inputs.size() <= 1 && is_open;
  });
}

struct Alike {
  double similarity = std::nan("");
  double input_similarity = std::nan("");
  double directions = std::nan("");
  double input_directions = std::nan("");
  bool is_alike() const {
    return 1 - similarity <= kAlike && 4 * (1 - similarity) <= 1 - input_similarity;
  }
};

Alike read(const RunView::Signals& signals, LayerId input, LayerId hidden) {
  Alike alike;
  const SignalRecord* in = of_layer(signals.records, input);
  const SignalRecord* out = of_layer(signals.records, hidden);
  if (in == nullptr || out == nullptr || in->samples < 4 || out->samples < 4) return alike;
  return {out->similarity, in->similarity, out->directions, in->directions};
}

/// At a later look it was still so: the first updates of such a weight are of another direction.
bool is_rank_kept(const RunView& view, LayerId layer) {
  const SignalRecord* last = of_layer(view.signals().back().records, layer);
  return view.signals().size() > 1 && last != nullptr && last->directions <= kOneDirection;
}

/// A linear layer that brings what it reads down to one direction.
void add_rank(const RunView& view, std::vector<Finding>& findings) {
  constexpr int kEnoughSamples = 8;  // our choice: more than twice kSomeDirections can be seen
  const RunInfo& info = view.info();
  const RunView::Signals& start = view.signals().front();
  for (const LayerId layer : view.graph().forward_order()) {
    const LayerInfo& one = info.layer(layer);
    if (one.family != LayerFamily::linear || one.units < 3 || one.inputs.size() != 1) continue;
    const SignalRecord* before = of_layer(start.records, one.inputs[0].from);
    const SignalRecord* after = of_layer(start.records, layer);
    if (before == nullptr || after == nullptr || after->samples < kEnoughSamples) continue;
    if (!(after->directions <= kOneDirection && before->directions >= kSomeDirections)) continue;
    const Place place = Place::layer(layer);
    Finding finding;
    finding.rule = "collapsed_signal";
    finding.severity = is_rank_kept(view, layer) ? Severity::warning : Severity::note;
    finding.place = place;
    finding.first_step = finding.last_step = start.step;
    finding.evidence = {{{Quantity::directions, after->directions, place, {}}, kOneDirection}};
    finding.facts = {{Quantity::directions_before, before->directions, place, {}}};
    finding.cause = {CauseKind::rank, Place::layer(layer, Role::weight), 1, {}};
    finding.remedies = {{RemedyKind::random_weights, place, {}, {}}};
    findings.push_back(std::move(finding));
    return;
  }
}

}  // namespace

void check_collapsed_signal(const RunView& view, std::vector<Finding>& findings) {
  if (view.signals().empty()) return;
  add_rank(view, findings);
  const RunInfo& info = view.info();
  const LayerId hidden = last_hidden(view);
  LayerId input = kNoLayer;
  int inputs = 0;
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    if (info.layers[i].family != LayerFamily::input) continue;
    input = static_cast<LayerId>(i);
    ++inputs;
  }
  if (hidden == kNoLayer || inputs != 1 || info.layer(hidden).depth < kDeep) return;
  const RunView::Signals& start = view.signals().front();
  const Alike first = read(start, input, hidden);
  const bool is_thin =
      first.directions <= kFewDirections && first.input_directions >= kSomeDirections;
  if (!first.is_alike() || !is_thin || !is_judged(view)) return;
  const Place place = Place::layer(hidden);
  Finding finding;
  finding.rule = "collapsed_signal";
  finding.severity = 1 - first.similarity <= kVeryAlike ? Severity::critical : Severity::warning;
  finding.place = place;
  finding.first_step = finding.last_step = start.step;
  for (const RunView::Signals& signals : view.signals()) {
    const Alike now = read(signals, input, hidden);
    if (std::isnan(now.similarity)) continue;
    finding.over = !now.is_alike();
    if (now.is_alike()) finding.last_step = signals.step;
  }
  // Taken apart since: what it cost is over, where the network has learned.
  constexpr double kSomeGain = 0.2;  // our choice: a fifth of the way to a loss of zero
  const Learning learning = view.learning();
  const bool is_known = learning.steps >= Learning::kEnoughSteps;
  if (finding.over && !(is_known && learning.gained < kSomeGain)) finding.severity = Severity::note;
  finding.evidence = {
      {{Quantity::similarity, first.similarity, place, Place::layer(input)}, 1 - kAlike},
      {{Quantity::few_directions, first.directions, place, {}}, kFewDirections}};
  finding.facts = {
      {Quantity::input_similarity, first.input_similarity, Place::layer(input), {}},
      {Quantity::directions_before, first.input_directions, Place::layer(input), {}},
      {Quantity::layers_crossed, static_cast<double>(info.layer(hidden).depth), place, {}}};
  finding.cause = {CauseKind::depth, place, 1, {}};
  finding.remedies = {{RemedyKind::add_residual, {}, {}, {}},
                      {RemedyKind::replace_activation,
                       place,
                       {{"activation", "tanh"}, {"scheme", "orthogonal"}, {"for", "signal"}},
                       {}},
                      {RemedyKind::fewer_layers, {}, {{"for", "signal"}}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
