// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// One kind of problem. A rule's own header says the symptom, what is measured, the threshold and
/// where it comes from, the known false alarms and the advice. A rule returns facts alone: names of
/// layers are never compared, and the sentences are made from the facts in words/.
using RuleCheck = void (*)(const RunView& run, std::vector<Finding>& findings);

struct RuleEntry {
  std::string_view id;       ///< "vanishing_gradient"
  std::string_view summary;  ///< one line for --help and the docs
  RuleCheck check;
};

/// All rules, in the order in which their findings are listed among equals (rule_table.cpp).
std::span<const RuleEntry> rule_table();

}  // namespace plumb
