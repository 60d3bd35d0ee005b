// SPDX-License-Identifier: Apache-2.0
// Names are for people: whatever layers, blocks and parameters are called, the numbers stay.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/ledger_json.h"
#include "plumb/report/report_json.h"
#include "plumb/train/run_training.h"

namespace plumb {
namespace {

struct Recipe {
  const char* network;
  const char* data;
  double rate = 0.05;
  const char* init = "pytorch";
};

/// Of every kind, healthy and sick ones.
constexpr Recipe kRecipes[] = {
    {"flatten > 2 x [dense 16 > relu] > dense 10", "glyphs?n=200"},
    {"flatten > 20 x [dense 16 > sigmoid] > dense 10", "glyphs?n=200"},
    {"flatten > 12 x [dense 16 > tanh] > dense 10", "glyphs?n=200", 3},
    {"flatten > 12 x [dense 16 > mish] > dense 10", "glyphs?n=200"},
    {"flatten > 3 x [dense 16 > leaky_relu 0.2] > dense 10", "glyphs?n=200", 50},
    {"flatten > 4 x [dense 16 > gelu] > dense 10", "glyphs?n=200", 0.05, "zeros"},
    {"conv 4 3x3 > relu > conv 4 3x3 > relu > gap > dense 10", "glyphs?n=120"},
    {"conv 4 5x5 stride=2 > elu > maxpool 2 > flatten > dense 10", "glyphs?n=120"},
    {"conv 4 3x3 > bn > relu > avgpool 2 > flatten > dense 10", "glyphs?n=120"},
    {"flatten > dense 16 > 4 x res[dense 16 > relu > dense 16] > dense 10", "glyphs?n=200"},
    {"flatten > dense 16 > 2 x res scale=0.1[dense 16 > res[dense 16 > tanh]] > dense 10",
     "glyphs?n=200"},
    {"conv 4 3x3 > res proj[conv 8 3x3 > relu > conv 8 3x3] > relu > gap > dense 10",
     "glyphs?n=120"},
    {"conv 4 3x3 > res pad[conv 8 3x3 > bn > relu] > gap > dense 10", "glyphs?n=120"},
    {"flatten > dense 16 > 5 x highway[dense 16 > relu] > dense 10", "glyphs?n=200"},
    {"flatten > 6 x [dense 16 > ln > silu] > dense 10", "glyphs?n=200"},
    {"flatten > 6 x [dense 16 > rmsnorm > softsign > dropout 0.2] > dense 10", "glyphs?n=200"},
    {"rnn 8 > last > dense 1", "adding?n=120&t=30"},
    {"rnn 8 > last > dense 1", "adding?n=120&t=30", 5},
    {"lstm 8 > last > dense 1", "adding?n=120&t=30"},
    {"gru 8 > lstm 8 > last > dense 1", "adding?n=120&t=30"},
};

class RenameTest : public testing::TestWithParam<Recipe> {};

/// Random names that share nothing with the old ones, each different.
class Renamer {
 public:
  explicit Renamer(unsigned seed) : random_(seed) {}
  std::string operator()(const std::string& old) {
    if (old.empty()) return old;
    auto [it, is_new] = names_.try_emplace(old);
    if (is_new) {
      do {
        it->second.clear();
        for (int i = 0; i < 8; ++i) it->second += kLetters[random_() % kLetters.size()];
      } while (!used_.insert(it->second).second);
      back_[it->second] = old;
    }
    return it->second;
  }
  /// The old names put back into a text.
  std::string back(std::string text) const {
    for (const auto& [name, old] : back_) {
      for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
        text.replace(at, name.size(), old);
        at += old.size();
      }
    }
    return text;
  }

 private:
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_.0123456789";
  std::mt19937 random_;
  std::map<std::string, std::string> names_, back_;
  std::set<std::string> used_;
};

plumb::Run renamed(plumb::Run run, Renamer& rename) {
  for (LayerInfo& layer : run.info.layers) layer.path = rename(layer.path);
  for (BlockInfo& block : run.info.blocks) block.path = rename(block.path);
  for (ParamInfo& param : run.info.params) {
    param.path = rename(param.path);
    param.name = rename(param.name);
  }
  return run;
}

TEST_P(RenameTest, NothingButNamesChanges) {
  const Recipe& recipe = GetParam();
  TrainConfig config;
  config.network = recipe.network;
  config.data = recipe.data;
  config.learning_rate = recipe.rate;
  config.init = recipe.init;
  config.steps = 12;
  config.batch = 20;
  config.record = "every=3";
  const plumb::Run run = train(config);
  for (unsigned seed = 0; seed < 3; ++seed) {
    Renamer rename(seed);
    const plumb::Run other = renamed(run, rename);
    const Diagnosis before(run), after(other);
    EXPECT_EQ(before.findings(), after.findings());
    for (const StepRecord* step : run.measured()) {
      EXPECT_EQ(ledger_json(run.info, *step), rename.back(ledger_json(other.info, *step)));
      const auto one = flow_profile(run.info, *step), two = flow_profile(other.info, *step);
      const DepthScale a = fit_depth_scale(one), b = fit_depth_scale(two);
      EXPECT_EQ(a.log2_per_layer, b.log2_per_layer);
      EXPECT_EQ(a.layers, b.layers);
    }
    // Everything that a page gets: books, profiles, findings with their sentences.
    EXPECT_EQ(nlohmann::json::parse(report_json(run)),
              nlohmann::json::parse(rename.back(report_json(other))));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, RenameTest, testing::ValuesIn(kRecipes));

}  // namespace
}  // namespace plumb
