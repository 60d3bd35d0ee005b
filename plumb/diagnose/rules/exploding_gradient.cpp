// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/exploding_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/diagnose/episode.h"
#include "plumb/diagnose/flow_finding.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

constexpr std::size_t kFirstSteps = 10;

double badness_of(const DepthFlow& flow) {
  if (!flow.known || std::isinf(flow.log2_total)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double both = std::min(flow.log2_judged() / kFlowLog2Total,
                               flow.log2_judged_per_layer() / kFlowLog2PerLayer);
  return std::max(both, flow.log2_judged() / kFlowLog2Extreme);
}

void check_over_depth(const RunView& view, std::vector<Finding>& findings) {
  std::vector<double> badness;
  for (const DepthFlow& flow : view.flows()) badness.push_back(badness_of(flow));
  const auto episode = find_episode(badness, true, 2);
  if (!episode) return;

  const DepthFlow& flow = view.flows()[episode->first];
  const RunInfo& info = view.run().info;
  Finding finding = flow_finding(
      view, *episode, "exploding_gradient", +1,
      fmt::format("From {} back to {} the gradient grows to {} times its size: on average a layer "
                  "multiplies it by {}.",
                  layer_of_text(info, flow.top), layer_text(info, flow.bottom),
                  size_text(flow.log2_total), size_text(flow.log2_per_layer())));
  finding.consequence =
      "The first layers take far larger steps than the last ones, and no learning rate fits both; "
      "with more depth, or after a few steps, the numbers overflow.";
  findings.push_back(std::move(finding));
}

void check_over_time(const RunView& view, std::vector<Finding>& findings) {
  std::vector<const StepRecord*> steps;
  for (const StepRecord& step : view.run().steps) {
    if (std::isfinite(step.grad_norm) && step.grad_norm > 0) steps.push_back(&step);
  }
  if (steps.size() < 2) return;
  std::vector<double> first;
  for (std::size_t i = 0; i < std::min(kFirstSteps, steps.size() / 2 + 1); ++i) {
    first.push_back(steps[i]->grad_norm);
  }
  // The lower median: when the first steps themselves explode, their better half is the reference.
  const auto middle = first.begin() + static_cast<std::ptrdiff_t>((first.size() - 1) / 2);
  std::nth_element(first.begin(), middle, first.end());
  const double reference = *middle;

  const StepRecord* begin = nullptr;
  const StepRecord* end = nullptr;
  double worst = 0;
  for (const StepRecord* step : steps) {
    const double growth = std::log2(step->grad_norm / reference);
    if (growth < kGrowthLog2) continue;
    if (begin == nullptr) begin = step;
    end = step;
    worst = std::max(worst, growth);
  }
  if (begin == nullptr) return;
  Finding finding;
  finding.rule = "exploding_gradient";
  finding.severity = Severity::critical;
  finding.first_step = begin->step;
  finding.last_step = end->step;
  finding.symptom = fmt::format(
      "The norm of all gradients grew to {} times what it was in the first steps ({:.2g}), from "
      "step {} on.",
      size_text(worst), reference, begin->step);
  finding.evidence = {
      {"gradient norm against its median in the first steps, log2", worst, kGrowthLog2,
       "a factor of 1000; our choice, calibrated in docs/rules/exploding_gradient.md"}};
  finding.cause = fmt::format(
      "It was not there at the start: training drove the weights to where the loss is steep (loss "
      "{:.3g} at step {}, {:.3g} at the start).",
      begin->loss, begin->step, steps.front()->loss);
  finding.consequence =
      "Each such step throws away what was learned before; the run diverges or ends in NaN.";
  finding.remedies = {"lower the learning rate, or warm it up over the first steps",
                      "clip the gradient's norm at a few times its usual size"};
  findings.push_back(std::move(finding));
}

}  // namespace

void check_exploding_gradient(const RunView& view, std::vector<Finding>& findings) {
  const std::size_t before = findings.size();
  check_over_depth(view, findings);
  if (findings.size() == before) check_over_time(view, findings);
}

}  // namespace plumb
