// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/collinear_columns.h"

#include <gtest/gtest.h>

#include "tests/diagnose/rule_test.h"
#include "tests/support/loss_course.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

plumb::Run table(const std::vector<double>& losses, double directions,
                 std::vector<ColumnInfo> columns) {
  plumb::Run run = test::with_losses(test::flat_run(3, 32, "relu", 1), 200, losses);
  run.info.data_info =
      test::data_of(960, std::move(columns), {}, std::vector<std::int64_t>(10, 96));
  run.steps[0].signals.push_back({0, 32, 0, directions});
  return run;
}

const std::vector<ColumnInfo> kTwelve(12, {"", 0, 1, -3, 3});

TEST(CollinearColumnsTest, NamesThemWhereTheNetworkLearnsBadly) {
  const plumb::Run run = table({2.31, 2.3}, 1.01, kTwelve);
  const auto findings = test::findings_of(check_collinear_columns, run);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::critical);
  EXPECT_EQ(findings[0].cause.kind, CauseKind::data);
  EXPECT_EQ(test::first_remedy(findings[0]), RemedyKind::decorrelate_columns);
  EXPECT_NEAR(test::value_of(findings[0], Quantity::independent_directions), 12, 1e-9);
  EXPECT_TRUE(test::is_complete(run.info, findings[0]));
  EXPECT_EQ(
      test::findings_of(check_collinear_columns, table({2.31, 1.6}, 1.01, kTwelve)).at(0).severity,
      Severity::warning);
}

TEST(CollinearColumnsTest, SilentOnALearnerOnMoreDirectionsAndOnOneColumnThatOutweighs) {
  const auto silent = [](const plumb::Run& run) {
    return test::findings_of(check_collinear_columns, run).empty();
  };
  EXPECT_TRUE(silent(table({2.31, 0.2}, 1.01, kTwelve)));
  EXPECT_TRUE(silent(table({2.31, 2.3}, 1.5, kTwelve)));
  std::vector<ColumnInfo> one = kTwelve;
  one[3].deviation = 50;
  EXPECT_TRUE(silent(table({2.31, 2.3}, 1.01, one)));
}

TEST(CollinearColumnsTest, AnotherAlarmIsTheCause) {
  const plumb::Run run = table({2.31, 2.3}, 1.01, kTwelve);
  const RunView view(run);
  std::vector<Finding> known(1);
  known[0].severity = Severity::warning;
  check_collinear_columns(view, known);
  EXPECT_EQ(known.size(), 1u);
}

}  // namespace
}  // namespace plumb
