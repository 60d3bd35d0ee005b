// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/pair_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace plumb {
namespace {

// Neither is enough alone: at this rate sgd gets nowhere from any start, and with adam 12 sigmoids
// stay at the constant answer.
TrainConfig twice_sick() {
  TrainConfig config;
  config.network = "flatten > 12 x [dense 24 > sigmoid] > dense 10";
  config.data = "glyphs?n=600";
  config.steps = 150;
  config.learning_rate = 1e-6;
  return config;
}

AdviceOptions searching() {
  AdviceOptions options;
  options.budget_s = 3;
  options.search_everywhere = true;
  return options;
}

TEST(PairSearchTest, FindsWhatOneChangeAloneDoesNotDo) {
  const TrainConfig config = twice_sick();
  CureData data(config);
  AdviceOptions options = searching();
  options.allows = [](const RewriteEntry& rewrite) { return rewrite.group != CureGroup::rate; };
  const Prediction start = predict(config, data.of(config).split);
  const Advice advice = check_advice(config, data, start.findings, options);
  for (const CheckedChange& change : advice.changes) {
    EXPECT_LT(change.accuracy.value_or(0), 0.4) << change.prescription.rewrite->id;
  }
  const std::vector<ChangePair> pairs = search_pairs(config, data, advice, options);
  ASSERT_FALSE(pairs.empty());
  EXPECT_LE(pairs.size(), 21U);
  EXPECT_LT(pairs.front().loss, 0.7 * *advice.loss);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ChangePair& pair = pairs[i];
    EXPECT_NE(pair.first->prescription.rewrite->group, pair.second->group);
    EXPECT_TRUE(std::isfinite(pair.loss));
    EXPECT_TRUE(seen.insert(to_toml(pair.config)).second) << "twice";
    EXPECT_GE(pair.loss, pairs[i == 0 ? 0 : i - 1].loss);
  }
}

TEST(PairSearchTest, KeepsToWhatIsAllowedAndToItsBudget) {
  const TrainConfig config = twice_sick();
  CureData data(config);
  AdviceOptions options = searching();
  options.allows = [](const RewriteEntry& rewrite) {
    return rewrite.group == CureGroup::init || rewrite.group == CureGroup::norm;
  };
  const Advice advice = check_advice(config, data, {}, options);
  for (const ChangePair& pair : search_pairs(config, data, advice, options)) {
    EXPECT_TRUE(options.allows(*pair.second)) << pair.second->id;
  }
  options.budget_s = 0;
  EXPECT_TRUE(search_pairs(config, data, advice, options).empty());
}

TEST(PairSearchTest, ASecondChangeMustDoSomething) {
  TrainConfig config = twice_sick();
  CureData data(config);
  const Prescription adam{find_rewrite("adam"), {}, {}, {}};
  const auto both = with_second(config, data, adam);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->optimiser.name, "adam");
  EXPECT_FALSE(with_second(*both, data, adam));
}

}  // namespace
}  // namespace plumb
