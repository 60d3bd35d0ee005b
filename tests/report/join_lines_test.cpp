// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/join_lines.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"
#include "plumb/report/text.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

#include <nlohmann/json.hpp>

namespace plumb {
namespace {

/// depth - 1 blocks of two dense layers each.
plumb::Run residual_run(int depth) {
  test::MiniSpec spec;
  spec.depth = depth;
  spec.residual = true;
  spec.branch_scale = 0.5;
  spec.steps = 1;
  return test::run_mini_net(spec);
}

/// Makes the first block look like a highway, whose gate has no layers of its own.
void add_gate(plumb::Run& run) {
  const LayerGraph graph(run.info);
  const LayerId sum = test::id_of(run.info, "2");
  const LayerId x = graph.below(sum);
  run.info.layers[static_cast<std::size_t>(sum)].inputs.push_back({x, 0, Way::gate});
  StepRecord& step = run.steps.front();
  // Both the shortcut and the gate are read by the sum itself, as different inputs of it.
  for (JoinRecord& join : step.joins) {
    if (join.layer == x) join.ways.push_back({sum, 2, -10, 0});
  }
  step.inner.push_back({sum, 0, kCarriedMean, Axis::unit, {0.88F}});
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(JoinLinesTest, EachBlockHasItsLayersAndItsRecord) {
  const plumb::Run run = residual_run(4);
  const StepRecord& step = *run.measured().front();
  const auto lines = make_join_lines(LayerGraph(run.info), StepIndex(run.info, step));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].first_layer, 2);
  EXPECT_EQ(lines[0].last_layer, 3);
  EXPECT_EQ(lines[2].last_layer, 7);
  for (const JoinLine& line : lines) {
    EXPECT_EQ(run.info.layer(line.layer).family, LayerFamily::residual);
    const JoinRecord& join = *step.join(LayerGraph(run.info).below(line.layer));
    EXPECT_EQ(line.log2_branch, join.ways[0].log2_rms);
    EXPECT_EQ(line.log2_shortcut, join.ways[1].log2_rms);
    EXPECT_TRUE(std::isnan(line.log2_gate));
  }
}

/// A block that shares what it reads: without its own record nothing is said of the angle.
TEST(JoinLinesTest, TheAngleIsThatOfTheBlocksOwnWays) {
  plumb::Run run = residual_run(2);
  StepRecord& step = run.steps.front();
  const LayerId sum = make_join_lines(LayerGraph(run.info), StepIndex(run.info, step))[0].layer;
  const LayerId x = LayerGraph(run.info).below(sum);
  LayerInfo head = test::dense_info("head", 1, 32, 32);
  head.inputs = {{x}};
  run.info.layers.push_back(head);
  const auto cosine = [&] {
    return make_join_lines(LayerGraph(run.info), StepIndex(run.info, step))[0].cosine;
  };
  EXPECT_TRUE(std::isnan(cosine()));
  // (1, 0) by the branch and (1, 1) by the shortcut: 45 degrees, (2, 1) together.
  const auto rms = [](double squares) { return 0.5 * std::log2(squares / 2); };
  const JoinRecord& all = *step.join(x);
  JoinWay branch = all.ways[0], shortcut = all.ways[1];
  branch.log2_rms = rms(1), branch.share = 2.0 / 5;
  shortcut.log2_rms = rms(2), shortcut.share = 3.0 / 5;
  step.joins.push_back({x, 0, sum, {branch, shortcut}, rms(5)});
  EXPECT_NEAR(cosine(), std::sqrt(0.5), 1e-12);
}

TEST(JoinLinesTest, ManyBlocksAreThinnedWithBothEnds) {
  const plumb::Run run = residual_run(31);
  const std::string text =
      joined(render_joins(run, *run.measured().front(), {.width = 80, .max_blocks = 5}));
  EXPECT_NE(text.find("5 of 30 blocks"), std::string::npos) << text;
  EXPECT_NE(text.find(" 2-3 "), std::string::npos) << text;
  EXPECT_NE(text.find(" 60-61 "), std::string::npos) << text;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(JoinLinesTest, BooksNestBelowTheirBlockWithEveryCauseAndFitTheWidth) {
  plumb::Run run = residual_run(4);
  add_gate(run);
  for (LayerInfo& layer : run.info.layers) {
    if (layer.path == "3.2") layer.text = "conv 16 3x3 stride=2 bias=false";
  }
  // Far beyond the range of float, where numbers are longest.
  for (SketchRecord& record : run.steps.front().sketches) {
    const bool gradient = record.site.role == Role::grad_z || record.site.role == Role::grad_a;
    if (gradient && record.site.id == test::id_of(run.info, "2.1"))
      record.sketch.log2_scale -= 4000;
  }
  const StepRecord& step = *run.measured().front();
  for (const int width : {60, 66, 80, 100, 200}) {
    const std::string text = joined(render_joins(run, step, {.width = width, .books = true}));
    for (const std::string& line : render_joins(run, step, {.width = width, .books = true})) {
      EXPECT_LE(display_width(line), width) << line;
    }
    // A branch is dense > relu > dense: two linear layers and an activation in each of three
    // blocks.
    EXPECT_EQ(count(text, "weight scale "), 6) << text;
    EXPECT_EQ(count(text, "weight alignment "), 6) << text;
    EXPECT_EQ(count(text, "activation derivative "), 3) << text;
    EXPECT_EQ(count(text, "derivative alignment "), 3) << text;
    EXPECT_EQ(count(text, "bias=false"), 1) << text;
    EXPECT_EQ(count(text, ".."), 0) << text;
  }
}

TEST(JoinLinesTest, TheTerminalShowsThemOnlyWhereThereAreBlocks) {
  EXPECT_NE(render_table(residual_run(4)).find("Residual blocks"), std::string::npos);
  EXPECT_EQ(render_table(test::run_mini_net({})).find("Residual blocks"), std::string::npos);
}

TEST(JoinLinesTest, AHighwayShowsItsGate) {
  plumb::Run run = residual_run(3);
  add_gate(run);
  const std::string text = joined(render_joins(run, run.steps.front(), {.width = 80}));
  EXPECT_NE(text.find("carried"), std::string::npos);
  EXPECT_NE(text.find("9.8e-4     88%"), std::string::npos) << text;
}

TEST(JoinLinesTest, ThePageGetsThem) {
  const plumb::Run run = residual_run(4);
  const auto json = nlohmann::json::parse(report_json(run));
  const auto& joins = json["runs"][0]["measured"][0]["joins"];
  ASSERT_EQ(joins.size(), 3u);
  EXPECT_EQ(joins[1]["first"], 4);
  EXPECT_LT(std::abs(joins[1]["cosine"].get<double>()), 1.0);
  EXPECT_FALSE(joins[1].contains("carried"));
}

}  // namespace
}  // namespace plumb
