// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/underflow.h"

#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/finding_steps.h"

namespace plumb {

void check_underflow(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const MeasuredStep& step : view.measured()) {
    badness.push_back(step.done ? std::numeric_limits<double>::quiet_NaN()
                                : step.half.worst_fraction / kUnderflowFraction);
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;
  const HalfUnderflow& half = view.measured()[episode->worst].half;
  const Place place = Place::layer(half.layer), worst = Place::layer(half.worst);

  Finding finding;
  finding.rule = "underflow";
  finding.severity = half.worst_fraction >= kUnderflowMost && !episode->over ? Severity::critical
                                                                             : Severity::warning;
  finding.place = place;
  set_steps(view, *episode, finding);
  finding.evidence = {
      {{Quantity::underflow_fraction, half.fraction, place, {}}, kUnderflowFraction}};
  finding.facts = {{Quantity::worst_underflow_fraction, half.worst_fraction, worst, {}},
                   {Quantity::layers_affected, static_cast<double>(half.layers), {}, {}},
                   {Quantity::layers_judged, static_cast<double>(half.judged), {}, {}},
                   {Quantity::loss_scale_log2, half.log2_loss_scale, Place::loss(), {}},
                   {Quantity::largest_at_step,
                    static_cast<double>(view.measured()[episode->worst].step),
                    {},
                    {}}};
  if (std::isfinite(half.log2_flow)) {
    finding.facts.push_back({Quantity::flow_log2, half.log2_flow, place, {}});
  }
  finding.cause = {CauseKind::number_format, place, 1, {}};
  finding.remedies = {{RemedyKind::scale_loss, Place::loss(), {}, {}},
                      {RemedyKind::wider_format, {}, {}, {}}};
  findings.push_back(std::move(finding));
}

}  // namespace plumb
