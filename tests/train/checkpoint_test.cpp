// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/train/run_training.h"
#include "plumb/train/weights.h"

namespace plumb {
namespace {

TrainConfig config_of(const std::string& optimiser, const std::string& precision) {
  TrainConfig config;
  config.network = "dense 8 > bn > tanh > dropout 0.2 > dense 2";
  config.data = "spirals?n=60";
  config.optimiser.name = optimiser;
  config.precision = precision;
  config.learning_rate = 0.01;
  config.schedule = "cosine";
  config.warmup_steps = 3;
  config.batch = 10;
  config.steps = 25;
  config.seed = 3;
  return config;
}

void make_steps(Trainer& trainer, std::int64_t until) {
  while (trainer.step_count() < until) trainer.step();
}

std::vector<char> bits(Trainer& trainer) {
  std::vector<char> bytes;
  for (const auto& [name, view] : weights_of(trainer.network())) {
    const char* begin = static_cast<const char*>(view.data);
    bytes.insert(bytes.end(), begin, begin + view.shape.size() * size_bytes(view.dtype));
  }
  return bytes;
}

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/checkpoint-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name = "half.npz") const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(CheckpointTest, AResumedTrainingMakesTheBitsOfOneThatNeverStopped) {
  struct Case {
    const char* optimiser;
    double momentum;
    double clip_norm;
  };
  for (const char* precision : {"float", "double"}) {
    for (const Case& one : {Case{"sgd", 0, 0},
                            {"sgd", 0.9, 1},
                            {"rmsprop", 0, 0},
                            {"rmsprop", 0.5, 0},
                            {"adam", 0, 0},
                            {"adamw", 0, 0.5}}) {
      TrainConfig config = config_of(one.optimiser, precision);
      config.optimiser.momentum = one.momentum;
      config.optimiser.weight_decay = 0.01;
      config.clip_norm = one.clip_norm;
      const Split data = load_split(config.data, config.data_options());
      Trainer whole(config, data);
      make_steps(whole, config.steps);
      for (const std::int64_t at : {0, 1, 7, 24}) {
        Trainer first(config, data);
        make_steps(first, at);
        save_checkpoint(first, path());
        Trainer second(config, data);
        resume(second, path());
        EXPECT_EQ(second.step_count(), at);
        make_steps(second, config.steps);
        EXPECT_EQ(bits(second), bits(whole)) << one.optimiser << " " << precision << " at " << at;
      }
    }
  }
}

TEST_F(CheckpointTest, ItIsAFileOfWeightsAndKnowsItsSettings) {
  TrainConfig config = config_of("adam", "float");
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  make_steps(trainer, 5);
  save_checkpoint(trainer, path());
  const auto toml = checkpoint_settings(path());
  ASSERT_TRUE(toml.has_value());
  EXPECT_NE(toml->find("network = \"" + config.network + "\"\n"), toml->npos) << *toml;
  EXPECT_NE(toml->find("lr = 0.01\n"), toml->npos) << *toml;
  TrainConfig other = config;
  other.weights = path();
  Trainer started(other, data);
  EXPECT_EQ(bits(started), bits(trainer));
  EXPECT_TRUE(started.notes().empty());
  save_weights(trainer.network(), path("weights.npz"));
  EXPECT_EQ(checkpoint_settings(path("weights.npz")), std::nullopt);
}

TEST_F(CheckpointTest, AnotherTrainingIsRefusedByName) {
  const TrainConfig config = config_of("adam", "float");
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  make_steps(trainer, 5);
  save_checkpoint(trainer, path());
  const auto refusal = [&](TrainConfig other) {
    try {
      Trainer second(other, data);
      resume(second, path());
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  TrainConfig other = config;
  other.optimiser.name = "sgd";
  EXPECT_NE(refusal(other).find("another optimiser"), std::string::npos) << refusal(other);
  other = config;
  other.network = "dense 9 > bn > tanh > dropout 0.2 > dense 2";
  EXPECT_NE(refusal(other).find("0.weight"), std::string::npos) << refusal(other);
  other = config;
  other.steps = 3;
  EXPECT_NE(refusal(other).find("after 5 steps and 3 are planned"), std::string::npos);
  other = config;
  other.steps = 50;
  EXPECT_EQ(refusal(other), "");
  save_weights(trainer.network(), path());
  EXPECT_NE(refusal(config).find("is no checkpoint"), std::string::npos);
}

TEST(TomlTest, QuotesWhatIsNoNumberAndLeavesOutWhatIsEmpty) {
  EXPECT_EQ(to_toml({{"a", "1"},
                     {"b", ""},
                     {"c", "x \"y\" \\ z\n"},
                     {"d", "true"},
                     {"e", "1e-05"},
                     {"f", "18446744073709551615"},
                     {"g", "007"},
                     {"h", "1."},
                     {"i", "-"}}),
            "a = 1\nc = \"x \\\"y\\\" \\\\ z\\u000A\"\nd = true\ne = 1e-05\nf = "
            "\"18446744073709551615\"\ng = \"007\"\nh = \"1.\"\ni = \"-\"\n");
}

TEST(PatienceTest, CountsEpochsThatAreNoBetter) {
  Patience patience(2);
  StepRecord record;
  EXPECT_FALSE(patience.is_over(record)) << "a step within an epoch";
  EXPECT_FALSE(patience.is_best());
  const auto epoch = [&](double loss) {
    record.validation_loss = loss;
    return patience.is_over(record);
  };
  EXPECT_FALSE(epoch(1.0));
  EXPECT_TRUE(patience.is_best());
  EXPECT_FALSE(epoch(1.0));
  EXPECT_FALSE(patience.is_best());
  EXPECT_FALSE(epoch(0.9));
  EXPECT_FALSE(epoch(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(epoch(0.95));
  Patience never(0);
  record.validation_loss = 1.0;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(never.is_over(record));
}

TEST(RunTrainingTest, StopsEarlyAndOnNaN) {
  TrainConfig config = config_of("sgd", "float");
  config.steps = 0;
  config.epochs = 1000;
  config.learning_rate = 0;
  config.schedule = "constant";
  config.network = "dense 2";
  config.patience = 3;
  plumb::Run run = train(config);
  ASSERT_TRUE(run.end);
  EXPECT_EQ(run.end->reason, "stopped early");
  EXPECT_EQ(run.steps.back().epoch, 3) << "the first epoch, and three that were no better";

  config.patience = 0;
  config.epochs = 50;
  config.network = "dense 8 > relu > dense 2";  // of logits alone the loss has no overflow
  config.learning_rate = 1e30;
  config.stop_on_nan = true;
  run = train(config);
  EXPECT_EQ(run.end->reason, "diverged");
  EXPECT_LT(run.steps.size(), 20U);
  EXPECT_TRUE(run.steps.back().measured) << "what broke can be seen";
  config.stop_on_nan = false;
  EXPECT_EQ(train(config).end->reason, "finished");
}

}  // namespace
}  // namespace plumb
