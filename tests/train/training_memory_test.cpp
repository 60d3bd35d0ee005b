// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/training_memory.h"

#include <gtest/gtest.h>

#include <string>

#include "plumb/core/memory.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

TrainingMemory memory_of(const std::string& network, std::int64_t batch,
                         const OptimiserConfig& optimiser, DType dtype = DType::f32) {
  NetworkOptions options;
  options.dtype = dtype;
  return training_memory(Network(parse_spec(network), Shape{2}, options), batch, optimiser);
}

TEST(TrainingMemoryTest, CountsParametersOutputsAndMoments) {
  // 2 x 4 + 4 + 4 x 3 + 3 parameters; outputs of 4, 4 and 3 numbers a sample.
  const TrainingMemory adam = memory_of("dense 4 > relu > dense 3", 10, {.name = "adam"});
  EXPECT_EQ(adam.parameters, 27);
  EXPECT_EQ(adam.parameter_bytes, 4 * 27);
  EXPECT_EQ(adam.output_bytes, 4 * 11 * 10);
  EXPECT_EQ(adam.optimiser_bytes, 2 * 4 * 27);
  EXPECT_EQ(adam.total(), 4 * (27 + 110 + 54));
  const TrainingMemory wide =
      memory_of("dense 4 > relu > dense 3", 10, {.name = "rmsprop"}, DType::f64);
  EXPECT_EQ(wide.output_bytes, 8 * 11 * 10);
  EXPECT_EQ(wide.optimiser_bytes, 8 * 27);
  EXPECT_EQ(memory_of("dense 4", 1, {.name = "sgd"}).optimiser_bytes, 0);
  EXPECT_EQ(memory_of("dense 4", 1, {.name = "sgd", .momentum = 0.9}).optimiser_bytes, 4 * 12);
}

TEST(TrainingMemoryTest, CountsWhatStandsInsideBlocks) {
  // 4, then the branch 4 and the join 4, then the projection 3, the branch 3 and the join 3.
  EXPECT_EQ(memory_of("dense 4 > res[dense 4] > res proj[dense 3]", 1, {}).output_bytes,
            4 * (4 + 4 + 4 + 3 + 3 + 3));
}

TEST(TrainingMemoryTest, WhatCannotFitIsRefusedBeforeItIsThere) {
  constexpr std::int64_t kBatch = 10'000'000;
  const TrainingMemory memory =
      memory_of("dense 1000000 > relu > 9 x [relu] > dense 2", kBatch, {});
  EXPECT_GT(memory.output_bytes, 4e14);
  const std::string text = memory_text(memory, kBatch, {.name = "adam"});
  EXPECT_NE(text.find("network: 5000002 parameters; parameters 20.0 MB, outputs of a batch of "
                      "10000000 "),
            std::string::npos)
      << text;
  const auto message =
      testing::message_of<MemoryError>([&] { require_memory(text, memory.output_bytes); });
  EXPECT_NE(message.find(" of memory, "), std::string::npos) << message;
}

}  // namespace
}  // namespace plumb
