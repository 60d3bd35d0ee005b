// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/chain_edit.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

std::string fold(const std::string& network) {
  return network_text(folded(written_out(items_of(network))));
}

TEST(ChainEditTest, WhatWasWrittenOutIsFoldedAgain) {
  for (const char* const network :
       {"flatten > 30 x [dense 64 > sigmoid] > dense 10", "dense 4 > 3 x relu > dense 2",
        "conv 16 3x3 > bn > relu > 9 x res[conv 16 3x3 > bn > relu > conv 16 3x3 > bn] > gap > "
        "dense 10",
        "lstm 128 > last > dense 1", "2 x res scale=0.5[4 x [dense 8 > tanh]] > dense 2"}) {
    EXPECT_EQ(fold(network), network);
  }
}

TEST(ChainEditTest, TheLongestRepetitionWins) {
  EXPECT_EQ(fold("dense 8 > relu > dense 8 > relu > dense 8 > relu > dense 2"),
            "3 x [dense 8 > relu] > dense 2");
  EXPECT_EQ(fold("dense 8 > dense 8 > relu > dense 8 > dense 8 > relu"),
            "2 x [dense 8 > dense 8 > relu]");
}

TEST(ChainEditTest, PlainTextIsTheSameForEveryWayToWriteIt) {
  EXPECT_EQ(plain_network("2x[dense 4>relu]"), plain_network("dense 4 > relu > dense 4 > relu"));
  EXPECT_EQ(plain_network("mlp depth=2 width=8 classes=3"),
            plain_network("flatten > 2 x [dense 8 > relu] > dense 3"));
  EXPECT_NE(plain_network("dense 4 > relu"), plain_network("dense 4 > tanh"));
}

TEST(ChainEditTest, CountsLayersWithRepeatsAndBlocks) {
  const Items items = items_of("3 x [dense 8 > tanh] > 2 x res[dense 8 > relu] > dense 2");
  EXPECT_EQ(count_layers(items, ItemRole::linear), 6);
  EXPECT_EQ(count_layers(items, ItemRole::activation), 5);
  EXPECT_EQ(count_layers(items, ItemRole::residual), 2);
}

TEST(ChainEditTest, TheUsualActivationIsThatOfMostHiddenLayers) {
  EXPECT_EQ(usual_activation(items_of("3 x [dense 8 > tanh] > dense 8 > relu > dense 2 > sigmoid")),
            "tanh");
  EXPECT_EQ(usual_activation(items_of("dense 8 > leaky_relu 0.2 > dense 2")), "leaky_relu 0.2");
  EXPECT_EQ(usual_activation(items_of("dense 2 > sigmoid")), "");
}

}  // namespace
}  // namespace plumb
