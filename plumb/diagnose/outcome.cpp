// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/outcome.h"

#include <algorithm>

#include "plumb/core/names.h"

namespace plumb {

namespace {

constexpr std::string_view kOutcomes[] = {"healthy",   "converged",    "not_learning", "sick",
                                          "too_early", "not_measured", "not_recorded"};
static_assert(std::size(kOutcomes) == static_cast<std::size_t>(Outcome::not_recorded) + 1);

}  // namespace

std::string_view to_string(Outcome outcome) { return name_of(outcome, kOutcomes); }

bool is_well(Outcome outcome) {
  return outcome == Outcome::healthy || outcome == Outcome::converged;
}

Outcome outcome_of(const RunView& view, std::span<const Finding> findings) {
  const bool is_probe = view.info().kind == "probe";
  const Learning learning = is_probe ? Learning{} : view.learning();
  const bool alarm = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity > Severity::note;
  });
  if (learning.at_baseline()) return Outcome::not_learning;
  if (alarm) return Outcome::sick;
  switch (view.missing()) {
    case Missing::nothing: break;
    case Missing::steps: return Outcome::not_measured;
    case Missing::layers:
    case Missing::gradients:
    case Missing::edges: return Outcome::not_recorded;
  }
  if (learning.lost) return Outcome::not_learning;
  if (!learning.learns) return Outcome::too_early;
  return learning.converged ? Outcome::converged : Outcome::healthy;
}

}  // namespace plumb
