// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrite.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "plumb/cure/setting_change.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/theory/correlation_map.h"
#include "plumb/theory/leaky_relu.h"
#include "plumb/theory/start.h"

namespace plumb {
namespace {

Patient patient_of(const std::string& network) {
  Patient patient;
  patient.config.network = network;
  return patient;
}

Rewritten apply(const std::string& id, const Patient& patient,
                const CureArguments& arguments = {}) {
  return find_rewrite(id)->apply(patient, arguments);
}

/// The network that it makes, or "-" where it does not apply.
std::string network(const std::string& id, const std::string& text,
                    const CureArguments& arguments = {}) {
  const Rewritten result = apply(id, patient_of(text), arguments);
  return result.config ? result.config->network : "-";
}

/// The settings that it changes, as "key=value key=value".
std::string settings_after(const std::string& id, const Patient& patient,
                           const CureArguments& arguments = {}) {
  const Rewritten result = apply(id, patient, arguments);
  if (!result.config) return "-";
  std::string text;
  for (const SettingChange& change : setting_changes(patient.config, *result.config)) {
    if (!text.empty()) text += ' ';
    text += change.key + "=" + change.after;
  }
  return text;
}

TEST(RewriteTest, NamesAreUniqueAndFound) {
  std::set<std::string_view> ids;
  for (const RewriteEntry& entry : rewrite_table()) {
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id;
    EXPECT_EQ(find_rewrite(entry.id), &entry);
    EXPECT_EQ(parse_cure_group(to_string(entry.group)), entry.group);
  }
  EXPECT_EQ(find_rewrite("pray"), nullptr);
}

TEST(RewriteTest, WhatDoesNotApplySaysWhyAndWhatDoesChangesSomethingThatParses) {
  for (const char* const text :
       {"flatten > 30 x [dense 64 > sigmoid] > dense 10", "dense 4", "rnn 16 > last > dense 2",
        "lstm 16 bptt=5 > last > dense 2", "resnet20", "mlp depth=4 activation=tanh",
        "conv 8 3x3 > relu > conv 8 3x3 > relu > gap > dense 10 > softmax",
        "dense 8 > dropout 0.9 > 6 x res[dense 8 > bn momentum=0.001 > relu] > dense 2 > "
        "sigmoid"}) {
    for (const RewriteEntry& entry : rewrite_table()) {
      const Rewritten result = entry.apply(patient_of(text), {});
      if (!result.config) {
        EXPECT_FALSE(result.why_not.empty()) << entry.id << " on " << text;
        continue;
      }
      EXPECT_NO_THROW(parse_spec(result.config->network)) << entry.id << " on " << text;
      EXPECT_FALSE(setting_changes(patient_of(text).config, *result.config).empty())
          << entry.id << " on " << text;
    }
  }
}

TEST(RewriteTest, ActivationsAreReplacedWhereTheyAreHidden) {
  EXPECT_EQ(network("replace_activation", "flatten > 30 x [dense 64 > sigmoid] > dense 10",
                    {{"activation", "tanh"}}),
            "flatten > 30 x [dense 64 > tanh] > dense 10");
  EXPECT_EQ(network("replace_activation", "dense 8 > sigmoid > dense 1 > sigmoid"),
            "dense 8 > relu > dense 1 > sigmoid");
  EXPECT_EQ(network("replace_activation", "mlp depth=2 width=8 activation=sigmoid classes=3"),
            "flatten > 2 x [dense 8 > relu] > dense 3");
  EXPECT_EQ(network("replace_activation", "dense 8 > relu > dense 2"), "-");
}

TEST(RewriteTest, ReplacingAnActivationBringsItsStart) {
  EXPECT_EQ(settings_after("replace_activation", patient_of("dense 8 > sigmoid > dense 2")),
            "network=dense 8 > relu > dense 2 init=he_normal bias-init=zeros");
  EXPECT_EQ(settings_after("replace_activation", patient_of("dense 8 > sigmoid > dense 2"),
                           {{"activation", "tanh"}, {"scheme", "glorot_normal"}}),
            "network=dense 8 > tanh > dense 2 init=glorot_normal bias-init=zeros");
}

TEST(RewriteTest, AnActivationIsInsertedBetweenLinearLayers) {
  EXPECT_EQ(network("insert_activation", "3 x dense 8 > dense 2"),
            "3 x [dense 8 > relu] > dense 2");
  EXPECT_EQ(network("insert_activation", "dense 8 > bn > dense 8 > tanh > dense 2"),
            "dense 8 > bn > relu > dense 8 > tanh > dense 2");
  EXPECT_EQ(network("insert_activation", "dense 8 > relu > dense 2"), "-");
}

TEST(RewriteTest, ShortcutsGoAroundWhatKeepsItsWidth) {
  EXPECT_EQ(network("add_residual", "flatten > 30 x [dense 64 > sigmoid] > dense 10"),
            "flatten > dense 64 > sigmoid > 29 x res scale=0.186[dense 64 > sigmoid] > dense 10");
  EXPECT_EQ(
      network("add_residual", "dense 8 > relu > dense 16 > relu > dense 16 > relu > dense 16"),
      "dense 8 > relu > dense 16 > relu > res scale=1[dense 16 > relu] > dense 16");
  EXPECT_EQ(
      network("add_residual",
              "conv 8 3x3 > relu > conv 8 3x3 > relu > conv 8 3x3 stride=2 > relu > gap > dense 8"),
      "conv 8 3x3 > relu > res scale=1[conv 8 3x3 > relu] > conv 8 3x3 stride=2 > relu > gap > "
      "dense 8");
  EXPECT_EQ(network("add_residual", "dense 8 > relu > maxpool 2 > dense 8 > dense 2"), "-");
  // A padding that keeps the image is the same written out; another does not.
  EXPECT_EQ(network("add_residual", "3 x [conv 8 3 pad=1 > relu] > gap > dense 4"),
            "conv 8 3 pad=1 > relu > 2 x res scale=0.707[conv 8 3 pad=1 > relu] > gap > dense 4");
  EXPECT_EQ(
      network("add_residual", "2 x [conv 8 3x5 pad=1x2 stride=1 > relu] > gap > dense 4"),
      "conv 8 3x5 pad=1x2 stride=1 > relu > res scale=1[conv 8 3x5 pad=1x2 stride=1 > relu] > "
      "gap > dense 4");
  EXPECT_EQ(network("add_residual", "3 x [conv 8 3 pad=0 > relu] > gap > dense 4"), "-");
  EXPECT_EQ(network("add_residual", "3 x [conv 8 3 stride=2 > relu] > gap > dense 4"), "-");
}

TEST(RewriteTest, BranchesAreScaledOrStartAtZero) {
  EXPECT_EQ(network("scale_branch", "dense 8 > 16 x res[dense 8 > relu] > dense 2"),
            "dense 8 > 16 x res scale=0.25[dense 8 > relu] > dense 2");
  EXPECT_EQ(network("scale_branch", "dense 8 > 16 x res alpha=0.1[dense 8 > relu] > dense 2"), "-");
  EXPECT_EQ(network("zero_branch_end", "dense 8 > 2 x res scale=0.5[dense 8] > dense 2"),
            "dense 8 > 2 x res rezero[dense 8] > dense 2");
  EXPECT_EQ(network("zero_branch_end", "dense 8 > 2 x res rezero[dense 8] > dense 2"), "-");
}

TEST(RewriteTest, NormalisationStandsBehindHiddenLinearLayers) {
  EXPECT_EQ(network("add_normalisation", "30 x [dense 64 > relu] > dense 10"),
            "30 x [dense 64 > bn > relu] > dense 10");
  EXPECT_EQ(network("add_normalisation", "dense 8 > ln > relu > res[dense 8 > relu] > dense 2"),
            "dense 8 > ln > relu > res[dense 8 > bn > relu] > dense 2");
  EXPECT_EQ(network("add_normalisation", "dense 8 > bn > relu > dense 2"), "-");
  Patient small = patient_of("dense 8 > relu > dense 2");
  small.config.batch = 4;
  EXPECT_EQ(apply("add_normalisation", small).config->network, "dense 8 > ln > relu > dense 2");
}

TEST(RewriteTest, NormalisationMovesIntoTheBranch) {
  EXPECT_EQ(network("normalise_before", "dense 8 > 4 x [res[dense 8 > relu] > ln] > dense 2"),
            "dense 8 > 4 x res[ln > dense 8 > relu] > ln > dense 2");
  EXPECT_EQ(network("normalise_before", "dense 8 > res[dense 8] > bn > relu > dense 2"),
            "dense 8 > res[bn > dense 8] > bn > relu > dense 2");
  EXPECT_EQ(network("normalise_before", "dense 8 > res[ln > dense 8] > relu > dense 2"), "-");
  EXPECT_EQ(network("normalise_before", "dense 8 > ln > relu > dense 2"), "-");
}

TEST(RewriteTest, FixupIsForBlocksWithoutNormalisation) {
  EXPECT_EQ(settings_after("fixup", patient_of("dense 8 > 4 x res[dense 8 > relu] > dense 2")),
            "init=fixup bias-init=zeros");
  EXPECT_EQ(settings_after("fixup", patient_of("dense 8 > res[dense 8 > bn] > dense 2")), "-");
  EXPECT_EQ(settings_after("fixup", patient_of("dense 8 > relu > dense 2")), "-");
  EXPECT_EQ(settings_after("fixup", patient_of("dense 8 > res rezero[dense 8] > dense 2")), "-");
}

TEST(RewriteTest, StatisticsGoBackToTheirDefaults) {
  EXPECT_EQ(network("usual_statistics", "dense 8 > bn momentum=0.001 eps=10 > relu > dense 2"),
            "dense 8 > bn > relu > dense 2");
  EXPECT_EQ(network("usual_statistics", "dense 8 > bn > relu > dense 2"), "-");
  EXPECT_EQ(network("larger_groups", "2 x [dense 8 > gn 4 > relu] > dense 2"),
            "2 x [dense 8 > gn 1 > relu] > dense 2");
  EXPECT_EQ(network("larger_groups", "dense 8 > group_norm 8 eps=0.1 > relu > dense 2"),
            "dense 8 > group_norm 1 eps=0.1 > relu > dense 2");
  EXPECT_EQ(network("larger_groups", "dense 8 > gn 1 > ln > dense 2"), "-");
}

TEST(RewriteTest, LayersAreTakenAway) {
  EXPECT_EQ(network("drop_normalisation", "3 x [dense 8 > bn > relu] > dense 2"),
            "3 x [dense 8 > relu] > dense 2");
  EXPECT_EQ(network("drop_normalisation", "dense 8 > ln > relu > dense 2"), "-");
  EXPECT_EQ(network("remove_softmax", "dense 8 > softmax > dense 8 > relu > dense 2 > softmax"),
            "dense 8 > dense 8 > relu > dense 2 > softmax");
  EXPECT_EQ(network("remove_softmax", "dense 2 > softmax"), "-");
  EXPECT_EQ(network("more_outputs", "dense 8 > relu > dense 2", {{"units", 5.0}}),
            "dense 8 > relu > dense 5");
  EXPECT_EQ(network("more_outputs", "dense 8 > relu > dense 2"), "-");
}

TEST(RewriteTest, DepthIsHalvedAndWidthMadeEqual) {
  EXPECT_EQ(network("fewer_layers", "flatten > 30 x [dense 64 > tanh] > dense 10"),
            "flatten > 15 x [dense 64 > tanh] > dense 10");
  EXPECT_EQ(network("fewer_layers", "dense 8 > relu > dense 2"), "-");
  EXPECT_EQ(network("widen", "dense 64 > relu > dense 2 > relu > dense 64 > relu > dense 4"),
            "dense 64 > relu > dense 64 > relu > dense 64 > relu > dense 4");
  EXPECT_EQ(network("widen", "3 x [dense 8 > relu] > dense 4"), "-");
}

TEST(RewriteTest, NothingStandsBetweenTheLastLayerAndTheLoss) {
  EXPECT_EQ(network("bare_output", "dense 8 > relu > dense 2 > softmax"),
            "dense 8 > relu > dense 2");
  EXPECT_EQ(network("bare_output", "3 x [dense 8 > relu]"), "2 x [dense 8 > relu] > dense 8");
  EXPECT_EQ(network("bare_output", "dense 8 > relu > dense 2"), "-");
}

TEST(RewriteTest, RecurrentCells) {
  EXPECT_EQ(network("open_gate", "lstm 16 > last > dense 2"),
            "lstm 16 forget_bias=1 > last > dense 2");
  EXPECT_EQ(network("open_gate", "lstm 16 forget_bias=-4 > last > dense 2", {{"chrono", 50.0}}),
            "lstm 16 chrono=50 > last > dense 2");
  EXPECT_EQ(network("open_gate", "rnn 16 > last > dense 2"), "-");
  EXPECT_EQ(network("open_gate", "dense 8 > 9 x highway bias=4[dense 8 > tanh] > dense 2",
                    {{"carry_bias", -2.0}}),
            "dense 8 > 9 x highway bias=-2[dense 8 > tanh] > dense 2");
  EXPECT_EQ(network("open_gate", "dense 8 > res[dense 8] > dense 2", {{"carry_bias", -2.0}}), "-");
  EXPECT_EQ(network("gated_cell", "rnn 16 act=relu > last > dense 2", {{"chrono", 40.0}}),
            "lstm 16 chrono=40 > last > dense 2");
  EXPECT_EQ(network("orthogonal_recurrence", "rnn 16 > last > dense 2"),
            "rnn 16 recurrent=orthogonal > last > dense 2");
  EXPECT_EQ(network("orthogonal_recurrence", "rnn 16 recurrent=orthogonal > last > dense 2"), "-");
  EXPECT_EQ(network("identity_recurrence", "rnn 16 act=tanh > last > dense 2"),
            "rnn 16 irnn > last > dense 2");
  EXPECT_EQ(network("whole_sequence", "lstm 16 bptt=5 > last > dense 2"),
            "lstm 16 > last > dense 2");
}

TEST(RewriteTest, TheCriticalStartIsThatOfTheory) {
  EXPECT_NEAR(theory::critical_start("relu")->gain, std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(theory::critical_start("tanh")->gain, 1, 1e-9);
  EXPECT_NEAR(theory::critical_start("gelu")->gain, 1.408, 5e-4);  // Roberts, Yaida and Hanin 2022
  EXPECT_NEAR(theory::critical_start("gelu")->bias_std, 0.416, 5e-4);
  EXPECT_FALSE(theory::critical_start("sigmoid").has_value());
  EXPECT_EQ(settings_after("initialise", patient_of("5 x [dense 8 > relu] > dense 2")),
            "init=he_normal bias-init=zeros");
  EXPECT_EQ(settings_after("initialise", patient_of("5 x [dense 8 > gelu] > dense 2")),
            "init=lecun_normal bias-init=normal:0.4158 gain=1.4082");
  EXPECT_EQ(settings_after("initialise", patient_of("5 x [dense 8 > sigmoid] > dense 2")), "-");
  EXPECT_EQ(settings_after("orthogonal_start", patient_of("5 x [dense 8 > tanh] > dense 2")),
            "init=orthogonal bias-init=zeros");
  EXPECT_EQ(settings_after("orthogonal_start", patient_of("conv 8 3x3 > tanh > gap > dense 2")),
            "init=delta_orthogonal bias-init=zeros");
}

TEST(RewriteTest, SettingsOfTheTrainer) {
  Patient patient = patient_of("dense 8 > relu > dense 2");
  patient.config.steps = 200;
  EXPECT_EQ(settings_after("set_rate", patient, {{"rate", 0.02}}), "lr=0.02");
  EXPECT_EQ(settings_after("set_rate", patient), "-");
  EXPECT_EQ(settings_after("warm_up", patient), "warmup=20");
  EXPECT_EQ(settings_after("clip_norm", patient), "-");
  patient.facts.usual_gradient_norm = 1.237;
  EXPECT_EQ(settings_after("clip_norm", patient), "clip-norm=1.2");
  EXPECT_EQ(settings_after("adam", patient), "optimiser=adam lr=0.001");
  EXPECT_EQ(settings_after("no_clipping", patient), "-");
  EXPECT_EQ(settings_after("fresh_weights", patient), "-");
  EXPECT_EQ(settings_after("constant_rate", patient), "-");
  EXPECT_EQ(settings_after("short_warm_up", patient), "-");
  EXPECT_EQ(settings_after("lower_weight_decay", patient), "-");
  EXPECT_EQ(settings_after("scale_inputs", patient), "standardise=true");
  patient.config.clip_norm = 1e-6;
  patient.config.weights = "odd.npz";
  patient.config.schedule = "cosine";
  patient.config.warmup_steps = 1000;
  EXPECT_EQ(settings_after("fresh_weights", patient), "weights=");
  EXPECT_EQ(settings_after("constant_rate", patient), "schedule=constant");
  EXPECT_EQ(settings_after("short_warm_up", patient), "warmup=10");
  patient.config.optimiser.weight_decay = 0.5;
  patient.config.optimiser.momentum = 0.99;
  patient.config.batch = 2;
  patient.config.standardise = true;
  EXPECT_EQ(settings_after("no_clipping", patient), "clip-norm=0");
  EXPECT_EQ(settings_after("lower_weight_decay", patient), "weight-decay=0.0001");
  EXPECT_EQ(settings_after("usual_optimiser", patient), "momentum=0.9");
  EXPECT_EQ(settings_after("larger_batch", patient), "batch=32");
  EXPECT_EQ(settings_after("shuffle", patient), "-");
  patient.config.shuffle = false;
  EXPECT_EQ(settings_after("shuffle", patient), "shuffle=true");
  EXPECT_EQ(settings_after("scale_inputs", patient), "-");
  EXPECT_EQ(settings_after("lower_dropout", patient_of("dense 8 > dropout 0.9 > dense 2")),
            "network=dense 8 > dropout 0.2 > dense 2");
}

TEST(TailoredActivationTest, TheMapIsThatOfTheory) {
  for (const double slope : {0.0, 0.3, 0.7}) {
    const theory::ActivationFunction activation =
        theory::make_activation("leaky_relu " + std::to_string(slope));
    for (const double c : {-0.5, 0.0, 0.4, 0.95}) {
      const double gain = theory::leaky_relu_gain(slope);
      EXPECT_NEAR(theory::leaky_relu_correlation(slope, c),
                  gain * gain * theory::pair_mean(activation, 1, c, false), 1e-9)
          << slope << " at " << c;
    }
  }
}

// The values that were tried by hand beside this paper's: Zhang, Botev, Martens 2022.
TEST(TailoredActivationTest, SlopesForAnEndCorrelationOfNineTenths) {
  EXPECT_NEAR(theory::tailored_slope(100, 0.9), 0.57044, 5e-6);
  EXPECT_NEAR(theory::leaky_relu_gain(theory::tailored_slope(100, 0.9)), 1.228404, 5e-7);
  EXPECT_NEAR(theory::tailored_slope(50, 0.9), 0.43052, 5e-6);
  EXPECT_NEAR(theory::leaky_relu_gain(theory::tailored_slope(50, 0.9)), 1.298948, 5e-7);
  EXPECT_EQ(theory::tailored_slope(2, 0.9), 0);
}

TEST(TailoredActivationTest, AppliesToDeepPlainChains) {
  EXPECT_EQ(settings_after("tailored_activation", patient_of("100 x [dense 64 > relu] > dense 4")),
            "network=100 x [dense 64 > leaky_relu 0.57044] > dense 4 init=orthogonal "
            "bias-init=zeros gain=1.228404");
  EXPECT_EQ(network("tailored_activation", "4 x [dense 64 > relu] > dense 4"), "-");
  EXPECT_EQ(network("tailored_activation", "50 x [dense 64 > bn > relu] > dense 4"), "-");
}

}  // namespace
}  // namespace plumb
