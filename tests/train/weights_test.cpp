// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/weights.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"
#include "plumb/data/safetensors.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

using testing::TempDir;

Network network(const std::string& text, std::uint64_t seed, DType dtype = DType::f32) {
  NetworkOptions options;
  options.seed = seed;
  options.dtype = dtype;
  return Network(parse_spec(text), Shape{3}, options);
}

TEST(WeightsTest, SavedParametersLoadBitForBit) {
  const TempDir dir;
  const std::string path = dir.file("round_trip.npz");
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
}

TEST(WeightsTest, RunningStatisticsAreSavedAndMissed) {
  const TempDir dir;
  const std::string path = dir.file("running.npz");
  Network saved = network("dense 2 > bn", 1, DType::f64);
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
}

TEST(WeightsTest, EveryMissingNameAndWrongShapeIsListed) {
  const TempDir dir;
  const std::string path = dir.file("wrong.npz");
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
}

TEST(WeightsTest, SafetensorsAreWrittenAndReadByTheName) {
  const TempDir dir;
  const std::string path = dir.file("round_trip.safetensors");
  const Network saved = network("dense 4 > bn > dense 2", 1);
  Network loaded = network("dense 4 > bn > dense 2", 2);
  save_weights(saved, path);
  EXPECT_TRUE(load_weights(loaded, path).empty());
  EXPECT_EQ(loaded.params()[0]->value.as<float>()[5], saved.params()[0]->value.as<float>()[5]);
  EXPECT_EQ(read_safetensors(path).size(), 8u);
}

/// Arrays of these names and shapes; the k-th is filled with k.
std::vector<std::pair<std::string, Tensor>> counted(
    const std::vector<std::pair<std::string, Shape>>& shapes) {
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const auto& [name, shape] : shapes) {
    Tensor tensor(shape, DType::f32);
    for (float& v : tensor.as<float>()) v = static_cast<float>(arrays.size());
    arrays.emplace_back(name, std::move(tensor));
  }
  return arrays;
}

std::vector<std::string> load_counted(Network& target,
                                      const std::vector<std::pair<std::string, Shape>>& shapes) {
  const auto arrays = counted(shapes);
  std::vector<std::pair<std::string, ConstView>> views;
  for (const auto& [name, tensor] : arrays) views.emplace_back(name, tensor.view());
  const TempDir dir;
  const std::string path = dir.file("other_names.npz");
  write_npz(path, views);
  auto notes = load_weights(target, path);
  return notes;
}

TEST(WeightsTest, OtherNamesAreTakenByOrderAndShape) {
  Network target = network("dense 3 > dense 3 > dense 2", 1);
  const Shape square{3, 3}, row{3};
  // The order of a state_dict that is not that of the names.
  const auto notes = load_counted(target, {{"stem.weight", square},
                                           {"stem.bias", row},
                                           {"head.weight", square},
                                           {"head.bias", row},
                                           {"norm.num_batches_tracked", {}},
                                           {"out.weight", {2, 3}},
                                           {"out.bias", {2}}});
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("taken by order and shape: stem.weight as 0.weight, stem.bias as 0.bias, "
                          "head.weight as 1.weight"),
            std::string::npos)
      << notes[0];
  EXPECT_EQ(target.params()[0]->value.as<float>()[0], 0.0f);
  EXPECT_EQ(target.params()[2]->value.as<float>()[0], 2.0f);
  EXPECT_EQ(target.params()[5]->value.as<float>()[0], 6.0f);
}

TEST(WeightsTest, NamesThatAreSortedByBytesAreTakenByTheirNumbers) {
  Network target = network("dense 3 > dense 3", 1);
  load_counted(
      target,
      {{"fc10.bias", {3}}, {"fc10.weight", {3, 3}}, {"fc2.bias", {3}}, {"fc2.weight", {3, 3}}});
  EXPECT_EQ(target.params()[0]->value.as<float>()[0], 3.0f);
  EXPECT_EQ(target.params()[3]->value.as<float>()[0], 0.0f);
}

TEST(WeightsTest, OtherNamesThatDoNotFitAreRefusedWithWhatTheFileHas) {
  Network target = network("dense 3", 1);
  for (const std::vector<std::pair<std::string, Shape>>& shapes :
       {std::vector<std::pair<std::string, Shape>>{{"fc.weight", {3, 3}}},
        {{"fc.weight", {3, 3}}, {"fc.bias", {3}}, {"more.bias", {3}}},
        {{"fc.weight", {3, 3}}, {"fc.scale", {3}}}}) {
    try {
      load_counted(target, shapes);
      FAIL();
    } catch (const DataError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("0.weight: missing"), std::string::npos) << message;
      EXPECT_NE(message.find("the file has fc.weight [3, 3]"), std::string::npos) << message;
    }
  }
}

TEST(WeightsTest, FloatFilesLoadIntoDoubleNetworks) {
  const TempDir dir;
  const std::string path = dir.file("precision.npz");
  const Network saved = network("dense 4", 1);
  save_weights(saved, path);
  Network loaded = network("dense 4", 2, DType::f64);
  load_weights(loaded, path);
  EXPECT_EQ(loaded.params()[0]->value.as<double>()[5],
            static_cast<double>(saved.params()[0]->value.as<float>()[5]));
}

}  // namespace
}  // namespace plumb
