// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/diverging.h"

#include "plumb/diagnose/learning_finding.h"

namespace plumb {

void check_diverging(const RunView& view, std::vector<Finding>& findings) {
  if (view.info().kind == "probe" || has_alarm(findings)) return;
  const Learning learning = view.learning();
  if (!learning.lost) return;
  Finding finding = learning_finding(view, learning, "diverging");
  finding.severity = Severity::critical;
  finding.first_step = learning.best_step;
  finding.evidence = {{{Quantity::loss_at_last, learning.at_last, Place::loss(), {}},
                       (learning.best + learning.reference) / 2}};
  finding.facts.push_back({Quantity::best_loss, learning.best, Place::loss(), {}});
  finding.facts.push_back(
      {Quantity::best_at_step, static_cast<double>(learning.best_step), Place::loss(), {}});
  finding.cause.kind = CauseKind::drift;
  finding.remedies = {{RemedyKind::lower_rate, {}, {}, {}},
                      {RemedyKind::clip_norm, {}, {}, {}},
                      {RemedyKind::warm_up, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
