// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/layer_lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/report/sample_runs.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

std::vector<LayerLine> lines_of(std::size_t count) {
  std::vector<LayerLine> lines(count);
  for (std::size_t i = 0; i < count; ++i) {
    lines[i].flow.layer = static_cast<LayerId>(i);
    lines[i].flow.log2_grad_z = -5;
  }
  return lines;
}

bool contains(const std::vector<std::size_t>& places, std::size_t place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

TEST(LayerLinesTest, SelectionKeepsEndsWorstAndNamed) {
  auto lines = lines_of(300);
  lines[137].flow.log2_grad_z = -50;
  const std::vector<LayerId> named{211};
  const auto places = select_lines(lines, 24, named);
  EXPECT_EQ(places.size(), 24u);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  for (const std::size_t place : {0u, 137u, 211u, 299u})
    EXPECT_TRUE(contains(places, place)) << place;
  for (std::size_t i = 1; i < places.size(); ++i) EXPECT_LE(places[i] - places[i - 1], 30u);
}

TEST(LayerLinesTest, ANotANumberIsTheWorst) {
  auto lines = lines_of(100);
  lines[20].flow.log2_grad_z = -50;
  lines[30].nonfinite = true;
  EXPECT_TRUE(contains(select_lines(lines, 3, {}), 30));
}

TEST(LayerLinesTest, AllLinesWhereTheyFit) {
  EXPECT_EQ(select_lines(lines_of(5), 5, {}).size(), 5u);
}

TEST(LayerLinesTest, TakesTheActivationBehindTheLinearLayer) {
  const plumb::Run run = test::sick_run();
  const StepRecord& step = run.steps.front();
  const auto lines = make_layer_lines(run.info, step);
  ASSERT_EQ(lines.size(), 31u);
  EXPECT_EQ(lines[0].saturated_fraction, step.activations[0].saturated_fraction);
  EXPECT_EQ(lines[29].saturated_fraction, step.activations[29].saturated_fraction);
  EXPECT_TRUE(std::isnan(lines[30].saturated_fraction));  // nothing behind the output layer
}

// What follows a block follows its branch: a projection in between has no activation of its own.
TEST(LayerLinesTest, AShortcutIsNamedAndTakesNoActivation) {
  plumb::Run run;
  run.info.layers = {test::residual_info("0", 1, 8), test::dense_info("0.0", 1, 8, 8),
                     test::activation_info("0.1", "relu", 1, 8),
                     test::dense_info("0.proj", 1, 8, 8), test::dense_info("1", 2, 8, 8)};
  test::wire(run.info);
  StepRecord step;
  step.activations = {{test::id_of(run.info, "0.1"), 0, 0.25, 1, 8, 0, 64}};
  const auto lines = make_layer_lines(run.info, step);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].flow.layer, test::id_of(run.info, "0.0"));
  EXPECT_EQ(lines[0].saturated_fraction, 0.25);
  EXPECT_EQ(lines[1].text, "shortcut: dense 8");
  EXPECT_TRUE(std::isnan(lines[1].saturated_fraction));
}

// A residual network's last convolution of a block has its activation behind the sum, and what
// stands in front of a block whose branch begins with one has that.
TEST(LayerLinesTest, AnActivationIsFoundThroughTheEndsOfABlock) {
  plumb::Run run;
  run.info.layers = {test::dense_info("0", 1, 8, 8),
                     test::residual_info("1", 2, 8),
                     test::activation_info("1.0", "relu", 1, 8),
                     test::dense_info("1.1", 2, 8, 8),
                     test::activation_info("2", "relu", 2, 8),
                     test::dense_info("3", 3, 8, 8)};
  test::wire(run.info);
  StepRecord step;
  step.activations = {{test::id_of(run.info, "1.0"), 0, 0.25, 1, 8, 0, 64},
                      {test::id_of(run.info, "2"), 0, 0.5, 1, 8, 0, 64}};
  const auto lines = make_layer_lines(run.info, step);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].saturated_fraction, 0.25);
  EXPECT_EQ(lines[1].saturated_fraction, 0.5);
  EXPECT_TRUE(std::isnan(lines[2].saturated_fraction));
}

TEST(LayerLinesTest, SeesNotANumber) {
  const plumb::Run run = test::nasty_run();
  const auto lines = make_layer_lines(run.info, run.steps.back());
  EXPECT_TRUE(lines[1].nonfinite);
  EXPECT_FALSE(lines[2].nonfinite);
}

}  // namespace
}  // namespace plumb
