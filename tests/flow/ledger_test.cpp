// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

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
  ASSERT_NEAR(parts_sum(entry), entry.attenuation, limit) << entry.layer;
  ASSERT_NEAR(entry.log2_grad_in - entry.log2_grad_out, entry.attenuation, limit) << entry.layer;
  for (const LedgerWay& way : entry.ways) {
    for (const LedgerEntry& inner : way.entries) expect_entry_balances(inner);
  }
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
  for (const Cause cause : kCauses) causes += ledger.total_of(cause);
  ASSERT_NEAR(causes, ledger.total, limit);
}

/// A random step of a random network: every size is drawn, none is consistent with any other, and
/// the books must balance all the same. `spread` is the range of the log2 magnitudes.
class RandomRun {
 public:
  RandomRun(int layers, double spread) : spread_(spread) {
    add_chain("", layers, 2);
    test::wire(info_);
    step_.measured = true;
    for (std::size_t i = 0; i < info_.layers.size(); ++i) {
      const LayerInfo& layer = info_.layers[i];
      const auto id = static_cast<LayerId>(i);
      test::put_rms(info_, step_, layer.path, grad_role(layer), magnitude());
      if (layer.family == LayerFamily::linear) {
        test::put_rms(info_, step_, layer.path, Role::weight, magnitude());
      } else if (layer.family == LayerFamily::activation && !lacks()) {
        step_.activations.push_back({id, magnitude(), 0, 1, layer.units, 0, 1});
      } else if (layer.family == LayerFamily::residual && !lacks()) {
        const bool gate = test::id_of(info_, layer.path + ".gate") >= 0;
        test::Ways ways{magnitude() / spread_, magnitude() / spread_, 0.3};
        if (gate) ways.gate = ways.sum = magnitude() / spread_;
        test::put_join(info_, step_, layer.path, ways);
      }
    }
  }

  Ledger ledger() const { return make_ledger(info_, step_); }

 private:
  static constexpr LayerFamily kFamilies[] = {
      LayerFamily::linear,        LayerFamily::activation, LayerFamily::shape,
      LayerFamily::dropout,       LayerFamily::pooling,    LayerFamily::recurrent,
      LayerFamily::normalisation, LayerFamily::attention,  LayerFamily::embedding,
      LayerFamily::other,         LayerFamily::residual};

  double magnitude() { return spread_ * (*rc::gen::inRange(-1000000, 1000000)) / 1e6; }
  bool lacks() { return *rc::gen::inRange(0, 5) == 0; }

  void add_chain(const std::string& parent, int layers, int nesting) {
    const int kinds = static_cast<int>(std::size(kFamilies)) - (nesting > 0 ? 0 : 1);
    for (int i = 0; i < layers; ++i) {
      const std::string path = (parent.empty() ? "" : parent + ".") + std::to_string(i);
      LayerInfo layer = test::dense_info(path, 1, 8, *rc::gen::inRange(1, 2000));
      layer.family = kFamilies[static_cast<std::size_t>(*rc::gen::inRange(0, kinds))];
      info_.layers.push_back(layer);
      if (layer.family == LayerFamily::residual) {
        add_chain(path, *rc::gen::inRange(1, 5), nesting - 1);
        if (lacks()) info_.layers.push_back(test::dense_info(path + ".proj", 1, 8, 8));
        if (lacks()) info_.layers.push_back(test::dense_info(path + ".gate", 1, 8, 8));
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
  RC_ASSERT(ledger.ends_at == kNoLayer);
  expect_balances(ledger);
  RC_ASSERT(!testing::Test::HasFatalFailure());
}

TEST(LedgerTest, BalancesAtDepth2000FarOutsideTheRangeOfFloat) {
  auto run = test::flat_run(2000, 32, "sigmoid", 1);
  StepRecord& step = run.steps[0];
  double log2 = 0;
  std::vector<double> grads(run.info.layers.size());
  for (std::size_t i = run.info.layers.size(); i-- > 1;) {
    grads[i] = log2;
    log2 -= 2.083 + 0.01 * static_cast<double>(i % 7);
  }
  for (SketchRecord& record : step.sketches) {
    const bool grad = record.site.role == Role::grad_z || record.site.role == Role::grad_a;
    if (grad)
      record.sketch = test::sketch_with_rms(grads.at(static_cast<std::size_t>(record.site.id)));
  }
  test::put_rms(run.info, step, "input", Role::grad_a, log2);
  const Ledger ledger = make_ledger(run.info, step);
  ASSERT_EQ(ledger.entries.size(), 3999u);
  EXPECT_LT(ledger.total, -8000);
  EXPECT_NEAR(ledger.total, log2, 1e-8);
  expect_balances(ledger);
}

TEST(LedgerTest, EntriesRunFromTheLossToTheInput) {
  auto run = test::flat_run(2, 16, "relu", 1);
  test::put_rms(run.info, run.steps[0], "2", Role::grad_z, -1);
  test::put_rms(run.info, run.steps[0], "1", Role::grad_a, -3);
  test::put_rms(run.info, run.steps[0], "0", Role::grad_z, -4);
  test::put_rms(run.info, run.steps[0], "input", Role::grad_a, -9);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  ASSERT_EQ(ledger.entries.size(), 3u);
  EXPECT_EQ(ledger.entries[0].layer, test::id_of(run.info, "2"));
  EXPECT_NEAR(ledger.entries[0].attenuation, -2, 1e-12);
  EXPECT_NEAR(ledger.entries[1].attenuation, -1, 1e-12);
  EXPECT_NEAR(ledger.entries[2].attenuation, -5, 1e-12);
  EXPECT_NEAR(ledger.log2_loss_gradient, -1, 1e-12);
  EXPECT_NEAR(ledger.total, -8, 1e-12);
  EXPECT_EQ(ledger.ends_at, kNoLayer);
  // weight_scale = log2(sqrt(16) / sqrt(16)) = 0, the derivative of a relu -1/2
  EXPECT_NEAR(ledger.total_of(Cause::weight_scale), 0, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::weight_alignment), -7, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::activation_derivative), -0.5, 1e-12);
  EXPECT_NEAR(ledger.total_of(Cause::derivative_alignment), -0.5, 1e-12);
}

// What a layer that is not split takes stands under the cause of its family, whole.
TEST(LedgerTest, EachFamilyIsBookedUnderItsCause) {
  constexpr std::pair<LayerFamily, Cause> kRows[] = {
      {LayerFamily::shape, Cause::shape},
      {LayerFamily::dropout, Cause::dropout},
      {LayerFamily::normalisation, Cause::normalisation},
      {LayerFamily::pooling, Cause::pooling},
      {LayerFamily::recurrent, Cause::recurrence},
      {LayerFamily::attention, Cause::attention},
      {LayerFamily::embedding, Cause::embedding},
      {LayerFamily::other, Cause::other}};
  for (const auto& [family, cause] : kRows) {
    SCOPED_TRACE(to_string(cause));
    auto run = test::flat_run(4, 16, "tanh", 1);
    StepRecord& step = run.steps[0];
    const LayerId id = test::id_of(run.info, "3");
    LayerInfo& layer = run.info.layers[static_cast<std::size_t>(id)];
    layer.family = family;
    layer.traits.reset();
    std::erase_if(step.activations,
                  [&](const ActivationRecord& record) { return record.layer == id; });
    test::put_rms(run.info, step, "3", Role::grad_a, 0);
    for (const char* below : {"2", "1", "0"}) {
      const LayerInfo& one =
          run.info.layers[static_cast<std::size_t>(test::id_of(run.info, below))];
      test::put_rms(run.info, step, below, grad_role(one), -5);
    }
    const Ledger ledger = make_ledger(run.info, step);
    const auto entry = std::find_if(ledger.entries.begin(), ledger.entries.end(),
                                    [&](const LedgerEntry& one) { return one.layer == id; });
    ASSERT_NE(entry, ledger.entries.end());
    ASSERT_EQ(entry->parts.size(), 1u);
    EXPECT_EQ(entry->parts[0].cause, cause);
    EXPECT_NEAR(entry->parts[0].log2, -5, 1e-12);
    expect_balances(ledger);
  }
}

TEST(LedgerTest, ZeroGradientEndsTheBooksWhereItBegins) {
  auto run = test::flat_run(4, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "2", Role::grad_z, -kInfinity);
  step.activations[1].log2_rms_derivative = -kInfinity;
  const Ledger ledger = make_ledger(run.info, step);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "3"));
  EXPECT_EQ(end_text(ledger),
            "the gradient with respect to its input is zero everywhere; its derivative is zero "
            "everywhere");
  ASSERT_EQ(ledger.entries.size(), 3u);
  EXPECT_EQ(ledger.entries.back().layer, test::id_of(run.info, "4"));
  expect_balances(ledger);
}

TEST(LedgerTest, ZeroWeightIsNamedAsTheReason) {
  auto run = test::flat_run(2, 16, "relu", 1);
  test::put_rms(run.info, run.steps[0], "2", Role::weight, -kInfinity);
  test::put_rms(run.info, run.steps[0], "1", Role::grad_a, -kInfinity);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "2"));
  EXPECT_TRUE(ledger.entries.empty());
  EXPECT_EQ(ledger.total, 0);
  EXPECT_NE(end_text(ledger).find("its weight is zero everywhere"), std::string::npos);
}

// A weight that is not zero, and the derivative of another layer, are no reasons.
TEST(LedgerTest, AZeroThatNothingExplainsIsNamedAlone) {
  auto run = test::flat_run(3, 16, "relu", 1);
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "1", Role::grad_a, -kInfinity);
  step.activations[0].log2_rms_derivative = -kInfinity;  // of "1", where the gradient is gone
  const Ledger ledger = make_ledger(run.info, step);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "2"));
  EXPECT_EQ(ledger.ends, LedgerEnd::zero);
  EXPECT_EQ(end_text(ledger), "the gradient with respect to its input is zero everywhere");
}

TEST(LedgerTest, EveryEndHasItsWords) {
  constexpr std::pair<LedgerEnd, const char*> kRows[] = {
      {LedgerEnd::not_recorded, " was not recorded"},
      {LedgerEnd::empty, " is empty"},
      {LedgerEnd::nonfinite, " is not a number"},
      {LedgerEnd::zero, " is zero everywhere"},
      {LedgerEnd::zero_weight, " is zero everywhere; its weight is zero everywhere"},
      {LedgerEnd::zero_derivative, " is zero everywhere; its derivative is zero everywhere"}};
  for (const auto& [end, words] : kRows) {
    Ledger ledger;
    ledger.ends = end;
    EXPECT_EQ(end_text(ledger), std::string("the gradient with respect to its input") + words);
    ledger.ends_at_output = true;
    EXPECT_EQ(end_text(ledger), std::string("the gradient with respect to its output") + words);
  }
  Ledger counted;
  counted.value_count = 8;
  EXPECT_EQ(end_text(counted), "");
  counted.ends = LedgerEnd::nonfinite;
  counted.nonfinite_count = 3;
  EXPECT_EQ(end_text(counted),
            "the gradient with respect to its input holds 3 non-finite values of 8");
}

TEST(LedgerTest, ATensorOfNoValuesEndsTheBooks) {
  auto run = test::flat_run(3, 16, "relu", 1);
  test::put(run.info, run.steps[0], "1", Role::grad_a, {});
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends, LedgerEnd::empty);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "2"));
}

TEST(LedgerTest, NanGradientEndsTheBooks) {
  auto run = test::flat_run(3, 16, "tanh", 1);
  test::put(run.info, run.steps[0], "1", Role::grad_a,
            test::with_nonfinite(test::sketch_with_rms(0), 3));
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "2"));
  EXPECT_EQ(end_text(ledger),
            "the gradient with respect to its input holds 3 non-finite values of 64");
  EXPECT_EQ(ledger.entries.size(), 2u);
}

TEST(LedgerTest, WithoutTheInputGradientTheBooksEndAtTheLowestLayer) {
  auto run = test::flat_run(2, 16, "tanh", 1);
  std::erase_if(run.steps[0].sketches,
                [](const SketchRecord& r) { return r.site == Site::layer(0, Role::grad_a); });
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "0"));
  EXPECT_EQ(end_text(ledger), "the gradient with respect to its input was not recorded");
  EXPECT_EQ(ledger.entries.size(), 2u);
}

TEST(LedgerTest, ZeroLossGradientLeavesNoEntries) {
  auto run = test::flat_run(2, 16, "tanh", 1);
  test::put_rms(run.info, run.steps[0], "2", Role::grad_z, -kInfinity);
  const Ledger ledger = make_ledger(run.info, run.steps[0]);
  EXPECT_TRUE(ledger.entries.empty());
  EXPECT_EQ(ledger.ends_at, test::id_of(run.info, "2"));
  EXPECT_EQ(end_text(ledger), "the gradient with respect to its output is zero everywhere");
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
  EXPECT_EQ(ledger.ends_at, kNoLayer);
  int blocks = 0;
  for (const LedgerEntry& entry : ledger.entries) {
    if (run.info.layer(entry.layer).family != LayerFamily::residual) continue;
    ++blocks;
    ASSERT_EQ(entry.parts.size(), 2u);
    EXPECT_EQ(entry.parts[0].cause, Cause::residual_shortcut);
    EXPECT_NEAR(entry.parts[0].log2, 0, 1e-12);
    const LedgerWay* branch = entry.way(Way::branch);
    ASSERT_NE(branch, nullptr);
    ASSERT_EQ(branch->entries.size(), 3u);
    EXPECT_NEAR(branch->entries.front().log2_grad_out, entry.log2_grad_out + std::log2(0.4), 1e-9);
  }
  EXPECT_EQ(blocks, 5);
}

/// dense > relu > a block of one dense layer with `beside` beside it.
Run block_run(const std::string& kind, const std::string& beside) {
  plumb::Run run;
  run.info.layers = {test::dense_info("0", 1, 16, 16), test::residual_info("1", 3, 16, kind),
                     test::dense_info("1.0", 2, 16, 16),
                     test::dense_info("1." + beside, 2, 16, 16)};
  test::wire(run.info);
  StepRecord step;
  step.measured = true;
  test::put_rms(run.info, step, "input", Role::grad_a, 0);
  test::put_rms(run.info, step, "0", Role::grad_z, 0);
  test::put_rms(run.info, step, "0", Role::weight, -2);
  test::put_rms(run.info, step, "1", Role::grad_a, 1);
  test::put_rms(run.info, step, "1.0", Role::grad_z, 1);
  run.steps.push_back(step);
  return run;
}

TEST(LedgerTest, ProjectionHasBooksOfItsOwn) {
  plumb::Run run = block_run("res", "proj");
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "1.proj", Role::grad_z, 1);
  test::put_rms(run.info, step, "1.proj", Role::weight, -2);
  test::put_join(run.info, step, "1", {-3, -1, 0});
  const Ledger ledger = make_ledger(run.info, step);
  ASSERT_EQ(ledger.entries.size(), 2u);
  const LedgerEntry& block = ledger.entries[0];
  EXPECT_NEAR(block.attenuation, -1, 1e-12);
  EXPECT_NEAR(block.parts[0].log2, -2, 1e-12);  // shortcut
  EXPECT_NEAR(block.parts[1].log2, 1, 1e-12);   // branch
  const LedgerWay& branch = *block.way(Way::branch);
  ASSERT_EQ(branch.entries.size(), 1u);
  EXPECT_NEAR(branch.entries[0].attenuation, -4, 1e-12);
  const LedgerWay& shortcut = *block.way(Way::shortcut);
  ASSERT_EQ(shortcut.entries.size(), 1u);
  EXPECT_TRUE(shortcut.main);
  EXPECT_EQ(shortcut.entries[0].layer, test::id_of(run.info, "1.proj"));
  EXPECT_NEAR(shortcut.entries[0].attenuation, -2, 1e-12);
  EXPECT_NEAR(shortcut.entries[0].parts[0].log2, 0, 1e-12);  // log2(sqrt(16) * 2^-2)
}

TEST(LedgerTest, AHighwayIsSplitInThree) {
  plumb::Run run = block_run("highway", "gate");
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "1.gate", Role::grad_z, -3);
  // Carried 2^-1, the branch as large and at 60 degrees: together sqrt(3) times that.
  test::put_join(run.info, step, "1",
                 {.branch = -1, .shortcut = -1, .cosine = 0.5, .gate = -5, .sum = 0});
  const Ledger ledger = make_ledger(run.info, step);
  const LedgerEntry& block = ledger.entries[0];
  ASSERT_EQ(block.parts.size(), 3u);
  EXPECT_EQ(block.parts[2].cause, Cause::residual_gate);
  EXPECT_NEAR(block.parts[0].log2, -2, 1e-12);
  EXPECT_NEAR(block.parts[1].log2, 0.5 * std::log2(3), 1e-12);
  EXPECT_NEAR(block.parts[0].log2 + block.parts[1].log2 + block.parts[2].log2, block.attenuation,
              1e-12);
  ASSERT_EQ(block.way(Way::gate)->entries.size(), 1u);
  EXPECT_NEAR(block.way(Way::gate)->entries[0].attenuation, -2, 1e-12);
  ASSERT_EQ(block.way(Way::branch)->entries.size(), 1u);
}

/// Queries, keys and values of one input, their products, and a sum around it all.
TEST(LedgerTest, AnAttentionIsOneEntryWithAWayForEachOfWhatItReads) {
  RunInfo info;
  const auto add = [&](const char* path, LayerFamily family, std::vector<Edge> inputs) {
    LayerInfo layer = test::dense_info(path, 1, 16, 16);
    layer.family = family;
    layer.inputs = std::move(inputs);
    info.layers.push_back(layer);
    return static_cast<LayerId>(info.layers.size()) - 1;
  };
  const LayerId input = add("tokens", LayerFamily::input, {});
  const LayerId x = add("norm", LayerFamily::normalisation, {{input}});
  const LayerId q = add("attn.q_proj", LayerFamily::linear, {{x}});
  const LayerId k = add("attn.k_proj", LayerFamily::linear, {{x}});
  const LayerId v = add("attn.v_proj", LayerFamily::linear, {{x}});
  const LayerId products =
      add("attn", LayerFamily::attention, {{q}, {k}, {v, 0, Way::unnamed, true}});
  const LayerId out = add("attn.out_proj", LayerFamily::linear, {{products}});
  add("add", LayerFamily::residual, {{out, 0, Way::branch}, {input, 0, Way::shortcut, true}});
  StepRecord step;
  step.measured = true;
  for (const LayerInfo& layer : info.layers) {
    test::put_rms(info, step, layer.path, grad_role(layer), layer.path == "norm" ? -4.0 : 0.0);
  }
  step.joins.push_back({x, 0, kNoLayer, {{q, 0, -6, 0.1}, {k, 0, -7, 0.1}, {v, 0, -4.5, 0.8}}});
  step.joins.push_back({input, 0, kNoLayer, {{x, 0, -5, 0.0}, {7, 1, 0, 1.0}}});
  const Ledger ledger = make_ledger(info, step);
  expect_balances(ledger);
  ASSERT_EQ(ledger.entries.size(), 1u);
  const LedgerWay& branch = *ledger.entries[0].way(Way::branch);
  ASSERT_EQ(branch.entries.size(), 3u);
  const LedgerEntry& attention = branch.entries[1];
  EXPECT_EQ(attention.layer, products);
  EXPECT_NEAR(attention.attenuation, -4, 1e-12);
  ASSERT_EQ(attention.parts.size(), 1u);
  EXPECT_EQ(attention.parts[0].cause, Cause::attention);
  ASSERT_EQ(attention.ways.size(), 3u);
  EXPECT_TRUE(attention.ways[2].main);
  EXPECT_EQ(attention.ways[2].share, 0.8);
  EXPECT_NEAR(attention.ways[1].entries.at(0).attenuation, -7, 1e-12);
  EXPECT_EQ(branch.entries[2].layer, x);
  EXPECT_NEAR(branch.entries[2].attenuation, -1, 1e-12);
}

// The sum stands around the attention alone, as in the first transformers: queries, keys and values
// read what the shortcut reads. They send back (1, 0), (0, 1) and (1, 1), the shortcut (2, -1).
TEST(LedgerTest, ABranchThatReadsItsInputThriceIsTheSumOfTheThree) {
  RunInfo info;
  const auto add = [&](const char* path, LayerFamily family, std::vector<Edge> inputs) {
    LayerInfo layer = test::dense_info(path, 1, 2, 2);
    layer.family = family;
    layer.inputs = std::move(inputs);
    info.layers.push_back(layer);
    return static_cast<LayerId>(info.layers.size()) - 1;
  };
  const LayerId x = add("tokens", LayerFamily::input, {});
  const LayerId q = add("q", LayerFamily::linear, {{x}});
  const LayerId k = add("k", LayerFamily::linear, {{x}});
  const LayerId v = add("v", LayerFamily::linear, {{x}});
  const LayerId products = add("attn", LayerFamily::attention, {{q}, {k}, {v}});
  const LayerId sum =
      add("add", LayerFamily::residual, {{products, 0, Way::branch}, {x, 0, Way::shortcut, true}});
  const auto rms = [](double squares) { return 0.5 * std::log2(squares / 2); };
  StepRecord step;
  step.measured = true;
  for (const LayerInfo& layer : info.layers) {
    test::put_rms(info, step, layer.path, grad_role(layer), rms(layer.path == "tokens" ? 17 : 1));
  }
  step.joins.push_back({x,
                        0,
                        kNoLayer,
                        {{q, 0, rms(1), 4.0 / 17},
                         {k, 0, rms(1), 1.0 / 17},
                         {v, 0, rms(2), 5.0 / 17},
                         {sum, 1, rms(5), 7.0 / 17}}});
  const Ledger ledger = make_ledger(info, step);
  expect_balances(ledger);
  const LedgerWay& branch = *ledger.entries.at(0).way(Way::branch);
  EXPECT_NEAR(branch.share, 10.0 / 17, 1e-12);
  EXPECT_NEAR(branch.log2_rms, rms(8), 1e-12);  // (2, 2)
  ASSERT_EQ(branch.entries.size(), 1u);
  EXPECT_NEAR(branch.entries[0].attenuation, rms(8) - rms(1), 1e-12);

  // A fifth reader, of which nobody knows how it lies to the shortcut's.
  step.joins[0].ways.push_back({kNoLayer, 0, rms(1), 0.0});
  const Ledger crowded = make_ledger(info, step);
  EXPECT_TRUE(std::isnan(crowded.entries.at(0).way(Way::branch)->log2_rms));
}

/// x, read by f, by the sum of x + f(x) and by one more: (2, 0) comes back by f, (0, 1) by the
/// shortcut around it, (-1, 1) by what is beside the block.
struct SharedTensor {
  SharedTensor() {
    x = add("x", LayerFamily::linear, {{add("input", LayerFamily::input, {})}});
    f = add("f", LayerFamily::linear, {{x}});
    inner = add("inner", LayerFamily::residual, {{f, 0, Way::branch}, {x, 0, Way::shortcut, true}});
  }
  LayerId add(const char* path, LayerFamily family, std::vector<Edge> inputs) {
    LayerInfo layer = test::dense_info(path, 1, 2, 2);
    layer.family = family;
    layer.inputs = std::move(inputs);
    info.layers.push_back(layer);
    return static_cast<LayerId>(info.layers.size()) - 1;
  }
  static double rms(double squares) { return 0.5 * std::log2(squares / 2); }
  /// Every gradient is (1, 1) but that of x: (1, 2).
  StepRecord step(LayerId beside) const {
    StepRecord step;
    step.measured = true;
    for (const LayerInfo& layer : info.layers) {
      test::put_rms(info, step, layer.path, grad_role(layer), rms(layer.path == "x" ? 5 : 2));
    }
    step.joins.push_back(
        {x,
         0,
         kNoLayer,
         {{f, 0, rms(4), 2.0 / 5}, {inner, 1, rms(1), 2.0 / 5}, {beside, 1, rms(2), 1.0 / 5}}});
    step.joins.push_back(
        {x, 0, inner, {{f, 0, rms(4), 4.0 / 5}, {inner, 1, rms(1), 1.0 / 5}}, rms(5)});
    return step;
  }

  RunInfo info;
  LayerId x, f, inner;
};

TEST(LedgerTest, ABlockAtTheFrontOfABranchHasItsOwnBooks) {
  SharedTensor net;
  const LayerId after = net.add("after", LayerFamily::linear, {{net.inner}});
  const LayerId outer = net.add("outer", LayerFamily::residual,
                                {{after, 0, Way::branch}, {net.x, 0, Way::shortcut, true}});
  StepRecord step = net.step(outer);
  step.joins.push_back({net.x,
                        0,
                        outer,
                        {{net.inner, 0, net.rms(5), 3.0 / 5}, {outer, 1, net.rms(2), 1.0 / 5}},
                        net.rms(5)});
  const Ledger ledger = make_ledger(net.info, step);
  expect_balances(ledger);
  const LedgerWay& branch = *ledger.entries.at(0).way(Way::branch);
  EXPECT_NEAR(branch.log2_rms, net.rms(5), 1e-12);
  ASSERT_EQ(branch.entries.size(), 2u);
  const LedgerEntry& block = branch.entries[1];
  EXPECT_EQ(block.layer, net.inner);
  EXPECT_NEAR(block.attenuation, net.rms(5) - net.rms(2), 1e-12);
  ASSERT_EQ(block.parts.size(), 2u) << "no reader beside it is in what came back by it";
  EXPECT_NEAR(block.parts[0].log2, net.rms(1) - net.rms(2), 1e-12);
  EXPECT_EQ(block.way(Way::branch)->share, 4.0 / 5);
}

TEST(LedgerTest, WhatIsBesideABlockThatHasItsOwnWaysIsAJoin) {
  SharedTensor net;
  const LayerId head = net.add("head", LayerFamily::linear, {{net.x}});
  net.info.outputs = {head, net.inner};
  const Ledger ledger = make_ledger(net.info, net.step(head));
  expect_balances(ledger);
  const LedgerEntry& block = ledger.entries.at(0);
  ASSERT_EQ(block.layer, net.inner);
  ASSERT_EQ(block.parts.size(), 3u);
  EXPECT_EQ(block.parts[0].cause, Cause::residual_shortcut);
  EXPECT_EQ(block.parts[1].cause, Cause::residual_branch);
  EXPECT_NEAR(block.parts[0].log2 + block.parts[1].log2, net.rms(5) - net.rms(2), 1e-12);
  EXPECT_EQ(block.parts[2].cause, Cause::join);
  EXPECT_NEAR(block.parts[2].log2, 0, 1e-12);  // (1, 2) is as large as (2, 1)
}

// A second head reads a hidden layer: what it sends back is no part of what the layer above did.
TEST(LedgerTest, WhatAnotherReaderAddsHasACauseOfItsOwn) {
  plumb::Run run = test::flat_run(3, 16, "relu", 1);
  LayerInfo head = test::dense_info("head", 2, 16, 16);
  const LayerId trunk = test::id_of(run.info, "1");
  head.inputs = {{trunk}};
  run.info.layers.push_back(head);
  run.info.outputs = {test::id_of(run.info, "head"), test::id_of(run.info, "4")};
  StepRecord& step = run.steps[0];
  test::put_rms(run.info, step, "head", Role::grad_z, 0);
  test::put_rms(run.info, step, "1", Role::grad_a, 0);
  const LayerId reader = test::id_of(run.info, "2");
  step.joins.push_back(
      {trunk, 0, kNoLayer, {{reader, 0, -3, 0.1}, {run.info.outputs[0], 0, -0.1, 0.9}}});
  const Ledger ledger = make_ledger(run.info, step);
  expect_balances(ledger);
  const LedgerEntry& entry = ledger.entries[2];
  ASSERT_EQ(entry.layer, reader);
  ASSERT_EQ(entry.parts.size(), 3u);
  EXPECT_EQ(entry.parts[2].cause, Cause::join);
  EXPECT_NEAR(entry.parts[0].log2 + entry.parts[1].log2, -3, 1e-12);
  EXPECT_NEAR(entry.parts[2].log2, 3, 1e-12);
}

// Nobody recorded what each of two readers sent back: a hidden tensor's gradient cannot be told
// apart and is booked whole, at the input it is that of the way that is booked.
TEST(LedgerTest, WhereReadersWereNotToldApartTheWholeIsBookedUnderTheFirstCause) {
  for (const char* shared : {"1", "input"}) {
    SCOPED_TRACE(shared);
    plumb::Run run = test::flat_run(3, 16, "relu", 1);
    LayerInfo head = test::dense_info("head", 2, 16, 16);
    head.inputs = {{test::id_of(run.info, shared)}};
    run.info.layers.push_back(head);
    run.info.outputs = {test::id_of(run.info, "head"), test::id_of(run.info, "4")};
    StepRecord& step = run.steps[0];
    test::put_rms(run.info, step, "head", Role::grad_z, 0);
    test::put_rms(run.info, step, shared, Role::grad_a, -5);
    const bool is_input = shared == std::string_view("input");
    const LayerId reader = test::id_of(run.info, is_input ? "0" : "2");
    const Ledger ledger = make_ledger(run.info, step);
    expect_balances(ledger);
    const auto entry = std::find_if(ledger.entries.begin(), ledger.entries.end(),
                                    [&](const LedgerEntry& one) { return one.layer == reader; });
    ASSERT_NE(entry, ledger.entries.end());
    ASSERT_EQ(entry->parts.size(), is_input ? 2u : 1u);
    EXPECT_EQ(entry->parts[0].cause, Cause::weight_scale);
    EXPECT_NEAR(entry->parts[0].log2, is_input ? 0 : -5, 1e-12);
  }
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
  ASSERT_EQ(ledger.entries.back().layer, test::id_of(info, "0"));
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
