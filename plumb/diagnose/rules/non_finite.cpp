// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/non_finite.h"

namespace plumb {

namespace {

std::vector<Remedy> remedies_of(CauseKind cause) {
  const Remedy lower_rate{RemedyKind::lower_rate, {}, {}, {}};
  const Remedy clip{RemedyKind::clip_norm, {}, {}, {}};
  switch (cause) {
    case CauseKind::data: return {{RemedyKind::clean_data, {}, {}, {}}};
    case CauseKind::loss_overflow:
      return {{RemedyKind::loss_from_logits, {}, {}, {}},
              {RemedyKind::check_targets, {}, {}, {}},
              lower_rate};
    case CauseKind::optimiser_overflow:
      return {{RemedyKind::raise_eps, {}, {}, {}}, lower_rate, clip};
    default: break;
  }
  return {lower_rate,
          {RemedyKind::warm_up, {}, {}, {}},
          clip,
          {RemedyKind::initialise, {}, {}, {}},
          {RemedyKind::record_more, {}, {}, {}}};
}

}  // namespace

void check_non_finite(const RunView& view, std::vector<Finding>& findings) {
  const NonFiniteHistory& history = view.nonfinite();
  if (!history.first) return;
  Finding finding;
  finding.rule = "non_finite";
  finding.severity = Severity::critical;
  finding.first_step = history.first->step;
  finding.last_step = history.last->step;
  const auto add = [](std::vector<Fact>& facts, Quantity quantity, auto value,
                      const Place& place = {}) {
    facts.push_back({quantity, static_cast<double>(value), place, {}});
  };
  if (!history.first->finite_loss) {
    add(finding.facts, Quantity::nonfinite_loss_step, history.first->step, Place::loss());
  }
  finding.cause.kind = CauseKind::not_measured;
  if (const auto& at = history.at) {
    finding.place = at->place;
    finding.cause.kind = at->cause;
    finding.cause.place = at->place;
    add(finding.facts, Quantity::shown_at_step, history.shown_by.step, at->place);
    if (at->value_count > 0) {
      add(finding.facts, Quantity::value_count, at->value_count, at->place);
      finding.evidence = {
          {{Quantity::nonfinite_count, static_cast<double>(at->nonfinite_count), at->place, {}},
           1}};
    }
    // One that is not finite is no number.
    if (history.shown_by.finite_loss) {
      add(finding.facts, Quantity::finite_loss_step, history.shown_by.step, Place::loss());
    }
  }
  if (finding.evidence.empty()) finding.evidence = {{{Quantity::nonfinite_steps, 1, {}, {}}, 1}};
  if (history.finite_before) {
    add(finding.cause.facts, Quantity::last_finite_step, *history.finite_before);
    add(finding.cause.facts, Quantity::largest_log2, history.log2_largest, history.largest);
  }
  finding.remedies = remedies_of(finding.cause.kind);
  findings.push_back(std::move(finding));
}

}  // namespace plumb
