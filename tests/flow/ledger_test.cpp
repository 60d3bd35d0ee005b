// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double parts_sum(const LedgerEntry& entry) {
  double sum = 0;
  for (const LedgerPart& part : entry.parts) sum += part.log2;
  return sum;
}

/// The promise of the header, for an entry and all inside it.
void expect_entry_balances(const LedgerEntry& entry) {
  const double limit = 1e-9 * std::max(1.0, std::abs(entry.attenuation));
  ASSERT_NEAR(parts_sum(entry), entry.attenuation, limit) << entry.path;
  ASSERT_NEAR(entry.log2_grad_in - entry.log2_grad_out, entry.attenuation, limit) << entry.path;
  for (const LedgerEntry& inner : entry.branch) expect_entry_balances(inner);
  for (const LedgerEntry& inner : entry.shortcut) expect_entry_balances(inner);
}

void expect_balances(const Ledger& ledger) {
  const double limit = 1e-9 * std::max(1.0, std::abs(ledger.total));
  double attenuations = 0;
  double parts = 0;
  for (const LedgerEntry& entry : ledger.entries) {
    expect_entry_balances(entry);
    attenuations += entry.attenuation;
    parts += parts_sum(entry);
  }
  ASSERT_NEAR(attenuations, ledger.total, limit);
  ASSERT_NEAR(parts, ledger.total, limit);
  double causes = 0;
  for (const Cause cause :
       {Cause::weight_scale, Cause::weight_alignment, Cause::activation_derivative,
        Cause::derivative_alignment, Cause::residual_shortcut, Cause::residual_branch,
        Cause::dropout, Cause::shape}) {
    causes += ledger.total_of(cause);
  }
  ASSERT_NEAR(causes, ledger.total, limit);
}

/// A random step of a random network: every size is drawn, none is consistent with any other, and
/// the books must balance all the same. `spread` is the range of the log2 magnitudes.
class RandomRun {
 public:
  RandomRun(int layers, double spread) : spread_(spread) {
    add_chain("", layers, 2);
    step_.measured = true;
    for (const LayerInfo& layer : info_.layers) {
      const bool linear = layer.family == LayerFamily::linear;
      test::put_rms(step_, layer.path, linear ? Role::grad_z : Role::grad_a, magnitude());
      if (linear) {
        test::put_rms(step_, layer.path, Role::weight, magnitude());
      } else if (layer.family == LayerFamily::activation && !lacks()) {
        step_.activations.push_back({layer.path, magnitude(), 0, 1, layer.units, 0, 1});
      } else if (layer.family == LayerFamily::residual && !lacks()) {
        step_.joins.push_back({layer.path, magnitude(), magnitude(), 0});
      }
    }
    test::put_rms(step_, "input", Role::grad_a, magnitude());
  }

  Ledger ledger() const { return make_ledger(info_, step_); }
  const RunInfo& info() const { return info_; }

 private:
  double magnitude() { return spread_ * (*rc::gen::inRange(-1000000, 1000000)) / 1e6; }
  bool lacks() { return *rc::gen::inRange(0, 5) == 0; }

  void add_chain(const std::string& parent, int layers, int nesting) {
    for (int i = 0; i < layers; ++i) {
      const std::string path = (parent.empty() ? "" : parent + ".") + std::to_string(i);
      LayerInfo layer = test::dense_info(path, 1, 8, *rc::gen::inRange(1, 2000), parent);
      const int kind = *rc::gen::inRange(0, nesting > 0 ? 5 : 4);
      layer.family = static_cast<LayerFamily>(kind);
      info_.layers.push_back(layer);
      if (layer.family == LayerFamily::residual) {
        add_chain(path, *rc::gen::inRange(1, 5), nesting - 1);
        if (lacks()) info_.layers.push_back(test::dense_info(path + ".proj", 1, 8, 8, path));
      }
    }
  }

  double spread_;
  RunInfo info_;
  StepRecord step_;
};

RC_GTEST_PROP(LedgerTest, BalancesForRandomStepsWithNestedBlocks, ()) {
  const RandomRun run(*rc::gen::inRange(1, 40), 5000.0);
  const Ledger ledger = run.ledger();
  RC_ASSERT(ledger.ends_at.empty());
  expect_balances(ledger);
  RC_ASSERT(!testing::Test::HasFatalFailure());
}

TEST(LedgerTest, BalancesAtDepth2000FarOutsideTheRangeOfFloat) {
  auto run = test::flat_run(2000, 32, "sigmoid", 1);
  StepRecord& step = run.steps[0];
  double log2 = 0;
  std::unordered_map<std::string, double> grads;
  for (std::size_t i = run.info.layers.size(); i-- > 0;) {
    grads[run.info.layers[i].path] = log2;
    log2 -= 2.083 + 0.01 * static_cast<double>(i % 7);
  }
  for (SketchRecord& record : step.sketches) {
    const bool grad = record.site.role == Role::grad_z || record.site.role == Role::grad_a;
    if (grad && record.site.path != "input") {
      record.sketch = test::sketch_with_rms(grads.at(record.site.path));
    }
  }
  test::put_rms(step, "input", Role::grad_a, log2);
  const Ledger ledger = make_ledger(run.info, step);
  ASSERT_EQ(ledger.entries.size(), 3999u);
  EXPECT_LT(ledger.total, -8000);
  EXPECT_NEAR(ledger.total, log2, 1e-8);
  expect_balances(ledger);
}

TEST(LedgerTest, EntriesRunFromTheLossToTheInput) {
  auto run = test::flat_run(2, 16, "relu", 1);
  test::put_rms(run.steps[0], "2", Role::grad_z, -1);
  test::put_rms(run.steps[0], "1", Role::grad_a, -3);
  test::put_rms(run.steps[0], "0", Role::grad_z, -4);
  test::put_rms(run.steps[0], "input", Role::grad_a, -9);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  ASSERT_EQ(ledger.entries.size(), 3u);
  EXPECT_EQ(ledger.entries[0].path, "2");
  EXPECT_NEAR(ledger.entries[0].attenuation, -2, 1e-12);
  EXPECT_NEAR(ledger.entries[1].attenuation, -1, 1e-12);
  EXPECT_NEAR(ledger.entries[2].attenuation, -5, 1e-12);
  EXPECT_NEAR(ledger.log2_loss_gradient, -1, 1e-12);
  EXPECT_NEAR(ledger.total, -8, 1e-12);
  EXPECT_TRUE(ledger.ends_at.empty());
  // weight_scale = log2(sqrt(16) / sqrt(16)) = 0, the derivative of a relu -1/2
  EXPECT_NEAR(ledger.total_of(Cause::weight_scale), 0, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::weight_alignment), -7, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::activation_derivative), -0.5, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::derivative_alignment), -0.5, 1e-12);
}

TEST(LedgerTest, ZeroGradientEndsTheBooksWhereItBegins) {
  auto run = test::flat_run(4, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(step, "2", Role::grad_z, -kInfinity);
  step.activations[1].log2_rms_derivative = -kInfinity;
  const Ledger ledger = make_ledger(run.info, step);
  EXPECT_EQ(ledger.ends_at, "3");
  EXPECT_EQ(ledger.ends_because,
            "the gradient with respect to its input is zero everywhere; its derivative is zero "
            "everywhere");
  ASSERT_EQ(ledger.entries.size(), 3u);
  EXPECT_EQ(ledger.entries.back().path, "4");
  expect_balances(ledger);
}

TEST(LedgerTest, ZeroWeightIsNamedAsTheReason) {
  auto run = test::flat_run(2, 16, "relu", 1);
  test::put_rms(run.steps[0], "2", Role::weight, -kInfinity);
  test::put_rms(run.steps[0], "1", Role::grad_a, -kInfinity);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, "2");
  EXPECT_TRUE(ledger.entries.empty());
  EXPECT_EQ(ledger.total, 0);
  EXPECT_NE(ledger.ends_because.find("its weight is zero everywhere"), std::string::npos);
}

TEST(LedgerTest, NanGradientEndsTheBooks) {
  auto run = test::flat_run(3, 16, "tanh", 1);
  test::put(run.steps[0], "1", Role::grad_a, test::with_nonfinite(test::sketch_with_rms(0), 3));
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, "2");
  EXPECT_EQ(ledger.ends_because,
            "the gradient with respect to its input holds 3 non-finite values of 64");
  EXPECT_EQ(ledger.entries.size(), 2u);
}

TEST(LedgerTest, WithoutTheInputGradientTheBooksEndAtTheLowestLayer) {
  auto run = test::flat_run(2, 16, "tanh", 1);
  std::erase_if(run.steps[0].sketches,
                [](const SketchRecord& r) { return r.site.path == "input"; });
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, "0");
  EXPECT_EQ(ledger.ends_because, "the gradient with respect to its input was not recorded");
  EXPECT_EQ(ledger.entries.size(), 2u);
}

TEST(LedgerTest, ZeroLossGradientLeavesNoEntries) {
  auto run = test::flat_run(2, 16, "tanh", 1);
  test::put_rms(run.steps[0], "2", Role::grad_z, -kInfinity);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_TRUE(ledger.entries.empty());
  EXPECT_EQ(ledger.ends_at, "2");
  EXPECT_EQ(ledger.ends_because, "the gradient with respect to its output is zero everywhere");
}

TEST(LedgerTest, EmptyRunHasEmptyBooks) {
  const Ledger ledger = make_ledger(RunInfo{}, StepRecord{});
  EXPECT_TRUE(ledger.entries.empty());
  EXPECT_EQ(ledger.total, 0);
}

// The shortcut of y = x + branch(x) hands the gradient through unchanged, so its entry is 0 to
// rounding.
TEST(LedgerTest, IdentityShortcutIsBookedAsZeroAndTheBranchAsTheRest) {
  test::MiniSpec spec;
  spec.residual = true;
  spec.depth = 6;
  spec.branch_scale = 0.4;
  spec.steps = 1;
  const auto run = test::run_mini_net(spec);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  expect_balances(ledger);
  EXPECT_TRUE(ledger.ends_at.empty());
  int blocks = 0;
  for (const LedgerEntry& entry : ledger.entries) {
    if (entry.kind != "res") continue;
    ++blocks;
    ASSERT_EQ(entry.parts.size(), 2u);
    EXPECT_EQ(entry.parts[0].cause, Cause::residual_shortcut);
    EXPECT_NEAR(entry.parts[0].log2, 0, 1e-12);
    EXPECT_EQ(entry.branch.size(), 3u);
    EXPECT_NEAR(entry.branch.front().log2_grad_out, entry.log2_grad_out + std::log2(0.4), 1e-9);
  }
  EXPECT_EQ(blocks, 5);
}

TEST(LedgerTest, ProjectionHasBooksOfItsOwn) {
  auto run = test::flat_run(1, 16, "relu", 1);
  LayerInfo res = test::dense_info("1", 3, 0, 16);
  res.kind = "res";
  res.family = LayerFamily::residual;
  run.info.layers.push_back(res);
  run.info.layers.push_back(test::dense_info("1.0", 2, 16, 16, "1"));
  run.info.layers.push_back(test::dense_info("1.proj", 2, 16, 16, "1"));
  StepRecord& step = run.steps[0];
  test::put_rms(step, "1", Role::grad_a, 1);
  test::put_rms(step, "1.0", Role::grad_z, 1);
  test::put_rms(step, "1.proj", Role::grad_z, 1);
  test::put_rms(step, "1.proj", Role::weight, -2);
  step.joins.push_back({"1", -3, -1, 0});
  const Ledger ledger = make_ledger(run.info, step);
  ASSERT_EQ(ledger.entries.size(), 2u);
  const LedgerEntry& block = ledger.entries[0];
  EXPECT_NEAR(block.attenuation, -1, 1e-12);
  EXPECT_NEAR(block.parts[0].log2, -2, 1e-12);  // shortcut
  EXPECT_NEAR(block.parts[1].log2, 1, 1e-12);   // branch
  ASSERT_EQ(block.branch.size(), 1u);
  EXPECT_NEAR(block.branch[0].attenuation, -4, 1e-12);
  ASSERT_EQ(block.shortcut.size(), 1u);
  EXPECT_EQ(block.shortcut[0].path, "1.proj");
  EXPECT_NEAR(block.shortcut[0].attenuation, -2, 1e-12);
  EXPECT_NEAR(block.shortcut[0].parts[0].log2, 0, 1e-12);  // log2(sqrt(16) * 2^-2)
}

TEST(LedgerTest, AHighwayIsSplitInThree) {
  auto run = test::flat_run(1, 16, "relu", 1);
  LayerInfo highway = test::dense_info("1", 3, 0, 16);
  highway.kind = "highway";
  highway.family = LayerFamily::residual;
  run.info.layers.push_back(highway);
  run.info.layers.push_back(test::dense_info("1.0", 2, 16, 16, "1"));
  run.info.layers.push_back(test::dense_info("1.gate", 2, 16, 16, "1"));
  StepRecord& step = run.steps[0];
  test::put_rms(step, "1", Role::grad_a, 1);
  test::put_rms(step, "1.0", Role::grad_z, 1);
  test::put_rms(step, "1.gate", Role::grad_z, -3);
  // Carried 2^-1, the branch as large and at 60 degrees: together sqrt(3) times that.
  step.joins.push_back({.path = "1",
                        .log2_rms_branch = -1,
                        .log2_rms_shortcut = -1,
                        .cosine = 0.5,
                        .log2_rms_gate = -5,
                        .carry_mean = 0.25});
  const Ledger ledger = make_ledger(run.info, step);
  const LedgerEntry& block = ledger.entries[0];
  ASSERT_EQ(block.parts.size(), 3u);
  EXPECT_EQ(block.parts[2].cause, Cause::residual_gate);
  EXPECT_NEAR(block.parts[0].log2, -2, 1e-12);
  EXPECT_NEAR(block.parts[1].log2, 0.5 * std::log2(3), 1e-12);
  EXPECT_NEAR(block.parts[0].log2 + block.parts[1].log2 + block.parts[2].log2, block.attenuation,
              1e-12);
  ASSERT_EQ(block.gate.size(), 1u);
  EXPECT_NEAR(block.gate[0].attenuation, -2, 1e-12);
  ASSERT_EQ(block.branch.size(), 1u);
}

/// x <- (1103515245 x + 12345) mod 2^31, filled row-major with (2u - 1) a: a net without a library.
class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : x_(seed) {}
  void fill(std::vector<double>& values, double a) {
    for (double& v : values) {
      x_ = (1103515245 * x_ + 12345) % (std::uint64_t{1} << 31);
      v = (2 * static_cast<double>(x_) / 2147483648.0 - 1) * a;
    }
  }

 private:
  std::uint64_t x_;
};

struct Fixture {
  const char* activation;
  double gain;
  double loss;
  double norm_dz_1;
  double norm_dz_21;
  double norm_dw_1;
  double norm_dw_21;
};

class DeterministicNetTest : public testing::TestWithParam<Fixture> {};

// 16 > 20 hidden layers of 16 > 4, batch 8, weights and data from the congruential generator above
// (seed 7). Reference values computed with PyTorch 1.13 in double precision.
TEST_P(DeterministicNetTest, LedgerAgreesWithPyTorch) {
  const Fixture& f = GetParam();
  test::MiniSpec spec;
  spec.activation = f.activation;
  spec.depth = 20;
  spec.width = 16;
  spec.batch = 8;
  test::MiniNet net(spec);
  Lcg lcg(7);
  std::vector<double> x(8 * 16);
  lcg.fill(x, 1);
  for (test::MiniNet::Dense& dense : net.denses) {
    lcg.fill(dense.weight, f.gain * std::sqrt(3.0 / dense.in));
    lcg.fill(dense.bias, 0);
  }
  const StepRecord step = net.step(x, {0, 1, 2, 3, 0, 1, 2, 3});
  EXPECT_NEAR(step.loss, f.loss, 1e-12);

  const RunInfo info = net.info();
  const Ledger ledger = make_ledger(info, step);
  expect_balances(ledger);
  const double rms_21 = f.norm_dz_21 / std::sqrt(8.0 * 4);
  const double rms_1 = f.norm_dz_1 / std::sqrt(8.0 * 16);
  EXPECT_NEAR(ledger.log2_loss_gradient, std::log2(rms_21), 1e-9);
  ASSERT_EQ(ledger.entries.back().path, "0");
  EXPECT_NEAR(ledger.total - ledger.entries.back().attenuation, std::log2(rms_1 / rms_21), 1e-9);

  const auto profile = flow_profile(info, step);
  EXPECT_NEAR(profile.front().log2_grad_weight, std::log2(f.norm_dw_1 / std::sqrt(16.0 * 16)),
              1e-9);
  EXPECT_NEAR(profile.back().log2_grad_weight, std::log2(f.norm_dw_21 / std::sqrt(16.0 * 4)), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    All, DeterministicNetTest,
    testing::Values(Fixture{"sigmoid", 1, 1.46565791822206, 1.178485406057e-13, 3.126489157708e-1,
                            3.037234999929e-13, 3.686194005613e-1},
                    Fixture{"relu", 1.4142135623730951, 1.47254573653438, 1.101942523777e-1,
                            3.161627564818e-1, 2.516225354743e-1, 4.506774809078e-1},
                    Fixture{"identity", 0.57735026918962573, 1.38629619507569, 6.469754354581e-6,
                            3.061864050263e-1, 1.529215777606e-5, 6.973876264056e-6}),
    [](const auto& param) { return std::string(param.param.activation); });

}  // namespace
}  // namespace plumb
