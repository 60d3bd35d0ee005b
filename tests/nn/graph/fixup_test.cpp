// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/fixup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"

namespace plumb {
namespace {

NetworkOptions fixup() {
  NetworkOptions options;
  options.dtype = DType::f64;
  options.weight_init = parse_init("fixup");
  return options;
}

Network blocks(int count, const std::string& branch) {
  return Network(
      parse_spec("dense 4 > " + std::to_string(count) + " x res[" + branch + "] > dense 3"),
      Shape{4}, fixup());
}

// The factors L^(-1 / (2 m - 2)) of the paper.
TEST(FixupTest, FactorsAreThoseOfThePaper) {
  struct Case {
    int blocks, layers;
    double factor;
  };
  for (const auto& [count, layers, factor] :
       {Case{10, 2, .316227766}, Case{54, 2, .136082763}, Case{110, 2, .095346259},
        Case{54, 3, .368893973}, Case{110, 3, .308781895}}) {
    const std::string branch =
        layers == 2 ? "dense 4 > relu > dense 4" : "dense 4 > relu > dense 4 > relu > dense 4";
    const Network network = blocks(count, branch);
    const auto factors = fixup_factors(network.nodes());
    for (int layer = 0; layer + 1 < layers; ++layer) {
      EXPECT_NEAR(factors.at("7." + std::to_string(2 * layer)), factor, 1e-9) << count;
    }
    EXPECT_EQ(factors.at("7." + std::to_string(2 * layers - 2)), 0);
    EXPECT_EQ(factors.at(std::to_string(count + 1)), 0);
    EXPECT_FALSE(factors.contains("0"));
  }
}

TEST(FixupTest, ABranchOfOneLayerStartsAtZeroAndShortcutsKeepTheirSize) {
  const Network network(parse_spec("res proj[res[dense 4 > relu > dense 4] > dense 5] > dense 3"),
                        Shape{4}, fixup());
  const auto factors = fixup_factors(network.nodes());
  EXPECT_EQ(factors.at("0.1"), 0);
  EXPECT_NEAR(factors.at("0.0.0"), std::sqrt(0.5), 1e-15);  // two blocks
  EXPECT_EQ(factors.at("0.0.2"), 0);
  EXPECT_FALSE(factors.contains("0.proj"));
}

TEST(FixupTest, WeightsAreHesTimesTheFactorAndBiasesZero) {
  NetworkOptions he = fixup();
  he.weight_init = parse_init("he_normal");
  const Spec spec = parse_spec("dense 4 > 9 x res[dense 4 > relu > dense 4] > dense 3");
  Network usual(spec, Shape{4}, he);
  Network network(spec, Shape{4}, fixup());
  const auto factors = fixup_factors(network.nodes());
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    const auto values = network.params()[i]->value.as<double>();
    const auto he_values = usual.params()[i]->value.as<double>();
    const auto found = factors.find(network.param_paths()[i]);
    const double factor = found == factors.end() ? 1 : found->second;
    const bool bias = network.param_names()[i].ends_with("bias");
    for (std::size_t k = 0; k < values.size(); ++k) {
      EXPECT_NEAR(values[k], bias ? 0 : factor * he_values[k], 1e-15) << network.param_names()[i];
    }
  }
}

TEST(FixupTest, TheNetworkStartsUndecided) {
  Network network(parse_spec("12 x res[dense 4 > relu > dense 4] > dense 10"), Shape{4}, fixup());
  network.plan(3);
  std::fill_n(network.input().as<double>().begin(), 12, 0.7);
  ThreadPool pool(1);
  const std::vector<std::int32_t> labels{0, 4, 9};
  const double loss = make_loss("cross_entropy")
                          ->gradient(network.forward({Mode::train, 0, pool}), {labels, {}},
                                     network.output_gradient());
  EXPECT_NEAR(loss, 2.302585092994, 1e-12);
}

}  // namespace
}  // namespace plumb
