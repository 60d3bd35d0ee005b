// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/explain.h"
#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words.h"

namespace plumb {

namespace {

std::string healthy_verdict(const Run& run) {
  const RunView view(run);
  if (view.measured().empty())
    return "Nothing was measured, so nothing can be said about this run.";
  std::string text = fmt::format(
      "Nothing wrong was found in {} ({}), looking for {} kinds of trouble.",
      count_text(static_cast<long long>(view.measured().size()), "measured step"),
      steps_text(view.measured().front()->step, view.measured().back()->step), rule_table().size());
  const DepthFlow& flow = view.flows().front();
  if (flow.known && std::isfinite(flow.log2_total)) {
    text += fmt::format(
        " From the loss back to the first layer the gradient's size changes by {} over {}: it "
        "reaches all of "
        "them, so all of them can learn.",
        power_text(flow.log2_total), count_text(flow.linear_layers, "linear layer"));
  }
  return text;
}

}  // namespace

std::string verdict(const Run& run, std::span<const Finding> findings) {
  if (findings.empty()) return healthy_verdict(run);
  const Finding& worst = findings.front();
  std::string text = fmt::format("{} {} {}", worst.symptom, worst.cause, worst.consequence);
  std::string also;
  std::string follow;
  for (const Finding& finding : findings.subspan(1)) {
    std::string& list = is_explained(finding) ? follow : also;
    if (!list.empty()) list += ", ";
    list += finding.rule;
  }
  if (!also.empty()) text += fmt::format(" Also found: {}.", also);
  if (!follow.empty()) text += fmt::format(" Consequences of these: {}.", follow);
  if (!worst.remedies.empty())
    text += fmt::format(" First thing to try: {}.", worst.remedies.front());
  return text;
}

}  // namespace plumb
