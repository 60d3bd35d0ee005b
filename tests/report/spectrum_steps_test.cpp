// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/spectrum_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace plumb {
namespace {

using Steps = std::vector<std::int64_t>;

Steps up_to(std::int64_t last) {
  Steps steps(static_cast<std::size_t>(last) + 1);
  std::iota(steps.begin(), steps.end(), 0);
  return steps;
}

TEST(SpectrumStepsTest, FewStepsAreAllShown) {
  const Steps few{0, 3, 9};
  EXPECT_EQ(spectrum_steps(few, {}, 12), few);
  EXPECT_TRUE(spectrum_steps({}, {}, 12).empty());
}

TEST(SpectrumStepsTest, ManyAreFirstLastAndGeometric) {
  const Steps chosen = spectrum_steps(up_to(999), {}, 12);
  ASSERT_EQ(chosen.size(), 12u);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_EQ(chosen.front(), 0);
  EXPECT_EQ(chosen.back(), 999);
  // Half of them lie in the first thirtieth.
  EXPECT_LE(chosen[5], 33);
}

TEST(SpectrumStepsTest, StepsAtWhichFindingsBeginAreAmongThem) {
  std::vector<Finding> findings(3);
  findings[0].first_step = 700;
  findings[1].first_step = 300;
  findings[2].first_step = 701;
  const Steps chosen = spectrum_steps(up_to(999), findings, 12);
  EXPECT_EQ(chosen.size(), 12u);
  for (const std::int64_t step : {300, 700, 701}) {
    EXPECT_TRUE(std::binary_search(chosen.begin(), chosen.end(), step)) << step;
  }
}

TEST(SpectrumStepsTest, AStepThatWasNotMeasuredGivesTheOneBefore) {
  Steps measured;
  for (std::int64_t step = 0; step < 1000; step += 10) measured.push_back(step);
  std::vector<Finding> findings(1);
  findings[0].first_step = 415;
  const Steps chosen = spectrum_steps(measured, findings, 6);
  EXPECT_TRUE(std::binary_search(chosen.begin(), chosen.end(), 410));
}

}  // namespace
}  // namespace plumb
