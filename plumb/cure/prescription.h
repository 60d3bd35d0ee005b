// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plumb/cure/rewrite.h"
#include "plumb/record/finding.h"

namespace plumb {

/// A rewrite with its arguments, and the remedy that it stands for, where one named it.
struct Prescription {
  const RewriteEntry* rewrite = nullptr;
  CureArguments arguments;
  std::optional<int> finding;         ///< id
  std::optional<std::size_t> remedy;  ///< its place among the finding's remedies
};

/// What a remedy means for a training: none where a person has to do it (clean the data, look
/// closer), several where it leaves a choice. The one table from names of remedies to rewrites
/// (prescription.cpp).
std::vector<Prescription> prescriptions_of(const Remedy& remedy);

/// Of all remedies of all findings that follow from no other one, in their order, notes last.
std::vector<Prescription> prescriptions_of(const std::vector<Finding>& findings);

/// What else may be tried where no rule named it: every rewrite with its usual arguments, the
/// smallest change first.
std::vector<Prescription> usual_prescriptions();

}  // namespace plumb
