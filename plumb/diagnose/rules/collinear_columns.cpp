// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/collinear_columns.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/finding_steps.h"
#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

double independent_directions(const std::vector<ColumnInfo>& columns) {
  double variances = 0, squares = 0;
  for (const ColumnInfo& column : columns) {
    const double variance = column.deviation * column.deviation;
    variances += variance;
    squares += variance * variance;
  }
  return variances * variances / squares;
}

/// The samples of the one input of the first signals; null where there is none of a table.
const SignalRecord* of_input(const RunView& view) {
  constexpr int kEnoughSamples = 8;
  const std::vector<LayerInfo>& layers = view.info().layers;
  if (view.signals().empty() || std::any_of(layers.begin(), layers.end(), [](const auto& layer) {
        return layer.family == LayerFamily::recurrent;
      })) {
    return nullptr;
  }
  const SignalRecord* found = nullptr;
  for (const SignalRecord& record : view.signals().front().records) {
    if (view.info().layer(record.layer).family != LayerFamily::input) continue;
    if (found != nullptr) return nullptr;
    found = &record;
  }
  return found != nullptr && found->samples >= kEnoughSamples ? found : nullptr;
}

}  // namespace

void check_collinear_columns(const RunView& view, std::vector<Finding>& findings) {
  const RunInfo& info = view.info();
  if (has_alarm(findings) || !learns_badly(view) || !info.data_info) return;
  const SignalRecord* input = of_input(view);
  if (input == nullptr || !(input->directions <= kOneInputDirection)) return;
  const std::vector<ColumnInfo>& columns = info.data_info->inputs;
  const double independent = independent_directions(columns);
  if (!(independent >= kFewestIndependent)) return;
  Finding finding;
  finding.rule = "collinear_columns";
  finding.severity = view.learning().at_baseline() ? Severity::critical : Severity::warning;
  finding.place = Place::layer(input->layer);
  set_all_steps(view, finding);
  finding.did_harm = true;
  finding.evidence = {
      {{Quantity::directions, input->directions, finding.place, {}}, kOneInputDirection}};
  finding.facts = {{Quantity::independent_directions, independent, finding.place, {}},
                   {Quantity::columns, static_cast<double>(columns.size()), finding.place, {}}};
  finding.cause = {CauseKind::data, finding.place, 1, {}};
  finding.remedies = {{RemedyKind::decorrelate_columns, finding.place, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
