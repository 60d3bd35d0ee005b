// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  std::string file(const char* name) const { return dir_.file(name); }

 private:
  testing::TempDir dir_;
};

LayerInfo layer(const char* path, LayerFamily family, std::vector<Edge> inputs = {}) {
  LayerInfo info;
  info.path = info.kind = path;
  info.family = family;
  info.inputs = std::move(inputs);
  return info;
}

void tell(Session& session, LayerId id, float value) {
  const std::vector<float> values(8, value);
  const std::int64_t sizes[] = {2, 4}, strides[] = {4, 1};
  session.recorder().output(id, ObservedView({values.data(), ElementType::f32, sizes, strides}));
}

// The layers become known as they compute, in another order than the graph's; edges come last.
TEST_F(SessionTest, AGraphThatIsFoundOutWithinTheFirstStep) {
  Session session({.path = file("session_grows.plumb"), .record = "every=1"});
  EXPECT_TRUE(session.begin_step(0));
  session.draft().layers.push_back(layer("input", LayerFamily::input));
  tell(session, 0, 1);
  session.draft().layers.push_back(layer("b", LayerFamily::linear));
  tell(session, 1, 2);
  session.draft().layers.push_back(layer("a", LayerFamily::activation));
  tell(session, 2, 3);
  session.draft().layers[2].inputs = {{0}};
  session.draft().layers[1].inputs = {{2}};
  session.record().loss = 0.5;
  session.end_step();
  // And it grows in a later one.
  session.begin_step(1);
  session.draft().layers.push_back(layer("c", LayerFamily::activation, {{1}}));
  session.touch();
  tell(session, 3, 4);
  session.end_step();
  session.end("finished");

  const auto run = load_run(session.path());
  ASSERT_EQ(run.info.layers.size(), 4u);
  EXPECT_EQ(run.info.layers[1].inputs, (std::vector<Edge>{{2}}));
  ASSERT_EQ(run.steps.size(), 2u);
  EXPECT_EQ(run.steps[0].sketches.size(), 3u);
  EXPECT_EQ(run.steps[0].loss, 0.5);
  const Sketch* const c = run.steps[1].find(Site::layer(3, Role::a));
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->mean, 4);
  EXPECT_EQ(run.end->reason, "finished");
}

TEST_F(SessionTest, TheScheduleCountsFromTheStart) {
  Session session({.path = file("session_start.plumb"), .record = "log", .start = 100});
  EXPECT_FALSE(session.is_due(0));
  EXPECT_FALSE(session.is_due(99));
  for (const std::int64_t step : {100, 101, 102, 104, 108}) EXPECT_TRUE(session.is_due(step));
  EXPECT_FALSE(session.is_due(103));
}

TEST_F(SessionTest, TheCallerMayDecideWhatIsMeasured) {
  Session session({.path = file("session_asked.plumb"), .record = "off"});
  session.draft().layers.push_back(layer("input", LayerFamily::input));
  EXPECT_FALSE(session.begin_step(0));
  session.end_step();
  EXPECT_TRUE(session.begin_step(1, true));
  tell(session, 0, 1);
  session.end_step();
  session.end("interrupted");
  const auto run = load_run(session.path());
  EXPECT_FALSE(run.steps[0].measured);
  EXPECT_TRUE(run.steps[1].measured);
}

TEST_F(SessionTest, AStepThatIsDroppedLeavesNothing) {
  Session session({.path = file("session_dropped.plumb"), .record = "every=1"});
  session.draft().layers.push_back(layer("input", LayerFamily::input));
  session.begin_step(0);
  tell(session, 0, 1);
  session.drop_step();
  session.begin_step(0);
  tell(session, 0, 5);
  session.end_step();
  session.end("finished");
  const auto run = load_run(session.path());
  ASSERT_EQ(run.steps.size(), 1u);
  EXPECT_EQ(run.steps[0].find(Site::layer(0, Role::a))->count, 8u);
  EXPECT_EQ(run.steps[0].find(Site::layer(0, Role::a))->mean, 5);
}

TEST_F(SessionTest, CallsOutOfOrderAreRefused) {
  Session session({.path = file("session_order.plumb")});
  EXPECT_THROW(session.record(), UsageError);
  session.begin_step(3);
  EXPECT_THROW(session.begin_step(4), UsageError);
  session.end_step();
  EXPECT_THROW(session.begin_step(3), UsageError);
  session.end("finished");
  session.end("again");
  EXPECT_THROW(session.begin_step(5), UsageError);
}

}  // namespace
}  // namespace plumb
