// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plumb/diagnose/words/finding_words.h"
#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

const std::string kFour = "4 x [dense 64 > relu] > dense 4";

// What stands between the gradient and the weights is judged by what it does to the update.
std::vector<Case> trainer_cases() {
  const std::string short_run = kHe + kShort;
  std::vector<Case> cases;
  const auto still = [&](const std::string& name, const std::string& flags, CauseKind cause,
                         RemedyKind remedy, const std::string& says = "") {
    Right right{.rule = "stalled_layer", .cause = cause, .remedy = remedy};
    if (!says.empty()) right.says = {says};
    cases.push_back({"E_" + name, kFour, short_run + flags, right, made(line, 0)});
  };
  still("E1_clip_norm", " --lr 0.05 --clip-norm 1e-6", CauseKind::clipping, RemedyKind::raise_clip,
        "multiplies every gradient by");
  still("clip_norm_and_momentum", " --lr 0.05 --momentum 0.9 --clip-norm 1e-7", CauseKind::clipping,
        RemedyKind::raise_clip);
  still("clip_value", " --lr 0.05 --clip-value 1e-9", CauseKind::clipping, RemedyKind::raise_clip);
  still("eps", " --optimiser adam --lr 1e-3 --eps 100", CauseKind::large_eps,
        RemedyKind::lower_eps);
  still("eps_of_rmsprop", " --optimiser rmsprop --lr 1e-3 --eps 100", CauseKind::large_eps,
        RemedyKind::lower_eps);
  still("warm_up", " --optimiser adam --lr 1e-3 --warmup 10000000", CauseKind::long_warm_up,
        RemedyKind::shorter_warm_up);
  still("schedule", " --lr 0.01 --schedule step:5,0.1", CauseKind::decayed_rate,
        RemedyKind::longer_schedule);
  still("rate_too_low", " --lr 1e-7", CauseKind::small_rate, RemedyKind::raise_rate);
  still("rate_too_low_of_adam", " --optimiser adam --lr 1e-8", CauseKind::small_rate,
        RemedyKind::raise_rate);
  // A first loss that is above that of the best constant answer comes down to it all the same.
  for (const char* eps : {"1", "10"}) {
    const std::string name = eps;
    still("eps_of_" + name, " --optimiser adam --lr 1e-3 --eps " + name, CauseKind::large_eps,
          RemedyKind::lower_eps);
  }
  still("eps_of_1_of_rmsprop", " --optimiser rmsprop --lr 1e-3 --eps 1", CauseKind::large_eps,
        RemedyKind::lower_eps);
  for (const char* rate : {"1e-5", "1e-4", "3e-4"}) {
    std::string name = "rate_of_" + std::string(rate);
    name.erase(name.find('-'), 1);
    still(name, " --lr " + std::string(rate), CauseKind::small_rate, RemedyKind::raise_rate);
  }
  for (const char* rate : {"1e-6", "1e-5"}) {
    std::string name = "rate_of_adam_of_" + std::string(rate);
    name.erase(name.find('-'), 1);
    still(name, " --optimiser adam --lr " + std::string(rate), CauseKind::small_rate,
          RemedyKind::raise_rate);
  }
  still("clip_norm_of_1e3", " --lr 0.05 --clip-norm 1e-3", CauseKind::clipping,
        RemedyKind::raise_clip);
  still("warm_up_of_sgd", " --lr 0.1 --warmup 1000000", CauseKind::long_warm_up,
        RemedyKind::shorter_warm_up);
  still("schedule_of_adam", " --optimiser adam --lr 1e-3 --schedule step:3,0.3",
        CauseKind::decayed_rate, RemedyKind::longer_schedule);
  const Right shrinks{.rule = "shrinking_weights",
                      .cause = CauseKind::weight_decay,
                      .remedy = RemedyKind::lower_weight_decay,
                      .says_not = {"initialise"}};
  Right e2 = shrinks;
  e2.says = {"takes 5 % of every weight in each step"};
  const auto decays = [&](const std::string& name, const std::string& flags, const Right& right) {
    cases.push_back({"E_" + name, kFour, short_run + flags, right, made(line, 0)});
  };
  decays("E2_decay", " --lr 0.1 --weight-decay 0.5", e2);
  decays("decay_with_momentum", " --lr 0.01 --momentum 0.9 --weight-decay 0.5", shrinks);
  decays("decay_of_1", " --lr 0.03 --weight-decay 1", shrinks);
  decays("decay_of_adam", " --optimiser adam --lr 1e-3 --weight-decay 1", shrinks);
  decays("decay_of_fast_adam", " --optimiser adam --lr 1e-2 --weight-decay 1", shrinks);
  decays("decay_of_rmsprop", " --optimiser rmsprop --lr 1e-3 --weight-decay 1", shrinks);
  decays("decay_of_adamw", " --optimiser adamw --lr 1e-3 --weight-decay 50", shrinks);
  for (const auto& [name, flags] :
       {std::pair{"sgd", " --lr 0.1 --weight-decay 0.5"},
        std::pair{"adam", " --optimiser adam --lr 1e-3 --weight-decay 1"}}) {
    cases.push_back({"E_decay_in_two_layers_by_" + std::string(name),
                     "2 x [dense 64 > relu] > dense 4", short_run + flags, shrinks, made(line, 1)});
    cases.push_back(
        {"E_decay_in_eight_layers_by_" + std::string(name), "8 x [dense 48 > tanh] > dense 4",
         " --init glorot_normal --bias-init zeros" + kShort + flags, shrinks, made(line, 2)});
  }
  const auto fast = [&](const std::string& name, const std::string& flags, CauseKind cause,
                        RemedyKind remedy) {
    cases.push_back({"E_" + name,
                     kFour,
                     short_run + flags,
                     {.rule = "update_too_large", .cause = cause, .remedy = remedy},
                     made(line, 0)});
  };
  fast("rate_too_high", " --lr 10", CauseKind::learning_rate, RemedyKind::lower_rate);
  fast("rate_too_high_of_adam", " --optimiser adam --lr 1", CauseKind::learning_rate,
       RemedyKind::lower_rate);
  // It kills the units before any one step is large.
  cases.push_back({"E_momentum",
                   kFour,
                   short_run + " --lr 0.1 --momentum 0.999",
                   {.rule = "update_too_large",
                    .cause = CauseKind::momentum,
                    .remedy = RemedyKind::lower_momentum},
                   made(line, 0)});
  cases.push_back({"E_momentum_of_tanh",
                   "3 x [dense 64 > tanh] > dense 4",
                   kShort + " --lr 0.1 --momentum 0.999",
                   {.rule = "update_too_large",
                    .cause = CauseKind::momentum,
                    .remedy = RemedyKind::lower_momentum},
                   made(line, 0)});
  cases.push_back({"E_momentum_of_gelu",
                   "3 x [dense 64 > gelu] > dense 4",
                   kShort + " --lr 0.1 --momentum 0.999",
                   {.rule = "update_too_large",
                    .cause = CauseKind::momentum,
                    .remedy = RemedyKind::lower_momentum},
                   made(line, 0)});

  // Their healthy twins.
  int count = 0;
  for (const char* flags :
       {" --lr 0.05 --clip-norm 1", " --optimiser adam --lr 1e-3 --eps 1e-4",
        " --optimiser adam --lr 1e-3 --warmup 50", " --lr 0.1 --schedule cosine",
        " --lr 0.1 --schedule step:100,0.3", " --lr 0.1 --weight-decay 1e-3",
        " --optimiser adamw --lr 1e-3 --weight-decay 0.1", " --lr 0.02 --momentum 0.9",
        " --lr 0.01", " --optimiser rmsprop --lr 1e-3", " --lr 0.1 --weight-decay 1e-4",
        " --optimiser adam --lr 1e-3 --weight-decay 1e-4",
        " --optimiser adamw --lr 1e-3 --weight-decay 1e-4",
        " --optimiser rmsprop --lr 1e-3 --weight-decay 1e-4",
        " --lr 0.02 --momentum 0.9 --weight-decay 1e-4",
        // A short gradient is none to an optimiser that divides by its size.
        " --optimiser adam --lr 1e-3 --clip-norm 0.01", " --lr 1 --clip-norm 0.1",
        // An eps above every gradient makes gradient descent of it: at a rate for that it learns.
        " --optimiser adam --lr 0.1 --eps 1", " --optimiser adam --lr 1e-2 --warmup 100",
        " --optimiser adam --lr 1e-3 --schedule cosine", " --lr 0.1 --schedule step:150,0.1",
        " --lr 3e-3 --momentum 0.9"}) {
    cases.push_back(
        {"healthy_" + std::to_string(count++), kFour, short_run + flags, {}, made(line, 0)});
  }
  return cases;
}

PLUMB_CASES(TrainerCases, trainer_cases());

const Finding* found(const CaseRun& run, const std::string& rule) {
  for (const Finding& finding : run.diagnosis().findings()) {
    if (finding.rule == rule) return &finding;
  }
  return nullptr;
}

// Faults without a mechanism between them stay apart.
TEST(CausalityTest, AVanishingNetworkAtATinyRateHasTwoFaults) {
  const CaseRun run({"two_faults",
                     "12 x [dense 64 > sigmoid] > dense 4",
                     kShort + " --init glorot_normal --lr 1e-7",
                     {},
                     made(line, 0)});
  for (const char* rule : {"vanishing_gradient", "stalled_layer"}) {
    const Finding* finding = found(run, rule);
    ASSERT_NE(finding, nullptr) << rule << run.told();
    EXPECT_FALSE(finding->is_explained()) << rule << run.told();
    EXPECT_NE(finding->severity, Severity::note) << rule << run.told();
  }
}

TEST(CausalityTest, G1AnEqualStartComesBeforeTheStepsItMakes) {
  const CaseRun run({"G1", "flatten > dense 1000 > sigmoid > dense 10",
                     "--data glyphs?n=2000 --init zeros --bias-init zeros --lr 0.5 --epochs 3 "
                     "--batch 100"});
  ASSERT_FALSE(run.diagnosis().findings().empty());
  EXPECT_EQ(run.diagnosis().findings().front().rule, "symmetric_units") << run.told();
  const Finding* steps = found(run, "update_too_large");
  EXPECT_TRUE(steps == nullptr || steps->is_explained()) << run.told();
}

TEST(CausalityTest, UnitsThatDieAtAHighRateFollowFromIt) {
  const CaseRun run({"dies", "flatten > 3 x [dense 64 > relu] > dense 10",
                     kHe + " --data glyphs?n=2000 --lr 3 --epochs 3 --batch 64"});
  EXPECT_EQ(run.diagnosis().findings().front().rule, "update_too_large") << run.told();
  const Finding* dead = found(run, "dead_units");
  ASSERT_NE(dead, nullptr) << run.told();
  EXPECT_EQ(dead->cause.kind, CauseKind::died_in_training) << run.told();
  EXPECT_TRUE(dead->is_explained()) << run.told();
}

/// All advice of a run, in words.
std::string advice(const CaseRun& run) {
  std::string text;
  const std::vector<Finding>& findings = run.diagnosis().findings();
  for (const Finding& finding : findings) {
    for (const std::string& remedy : words_of(run.info(), findings, finding).remedies) {
      text += remedy + "\n";
    }
  }
  return text;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(AdviceTest, H1NothingIsAdvisedThatIsInForce) {
  for (const char* network :
       {"30 x [dense 64 > gelu] > dense 4", "40 x [dense 64 > silu] > dense 4"}) {
    const CaseRun run({"H1", network, kHe + kShort + kAdam, {}, made(line, 0)});
    EXPECT_FALSE(has(advice(run), "gain 1.41")) << run.told() << advice(run);
    for (const Finding& finding : run.diagnosis().findings()) {
      if (finding.rule != "vanishing_gradient") continue;
      EXPECT_EQ(finding.remedies.front().kind, RemedyKind::add_residual) << advice(run);
    }
  }
}

TEST(AdviceTest, H2NothingIsAdvisedThatSaturates) {
  const CaseRun run(
      {"H2", "20 x [dense 64 > sigmoid] > dense 4", kShort + " --lr 0.05", {}, made(line, 0)});
  EXPECT_FALSE(has(advice(run), "10.15")) << advice(run);
}

TEST(AdviceTest, H3NoRateIsDividedFromARatio) {
  const CaseRun run(
      {"H3", "3 x [dense 64 > relu] > dense 4", kHe + kShort + " --lr 10", {}, made(line, 0)});
  EXPECT_FALSE(has(advice(run), ", to 0.0")) << advice(run);
  EXPECT_FALSE(has(advice(run), " times")) << advice(run);
  EXPECT_TRUE(has(advice(run), "lower the learning rate")) << advice(run);
}

}  // namespace
}  // namespace plumb::test
