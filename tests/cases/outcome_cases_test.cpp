// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

// What the verdict says of how a run went: healthy is what flows and learns.
std::vector<Case> outcome_cases() {
  const std::string glyphs = " --data glyphs?n=1000";
  return {
      {.name = "healthy_relu",
       .network = "2 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0)},
      {.name = "healthy_images",
       .network = "flatten > dense 64 > relu > dense 10",
       .flags = kHe + glyphs + " --batch 32 --epochs 10 --lr 0.1",
       .right = {.outcome = Outcome::healthy}},
  };
}

PLUMB_CASES(OutcomeCases, outcome_cases());

}  // namespace
}  // namespace plumb::test
