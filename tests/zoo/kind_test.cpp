// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/kind.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "plumb/core/error.h"
#include "plumb/diagnose/rule.h"
#include "plumb/record/finding_kinds.h"
#include "plumb/train/trainer.h"

namespace plumb::zoo {
namespace {

std::int64_t sick_kinds() {
  return std::ranges::count_if(kinds(), [](const Kind& kind) { return !kind.is_healthy(); });
}

TEST(KindTest, ThereAreSixtyOfEach) {
  EXPECT_GE(sick_kinds(), 60);
  EXPECT_GE(std::ssize(kinds()) - sick_kinds(), 60);
}

TEST(KindTest, NamesDiffer) {
  std::set<std::string_view> names;
  for (const Kind& kind : kinds()) EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
}

TEST(KindTest, TruthsNameRulesAndCausesThatThereAre) {
  std::set<std::string_view> rules;
  for (const RuleEntry& rule : rule_table()) rules.insert(rule.id);
  for (const Kind& kind : kinds()) {
    for (const std::string_view rule : kind.truth.rules) {
      EXPECT_TRUE(rules.contains(rule)) << kind.name << ": " << rule;
    }
    for (const std::string_view cause : kind.truth.causes) {
      EXPECT_TRUE(parse_cause_kind(cause)) << kind.name << ": " << cause;
    }
    EXPECT_EQ(kind.is_healthy(), kind.truth.causes.empty()) << kind.name;
  }
}

TEST(KindTest, EachHalfHasAThirdOfTheSickAndOfTheHealthyAtLeast) {
  for (const bool healthy : {false, true}) {
    std::int64_t open = 0, all = 0;
    for (const Kind& kind : kinds()) {
      if (kind.is_healthy() != healthy || kind.sets_rules) continue;
      ++all;
      open += half_of(kind) == Half::open;
    }
    EXPECT_GE(3 * open, all);
    EXPECT_GE(3 * (all - open), all);
  }
}

TEST(KindTest, KindsByWhichRulesAreSetAreOpen) {
  std::int64_t there = 0;
  for (const Kind& kind : kinds()) {
    if (!kind.sets_rules) continue;
    ++there;
    EXPECT_EQ(half_of(kind), Half::open) << kind.name;
  }
  EXPECT_GE(there, 60);
}

TEST(KindTest, EverySpecimenCanBeBuilt) {
  for (const Kind& kind : kinds()) {
    for (const bool twin : {false, true}) {
      const Specimen specimen = make_specimen(kind, 1, twin);
      EXPECT_NO_THROW({
        Trainer trainer(specimen.config, specimen.data);
        EXPECT_GT(trainer.planned_steps(), 0);
        EXPECT_LE(specimen.bad_depth, 60);
      }) << kind.name;
    }
  }
}

TEST(KindTest, ATwinDiffersInTheFaultAlone) {
  for (const Kind& kind : kinds()) {
    if (kind.is_healthy()) continue;
    const Specimen sick = make_specimen(kind, 2), twin = make_specimen(kind, 2, true);
    EXPECT_EQ(sick.config.seed, twin.config.seed) << kind.name;
    EXPECT_EQ(sick.config.steps, twin.config.steps) << kind.name;
    EXPECT_EQ(sick.bad_depth, twin.bad_depth) << kind.name;
    EXPECT_EQ(sick.measure, twin.measure) << kind.name;
    EXPECT_FALSE(twin.surgery) << kind.name;
  }
}

TEST(KindTest, SeedsAreDifferentNetworks) {
  for (const Kind& kind : kinds()) {
    std::set<std::string> texts;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Specimen specimen = make_specimen(kind, seed);
      texts.insert(specimen.config.network + " " + std::to_string(specimen.data.train.size()) +
                   " " + std::to_string(specimen.config.seed));
    }
    EXPECT_EQ(texts.size(), 5U) << kind.name;
  }
}

TEST(KindTest, AnUnknownNameGetsTheNearest) {
  try {
    find_kind("sigmoid_dept");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("sigmoid_depth"), std::string::npos);
  }
}

}  // namespace
}  // namespace plumb::zoo
