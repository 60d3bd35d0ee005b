// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "plumb/diagnose/rule.h"
#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"

namespace plumb {
namespace {

// The grid on which the thresholds of all rules were set, and on which they are held: trained
// networks whose health is known beforehand, each with several seeds. The figures are in
// docs/rules/README.md.

using test::MiniSpec;
const double kHe = std::sqrt(2.0);
constexpr int kSeeds = 4;

struct Net {
  std::string name;
  std::string expected;  ///< the rule that must name it; empty for a healthy one
  MiniSpec spec;
};

class Grid {
 public:
  void add(const std::string& name, const std::string& expected, const std::string& activation,
           int depth, double gain, const std::function<void(MiniSpec&)>& change = {}) {
    Net net{name + ", depth " + std::to_string(depth), expected, {}};
    net.spec.activation = activation;
    net.spec.depth = depth;
    net.spec.gain = gain;
    if (change) change(net.spec);
    nets_.push_back(net);
  }
  const std::vector<Net>& nets() const { return nets_; }

 private:
  std::vector<Net> nets_;
};

Grid healthy_grid() {
  Grid grid;
  const auto adam = [](MiniSpec& s) {
    s.adam = true;
    s.width = 64;
    s.learning_rate = 1e-3;
  };
  for (const int d : {3, 10, 20, 30}) grid.add("relu he", "", "relu", d, kHe);
  for (const int d : {3, 10, 30}) grid.add("relu he adam", "", "relu", d, kHe, adam);
  for (const int d : {3, 10, 20, 30, 50}) {
    grid.add("tanh glorot", "", "tanh", d, 1, [](MiniSpec& s) { s.learning_rate = 0.1; });
  }
  for (const int d : {10, 20}) grid.add("tanh 5/3", "", "tanh", d, 5.0 / 3);
  for (const int d : {5, 20, 40}) grid.add("selu lecun", "", "selu", d, 1);
  for (const int d : {5, 20}) grid.add("elu", "", "elu", d, 1.1);
  for (const int d : {5, 10}) {
    grid.add("gelu critical", "", "gelu", d, 1.408, [](MiniSpec& s) { s.bias_std = 0.416; });
  }
  for (const int d : {5, 20}) grid.add("leaky_relu he", "", "leaky_relu", d, kHe);
  for (const int d : {1, 2}) {
    grid.add("sigmoid", "", "sigmoid", d, 1, [](MiniSpec& s) { s.learning_rate = 0.5; });
  }
  for (const int d : {5, 10, 20}) {
    grid.add("residual, scaled", "", "relu", d, kHe, [d](MiniSpec& s) {
      s.residual = true;
      s.branch_scale = 1 / std::sqrt(d - 1.0);
    });
  }
  for (const int d : {5, 10}) {
    grid.add("residual, lecun", "", "relu", d, 1, [](MiniSpec& s) {
      s.residual = true;
      s.learning_rate = 5e-3;
    });
  }
  for (const int d : {3, 10}) {
    grid.add("relu he, 150 steps", "", "relu", d, kHe, [](MiniSpec& s) {
      s.steps = 150;
      s.learning_rate = 0.1;
    });
  }
  grid.add("tanh glorot, 150 steps", "", "tanh", 10, 1, [](MiniSpec& s) {
    s.steps = 150;
    s.learning_rate = 0.1;
  });
  grid.add("relu he adam, 150 steps", "", "relu", 5, kHe, [](MiniSpec& s) {
    s.steps = 150;
    s.adam = true;
    s.learning_rate = 2e-3;
  });
  grid.add("relu he, weight decay", "", "relu", 5, kHe, [](MiniSpec& s) {
    s.steps = 40;
    s.weight_decay = 5e-3;
  });
  for (const int d : {2, 6}) {
    grid.add("relu he, width 128", "", "relu", d, kHe, [](MiniSpec& s) { s.width = 128; });
  }
  return grid;
}

Grid sick_grid() {
  Grid grid;
  const std::string vanishing = "vanishing_gradient";
  const std::string exploding = "exploding_gradient";
  const std::string too_large = "update_too_large";
  for (const int d : {4, 5, 10, 30}) grid.add("sigmoid glorot", vanishing, "sigmoid", d, 1);
  for (const int d : {10, 30}) grid.add("sigmoid he", vanishing, "sigmoid", d, kHe);
  for (const int d : {16, 30}) grid.add("relu 0.6 he", vanishing, "relu", d, 0.6 * kHe);
  grid.add("relu 0.6 he adam", vanishing, "relu", 16, 0.6 * kHe, [](MiniSpec& s) {
    s.adam = true;
    s.learning_rate = 1e-3;
    s.steps = 20;
  });
  grid.add("relu 0.8 he", vanishing, "relu", 30, 0.8 * kHe);
  for (const int d : {16, 30}) grid.add("relu glorot", vanishing, "relu", d, 1);
  for (const int d : {10, 20}) {
    grid.add("relu, variance 1/(3 fan_in)", vanishing, "relu", d, std::sqrt(1.0 / 3));
    grid.add("tanh, variance 1/(3 fan_in)", vanishing, "tanh", d, std::sqrt(1.0 / 3));
  }
  const auto slow = [](MiniSpec& s) { s.learning_rate = 1e-3; };
  for (const int d : {10, 30}) grid.add("relu 2 he", exploding, "relu", d, 2 * kHe, slow);
  grid.add("relu 1.3 he", exploding, "relu", 30, 1.3 * kHe, slow);
  grid.add("residual he, unscaled", exploding, "relu", 16, kHe,
           [](MiniSpec& s) { s.residual = true; });
  for (const double rate : {2.0, 3.0, 10.0}) {
    grid.add("relu he, rate " + std::to_string(rate), too_large, "relu", 5, kHe,
             [rate](MiniSpec& s) {
               s.learning_rate = rate;
               s.steps = 20;
             });
  }
  for (const double rate : {0.1, 0.3}) {
    grid.add("relu he, adam rate " + std::to_string(rate), too_large, "relu", 5, kHe,
             [rate](MiniSpec& s) {
               s.adam = true;
               s.learning_rate = rate;
               s.steps = 20;
             });
  }
  for (const double rate : {3.0, 10.0}) {
    grid.add("tanh glorot, rate " + std::to_string(rate), too_large, "tanh", 5, 1,
             [rate](MiniSpec& s) {
               s.learning_rate = rate;
               s.steps = 20;
             });
  }
  for (const double weight : {0.0, 0.1}) {
    grid.add("relu, all weights " + std::to_string(weight), "symmetric_units", "relu", 5, 1,
             [weight](MiniSpec& s) { s.constant_weight = weight; });
    grid.add("tanh, all weights " + std::to_string(weight), "symmetric_units", "tanh", 5, 1,
             [weight](MiniSpec& s) { s.constant_weight = weight; });
  }
  grid.add("tanh gain 6", "saturated_activation", "tanh", 5, 6);
  grid.add("tanh, inputs times 30", "saturated_activation", "tanh", 3, 1,
           [](MiniSpec& s) { s.input_scale = 30; });
  grid.add("relu he, a NaN", "non_finite", "relu", 5, kHe, [](MiniSpec& s) {
    s.nan_layer = 2;
    s.nan_step = 3;
  });
  grid.add("relu he, rate 1e-9", "stalled_layer", "relu", 5, kHe,
           [](MiniSpec& s) { s.learning_rate = 1e-9; });
  return grid;
}

std::string names(const RunInfo& info, const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += finding.rule + ": " + words_of(info, findings, finding).symptom + "\n";
  }
  return text;
}

TEST(CalibrationTest, HealthyNetsAreSilent) {
  int runs = 0;
  const Grid grid = healthy_grid();
  for (Net net : grid.nets()) {
    for (int seed = 0; seed < kSeeds; ++seed, ++runs) {
      net.spec.seed = 1000 + static_cast<std::uint64_t>(seed);
      const plumb::Run run = test::run_mini_net(net.spec);
      const auto findings = diagnose(run);
      EXPECT_TRUE(findings.empty()) << net.name << ", seed " << net.spec.seed << "\n"
                                    << names(run.info, findings);
    }
  }
  std::cout << "healthy runs: " << runs << "\n";
}

TEST(CalibrationTest, SickNetsAreNamedByTheRightRuleFirst) {
  int runs = 0;
  std::map<std::string, int> by_rule;
  const Grid grid = sick_grid();
  for (Net net : grid.nets()) {
    for (int seed = 0; seed < kSeeds; ++seed, ++runs) {
      net.spec.seed = 1000 + static_cast<std::uint64_t>(seed);
      const plumb::Run run = test::run_mini_net(net.spec);
      const auto findings = diagnose(run);
      ASSERT_FALSE(findings.empty()) << net.name << ", seed " << net.spec.seed;
      EXPECT_EQ(findings[0].rule, net.expected) << net.name << ", seed " << net.spec.seed << "\n"
                                                << names(run.info, findings);
      for (const Finding& finding : findings) EXPECT_TRUE(test::is_complete(run.info, finding));
      ++by_rule[findings[0].rule];
    }
  }
  std::cout << "sick runs: " << runs << "\n";
  for (const auto& [rule, count] : by_rule) std::cout << "  " << rule << " " << count << "\n";
}

}  // namespace
}  // namespace plumb
