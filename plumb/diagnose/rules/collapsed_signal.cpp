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

bool has_residual(const RunView& view) {
  const LayerGraph::Chain& chain = view.graph().main_chain();
  return std::any_of(chain.begin(), chain.end(),
                     [&](LayerId layer) { return view.info().layer(layer).inputs.size() > 1; });
}

struct Alike {
  double similarity = std::nan("");
  double input_similarity = std::nan("");
  bool is_alike() const {
    return 1 - similarity <= kAlike && 4 * (1 - similarity) <= 1 - input_similarity;
  }
};

Alike read(const RunView::Signals& signals, LayerId input, LayerId hidden) {
  Alike alike;
  const SignalRecord* in = of_layer(signals.records, input);
  const SignalRecord* out = of_layer(signals.records, hidden);
  if (in == nullptr || out == nullptr || in->samples < 4 || out->samples < 4) return alike;
  return {out->similarity, in->similarity};
}

}  // namespace

void check_collapsed_signal(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  const LayerId hidden = last_hidden(view);
  LayerId input = kNoLayer;
  int inputs = 0;
  for (std::size_t i = 0; i < info.layers.size(); ++i) {
    if (info.layers[i].family != LayerFamily::input) continue;
    input = static_cast<LayerId>(i);
    ++inputs;
  }
  if (hidden == kNoLayer || inputs != 1 || view.signals().empty()) return;
  const RunView::Signals& start = view.signals().front();
  const Alike first = read(start, input, hidden);
  if (!first.is_alike() || has_residual(view)) return;
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
  if (finding.over) finding.severity = Severity::note;
  finding.evidence = {
      {{Quantity::similarity, first.similarity, place, Place::layer(input)}, 1 - kAlike}};
  finding.facts = {
      {Quantity::input_similarity, first.input_similarity, Place::layer(input), {}},
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
