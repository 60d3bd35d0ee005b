// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/zero_gradient.h"

#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"

namespace plumb {

void check_zero_gradient(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const MeasuredStep& step : view.measured()) {
    badness.push_back(step.done                     ? std::numeric_limits<double>::quiet_NaN()
                      : step.zero_above == kNoLayer ? 0
                                                    : 1);
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;
  const MeasuredStep& first = view.measured()[episode->first];
  const MeasuredStep& last = view.measured()[episode->last];
  const LayerInfo& layer = view.info().layer(first.zero_above);
  const bool at_loss = layer.family == LayerFamily::linear;
  const Place place = at_loss ? Place::loss() : Place::layer(first.zero_above);

  Finding finding;
  finding.rule = "zero_gradient";
  finding.severity = Severity::critical;
  finding.place = place;
  set_steps(view, *episode, finding);
  finding.evidence = {{{Quantity::loss_at_last, last.loss, Place::loss(), {}},
                       kDoneFraction * reference_loss(view.info(), view.losses())}};
  finding.facts = {{Quantity::loss_then, first.loss, Place::loss(), {}}};
  finding.cause.kind = at_loss ? CauseKind::gradient_is_zero : CauseKind::zero_derivative;
  finding.cause.place = place;
  if (at_loss) {
    finding.remedies = {{RemedyKind::check_targets, {}, {}, {}},
                        {RemedyKind::loss_from_logits, {}, {}, {}}};
  } else {
    finding.remedies = {{RemedyKind::drop_activation, place, {}, {}},
                        {RemedyKind::lower_rate, {}, {{"if", "it_began_in_training"}}, {}}};
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
