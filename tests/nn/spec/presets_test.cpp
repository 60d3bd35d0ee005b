// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/presets.h"

#include <gtest/gtest.h>

#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

std::string written(std::string_view text) { return write_out_presets(parse_spec(text)).text; }
std::string problem(std::string_view text) {
  return spec_error([&] { write_out_presets(parse_spec(text)); });
}

/// Convolutions and dense layers on the way from input to output.
int weight_layers(const std::vector<SpecItem>& items) {
  int layers = 0;
  for (const SpecItem& item : items) {
    layers += item.name.text == "conv" || item.name.text == "dense" ? 1 : 0;
    layers += weight_layers(item.children);
  }
  return layers;
}

TEST(PresetsTest, AResNetIsHeEtAlsForSmallImages) {
  EXPECT_EQ(written("resnet20"),
            "conv 16 3x3 bias=false > bn > relu > "
            "3 x [res[conv 16 3x3 bias=false > bn > relu > conv 16 3x3 bias=false > bn] > relu] > "
            "res pad[conv 32 3x3 stride=2 bias=false > bn > relu > conv 32 3x3 bias=false > bn] > "
            "relu > "
            "2 x [res[conv 32 3x3 bias=false > bn > relu > conv 32 3x3 bias=false > bn] > relu] > "
            "res pad[conv 64 3x3 stride=2 bias=false > bn > relu > conv 64 3x3 bias=false > bn] > "
            "relu > "
            "2 x [res[conv 64 3x3 bias=false > bn > relu > conv 64 3x3 bias=false > bn] > relu] > "
            "gap > dense 10");
}

TEST(PresetsTest, TheNumberIsTheCountOfWeightLayers) {
  for (const char* family : {"resnet", "plain"}) {
    for (const int depth : {8, 14, 20, 32, 44, 56, 110, 1202}) {
      const Spec spec = write_out_presets(parse_spec(family + std::to_string(depth)));
      EXPECT_EQ(weight_layers(expand(spec)), depth) << family;
    }
  }
}

TEST(PresetsTest, APlainNetworkIsTheSameWithoutShortcuts) {
  EXPECT_EQ(written("plain8 classes=5 width=4 bn=false"),
            "conv 4 3x3 > relu > conv 4 3x3 > relu > conv 4 3x3 > relu > "
            "conv 8 3x3 stride=2 > relu > conv 8 3x3 > relu > "
            "conv 16 3x3 stride=2 > relu > conv 16 3x3 > relu > gap > dense 5");
}

TEST(PresetsTest, AnMlpHasTheDepthOfItsHiddenLayers) {
  EXPECT_EQ(written("mlp"), "flatten > 3 x [dense 128 > relu] > dense 10");
  EXPECT_EQ(written("mlp depth=30 width=64 activation=tanh norm=ln classes=2"),
            "flatten > 30 x [dense 64 > ln > tanh] > dense 2");
}

TEST(PresetsTest, StandsAnywhereInAChain) {
  EXPECT_EQ(written("dropout 0.1 > res[mlp depth=1 classes=784]"),
            "dropout 0.1 > res[flatten > dense 128 > relu > dense 784]");
  const Spec plain = write_out_presets(parse_spec("2x[ relu ]"));
  EXPECT_EQ(plain.text, "2x[ relu ]");
}

TEST(PresetsTest, ErrorsPointAtThePreset) {
  EXPECT_EQ(problem("relu > resnet21"),
            "network: resnet21: a depth of 21, expected 6 n + 2 as 20, 32, 44, 56 or 110\n"
            "  relu > resnet21\n"
            "         ^");
  EXPECT_EQ(problem("plain20 proj"),
            "network: plain20 has no place for 'proj', expected no argument\n"
            "  plain20 proj\n"
            "          ^");
  EXPECT_EQ(problem("mlp widht=3"),
            "network: mlp has no option 'widht', expected depth, width, classes, activation or "
            "norm\n"
            "  mlp widht=3\n"
            "      ^");
  EXPECT_EQ(problem("resnet99999999999999999999"),
            "network: resnet99999999999999999999: a depth of 99999999999999999999, expected 6 n + "
            "2 as 20, 32, 44, 56 or 110\n"
            "  resnet99999999999999999999\n"
            "  ^");
}

}  // namespace
}  // namespace plumb
