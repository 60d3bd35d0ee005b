// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/weights.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"

namespace plumb {
namespace {

std::string temporary(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("plumb_weights_test_" + name)).string();
}

Network network(const std::string& text, std::uint64_t seed, DType dtype = DType::f32) {
  NetworkOptions options;
  options.seed = seed;
  options.dtype = dtype;
  return Network(parse_spec(text), Shape{3}, options);
}

TEST(WeightsTest, SavedParametersLoadBitForBit) {
  const std::string path = temporary("round_trip.npz");
  const std::string text = "dense 4 > prelu > res proj[dense 5] > dense 2";
  const Network saved = network(text, 1);
  Network loaded = network(text, 2);
  save_weights(saved, path);
  load_weights(loaded, path);
  for (std::size_t i = 0; i < saved.params().size(); ++i) {
    const auto a = saved.params()[i]->value.as<float>();
    const auto b = loaded.params()[i]->value.as<float>();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << saved.param_names()[i];
  }
  std::filesystem::remove(path);
}

TEST(WeightsTest, RunningStatisticsAreSavedAndMissed) {
  const std::string path = temporary("running.npz");
  const Network saved = network("dense 2 > bn", 1, DType::f64);
  ASSERT_EQ(saved.buffer_names().size(), 2u);
  EXPECT_EQ(saved.buffer_names()[1], "1.running_var");
  saved.buffers()[0]->value.as<double>()[1] = 0.25;
  saved.buffers()[1]->value.as<double>()[0] = 3;
  save_weights(saved, path);
  Network loaded = network("dense 2 > bn", 2, DType::f64);
  load_weights(loaded, path);
  EXPECT_EQ(loaded.buffers()[0]->value.as<double>()[1], 0.25);
  EXPECT_EQ(loaded.buffers()[1]->value.as<double>()[0], 3);

  // A file of a network without them: each is named.
  const Tensor weight(Shape{2, 3}, DType::f32), bias(Shape{2}, DType::f32);
  write_npz(path, {{"0.weight", weight.view()},
                   {"0.bias", bias.view()},
                   {"1.weight", bias.view()},
                   {"1.bias", bias.view()}});
  try {
    load_weights(loaded, path);
    FAIL();
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("1.running_mean: missing, expected shape [2]"), std::string::npos)
        << message;
    EXPECT_NE(message.find("1.running_var: missing"), std::string::npos) << message;
  }
  std::filesystem::remove(path);
}

TEST(WeightsTest, EveryMissingNameAndWrongShapeIsListed) {
  const std::string path = temporary("wrong.npz");
  const Tensor weight(Shape{9, 9}, DType::f32);
  write_npz(path, {{"0.weight", weight.view()}});
  Network target = network("dense 4", 1);
  try {
    load_weights(target, path);
    FAIL();
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("0.weight: has shape [9, 9], expected [4, 3]"), std::string::npos)
        << message;
    EXPECT_NE(message.find("0.bias: missing, expected shape [4]"), std::string::npos) << message;
  }
  std::filesystem::remove(path);
}

TEST(WeightsTest, FloatFilesLoadIntoDoubleNetworks) {
  const std::string path = temporary("precision.npz");
  const Network saved = network("dense 4", 1);
  save_weights(saved, path);
  Network loaded = network("dense 4", 2, DType::f64);
  load_weights(loaded, path);
  EXPECT_EQ(loaded.params()[0]->value.as<double>()[5],
            static_cast<double>(saved.params()[0]->value.as<float>()[5]));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace plumb
