// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/verdict.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

LayerInfo layer(std::string path, std::string kind, LayerFamily family, int depth) {
  LayerInfo info;
  info.path = std::move(path);
  info.kind = std::move(kind);
  info.family = family;
  info.depth = depth;
  return info;
}

// flatten > dense > tanh > highway[dense > relu], with a shortcut of its own > dense
RunInfo network() {
  RunInfo info;
  info.layers = {layer("0", "flatten", LayerFamily::shape, 0),
                 layer("1", "dense", LayerFamily::linear, 1),
                 layer("2", "tanh", LayerFamily::activation, 1),
                 layer("3.0", "dense", LayerFamily::linear, 2),
                 layer("3.1", "relu", LayerFamily::activation, 2),
                 layer("3.proj", "dense", LayerFamily::linear, 2),
                 layer("3.gate", "dense", LayerFamily::linear, 2),
                 layer("3", "highway", LayerFamily::residual, 2),
                 layer("4", "dense", LayerFamily::linear, 3)};
  test::wire(info);
  return info;
}

std::string text_of(const RunInfo& info, const char* path) {
  return layer_text(info, test::id_of(info, path));
}

TEST(WordsTest, SizesAreDecimal) {
  EXPECT_EQ(size_text(-2), "0.25");
  EXPECT_EQ(size_text(0), "1");
  EXPECT_EQ(size_text(-86.4), "9.8e-27");
  EXPECT_EQ(size_text(8), "256");
  EXPECT_EQ(size_text(20), "1e6");
  EXPECT_EQ(size_text(-10 / std::log10(2.0)), "1e-10");
}

TEST(WordsTest, SizesHoldBeyondTheRangeOfDouble) {
  EXPECT_EQ(size_text(-4000), "7.6e-1205");
  EXPECT_EQ(size_text(-std::numeric_limits<double>::infinity()), "zero");
  EXPECT_EQ(size_text(std::numeric_limits<double>::infinity()), "infinity");
}

TEST(WordsTest, LayersAreCountedFromTheInput) {
  const RunInfo info = network();
  EXPECT_EQ(text_of(info, "4"), "layer 3");
  EXPECT_EQ(text_of(info, "3.0"), "layer 2");
  EXPECT_EQ(layer_of_text(info, test::id_of(info, "4")), "layer 3 of 3");
}

TEST(WordsTest, LayersBesideABranchAreTold) {
  const RunInfo info = network();
  EXPECT_EQ(text_of(info, "3.gate"), "the gate beside layer 2");
  EXPECT_EQ(layer_of_text(info, test::id_of(info, "3.proj")), "the shortcut beside layer 2");
}

// Ways without a name are told apart by the path alone.
TEST(WordsTest, WaysWithoutANameAreTold) {
  RunInfo info;
  info.layers = {layer("in", "input", LayerFamily::input, 0),
                 layer("attn.q", "Linear", LayerFamily::linear, 1),
                 layer("attn.k", "Linear", LayerFamily::linear, 1),
                 layer("attn", "sdpa", LayerFamily::attention, 1),
                 layer("out", "Linear", LayerFamily::linear, 2)};
  info.layers[1].inputs = {{0}};
  info.layers[2].inputs = {{0}};
  info.layers[3].inputs = {{1}, {2}};
  info.layers[4].inputs = {{3}};
  EXPECT_EQ(layer_text(info, 1), "layer 1");
  EXPECT_EQ(layer_text(info, 2), "the Linear 'attn.k' beside layer 1");
  EXPECT_EQ(layer_text(info, 3), "the sdpa after layer 1");
}

TEST(WordsTest, LayersWithoutWeightsAreNamedByTheirNeighbours) {
  const RunInfo info = network();
  EXPECT_EQ(text_of(info, "0"), "the flatten before layer 1");
  EXPECT_EQ(text_of(info, "2"), "the tanh after layer 1");
  EXPECT_EQ(text_of(info, "3"), "the residual block that ends with layer 2");
  EXPECT_EQ(layer_of_text(info, test::id_of(info, "2")), "the tanh after layer 1");
  EXPECT_EQ(text_of(info, "input"), "the input");
  EXPECT_EQ(layer_text(info, 99), "a layer that the run lacks");
}

// Every family has words, also where its kind has none.
TEST(WordsTest, EveryFamilyHasAName) {
  for (int family = 0; family <= static_cast<int>(LayerFamily::other); ++family) {
    RunInfo info;
    info.layers = {layer("0", "", static_cast<LayerFamily>(family), 2)};
    const std::string text = layer_text(info, 0);
    EXPECT_EQ(text.find("the "),
              static_cast<LayerFamily>(family) == LayerFamily::linear ? std::string::npos : 0u)
        << text;
    EXPECT_EQ(text.find("  "), std::string::npos) << text;
  }
}

TEST(WordsTest, PlacesSayWhichTensor) {
  RunInfo info = network();
  ParamInfo bias;
  bias.name = "bias";
  bias.use = ParamUse::bias;
  bias.users = {test::id_of(info, "4")};
  info.params.push_back(bias);
  const auto last = static_cast<ParamId>(info.params.size() - 1);
  const ParamId weight = info.find_param(test::id_of(info, "4"), ParamUse::weight);
  const auto of = [&](const char* path, Role role) {
    return place_text(info, Place::layer(test::id_of(info, path), role));
  };
  EXPECT_EQ(of("input", Role::a), "the input");
  EXPECT_EQ(of("1", Role::z), "the output of layer 1");
  EXPECT_EQ(of("2", Role::grad_a), "the gradient at the tanh after layer 1");
  EXPECT_EQ(place_text(info, Place::param(weight, Role::weight)), "the weight of layer 3");
  EXPECT_EQ(place_text(info, Place::param(last, Role::grad_weight)),
            "the weight gradient of layer 3 (bias)");
  EXPECT_EQ(place_text(info, Place::loss()), "the loss");
  EXPECT_EQ(place_text(info, Place{}), "the whole network");
  Place backwards = Place::layer(test::id_of(info, "2"));
  backwards.reverse = true;
  EXPECT_EQ(place_text(info, backwards), "the tanh after layer 1, backwards");
}

// What follows from another is told with it, but for the NaN that ends the run.
TEST(VerdictTest, ANanIsAlsoFoundWhateverMadeIt) {
  test::MiniSpec spec;
  spec.depth = 5;
  spec.nan_layer = 2;
  spec.nan_step = 3;
  const plumb::Run run = test::run_mini_net(spec);
  std::vector<Finding> findings = diagnose(run);
  const Finding* nan = test::find_rule(findings, "non_finite");
  ASSERT_NE(nan, nullptr);
  Finding follows = *nan;
  spec = {};
  spec.depth = 20;
  spec.activation = "sigmoid";
  spec.gain = 1;
  const plumb::Run sick = test::run_mini_net(spec);
  findings = diagnose(sick);
  ASSERT_FALSE(findings.empty());
  follows.id = 99;
  follows.explained_by = findings.front().id;
  findings.push_back(follows);
  EXPECT_TRUE(test::contains(verdict(sick, findings), "non_finite"));
  findings.back().severity = Severity::warning;
  EXPECT_FALSE(test::contains(verdict(sick, findings), "non_finite"));
}

}  // namespace
}  // namespace plumb
