// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plumb/lab/experiment.h"
#include "plumb/lab/lab_text.h"

namespace plumb::test {

using Given = std::vector<std::pair<std::string, std::string>>;

inline lab::Result run_lab(const std::string& name, const Given& given = {}) {
  const lab::Experiment& experiment = lab::find_experiment(name);
  return lab::run(experiment, lab::Settings(name, experiment.parameters, given));
}

/// Every check of the experiment holds; those that do not are named.
inline void expect_agrees(const lab::Result& result) {
  EXPECT_FALSE(result.checks.empty());
  for (const lab::Check& check : result.checks) {
    EXPECT_TRUE(check.ok) << check.what << ": " << lab::measured_text(check) << ", "
                          << lab::expected_text(check) << " (" << check.source << ")";
  }
}

/// What the check whose name begins with `what` measured.
inline double measured(const lab::Result& result, const std::string& what) {
  for (const lab::Check& check : result.checks) {
    if (check.what.starts_with(what)) return check.measured;
  }
  ADD_FAILURE() << "no check begins with " << what;
  return 0;
}

}  // namespace plumb::test
