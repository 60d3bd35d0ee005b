// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/no_activation.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/forward_step.h"

namespace plumb {

namespace {

bool is_linear_between(LayerFamily family) {
  return family == LayerFamily::shape || family == LayerFamily::dropout ||
         family == LayerFamily::normalisation;
}

/// An activation that passes everything is none.
bool passes_all(const LayerInfo& layer) {
  return layer.family == LayerFamily::activation && layer.traits && layer.traits->low_slope == 1 &&
         layer.traits->high_slope == 1;
}

/// A layer of low rank, written as two: half as wide between them as at either end, or less. It can
/// say less than one layer, and is meant so.
bool factorises(const LayerInfo& first, const LayerInfo& second) {
  const std::int64_t ends = std::min(first.fan_in, second.units);
  return first.units > 0 && 2 * first.units <= ends;
}

}  // namespace

void check_no_activation(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  LayerId before = kNoLayer, first = kNoLayer, second = kNoLayer;
  int pairs = 0, stacked = 0;
  bool only_linear = false;
  for (const LayerId layer : view.graph().main_chain()) {
    const LayerInfo& one = info.layer(layer);
    if (one.family == LayerFamily::linear) {
      if (before != kNoLayer) {
        ++pairs;
        if (only_linear && !factorises(info.layer(before), one)) {
          ++stacked;
          if (first == kNoLayer) first = before, second = layer;
        }
      }
      before = layer;
      only_linear = true;
    } else if (!is_linear_between(one.family) && !passes_all(one)) {
      only_linear = false;
    }
  }
  if (stacked == 0) return;
  Finding finding;
  finding.rule = "no_activation";
  finding.severity = stacked == pairs ? Severity::warning : Severity::note;
  finding.place = Place::layer(second);
  set_all_steps(view, finding);
  finding.evidence = {{{Quantity::linear_pairs, static_cast<double>(stacked), {}, {}}, 1}};
  finding.facts = {{Quantity::layers_judged, static_cast<double>(pairs), {}, {}}};
  finding.cause = {CauseKind::no_activation, Place::layer(first), 1, {}};
  finding.remedies = {{RemedyKind::add_activation, Place::layer(first), {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
