// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

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

// flatten > dense > tanh > res[dense > relu] > dense
RunInfo network() {
  RunInfo info;
  info.layers = {layer("0", "flatten", LayerFamily::shape, 0),
                 layer("1", "dense", LayerFamily::linear, 1),
                 layer("2", "tanh", LayerFamily::activation, 1),
                 layer("3", "res", LayerFamily::residual, 2),
                 layer("3.0", "dense", LayerFamily::linear, 2),
                 layer("3.1", "relu", LayerFamily::activation, 2),
                 layer("4", "dense", LayerFamily::linear, 3)};
  return info;
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
  EXPECT_EQ(layer_text(info, "4"), "layer 3");
  EXPECT_EQ(layer_text(info, "3.0"), "layer 2");
  EXPECT_EQ(layer_of_text(info, "4"), "layer 3 of 3");
}

TEST(WordsTest, LayersBesideABranchAreTold) {
  RunInfo info = network();
  for (const char* path : {"3.gate", "3.proj"}) {
    info.layers.push_back(layer(path, "dense", LayerFamily::linear, 2));
    info.layers.back().parent = "3";
  }
  EXPECT_EQ(layer_text(info, "3.gate"), "the gate beside layer 2");
  EXPECT_EQ(layer_of_text(info, "3.proj"), "the shortcut beside layer 2");
}

TEST(WordsTest, LayersWithoutWeightsAreNamedByTheirNeighbours) {
  const RunInfo info = network();
  EXPECT_EQ(layer_text(info, "0"), "the flatten before layer 1");
  EXPECT_EQ(layer_text(info, "2"), "the tanh after layer 1");
  EXPECT_EQ(layer_text(info, "3"), "the residual block that ends with layer 2");
  EXPECT_EQ(layer_of_text(info, "2"), "the tanh after layer 1");
  EXPECT_EQ(layer_text(info, "input"), "the input");
  EXPECT_EQ(layer_text(info, "encoder.fc"), "layer 'encoder.fc'");
}

TEST(WordsTest, SitesSayWhichTensor) {
  const RunInfo info = network();
  EXPECT_EQ(site_text(info, {"input", Role::a, ""}), "the input");
  EXPECT_EQ(site_text(info, {"1", Role::z, ""}), "the output of layer 1");
  EXPECT_EQ(site_text(info, {"2", Role::grad_a, ""}), "the gradient at the tanh after layer 1");
  EXPECT_EQ(site_text(info, {"4", Role::weight, "weight"}), "the weight of layer 3");
  EXPECT_EQ(site_text(info, {"4", Role::grad_weight, "bias"}),
            "the weight gradient of layer 3 (bias)");
}

}  // namespace
}  // namespace plumb
