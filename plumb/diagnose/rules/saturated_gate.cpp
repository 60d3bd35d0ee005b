// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/saturated_gate.h"

#include <fmt/format.h>

#include <limits>

#include "plumb/diagnose/rules/saturated_activation.h"
#include "plumb/diagnose/time_finding.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

struct Judged {
  TimeQuantity gate;
  bool both_ends;
  const char* name;
  const char* consequence;
};

constexpr const char* kNoLearning =
    "Where it is flat no gradient passes: the layer can hardly change what it writes, and the "
    "gradient through time is lost there too.";

constexpr Judged kJudged[] = {
    {TimeQuantity::h, true, "the state h", kNoLearning},
    {TimeQuantity::cell_gate, true, "the cell gate", kNoLearning},
    {TimeQuantity::new_gate, true, "the new gate", kNoLearning},
    {TimeQuantity::output_gate, false, "the output gate",
     "A cell whose output gate is shut is mute: it gets no gradient and learns nothing."},
    {TimeQuantity::forget_gate, false, "the forget gate",
     "What is forgotten at once cannot be learned: the gate is shut so firmly that it hardly gets "
     "a "
     "gradient to open."}};

double fraction_of(const GateSummary& gate, bool both_ends) {
  return gate.low_fraction + (both_ends ? gate.high_fraction : 0);
}

void check_one(const RunView& view, const TimePlace& place, const Judged& judged,
               std::vector<Finding>& findings) {
  std::vector<double> fractions;
  std::vector<double> badness;
  for (const TimeFlow* flow : place.flows) {
    const GateSummary* gate = flow == nullptr ? nullptr : flow->gate(judged.gate);
    fractions.push_back(gate == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                        : fraction_of(*gate, judged.both_ends));
    badness.push_back(fractions.back() / kSaturatedFraction);
  }
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;
  const double worst = fractions[episode->worst];
  const std::string where = time_place_text(view.run().info, place);
  Finding finding;
  finding.rule = "saturated_gate";
  finding.severity = worst >= kSaturatedFractionCritical ? Severity::critical : Severity::warning;
  finding.path = place.path;
  finding.first_step = view.measured()[episode->first]->step;
  finding.last_step = view.measured()[episode->last]->step;
  finding.symptom =
      fmt::format("{} of the values of {} of {} are {}, where its slope is next to nothing.",
                  percent_text(fractions[episode->first]), judged.name, where,
                  judged.both_ends ? "in its flat ends" : "shut");
  finding.evidence = {{fmt::format("values of {} in a flat end, fraction", judged.name), worst,
                       kSaturatedFraction, "our choice; docs/rules/saturated_gate.md"}};
  finding.cause =
      finding.first_step == view.measured().front()->step
          ? "It was so from the start: its input, x and h times the weights, is too large."
          : "Training drove the weights and biases there.";
  finding.consequence = judged.consequence;
  finding.remedies = {
      "scale the inputs to mean 0 and variance 1",
      "start with smaller weights (PyTorch's 1/sqrt(units), or recurrent=orthogonal)",
      "lower the learning rate or clip the gradient's norm, if it began during "
      "training"};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_saturated_gate(const RunView& view, std::vector<Finding>& findings) {
  for (const TimePlace& place : time_places(view)) {
    for (const Judged& judged : kJudged) check_one(view, place, judged, findings);
  }
}

}  // namespace plumb
