// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/layer_table.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/layer_builder.h"

namespace plumb {
namespace {

using testing::layer_from_text;

std::string error_of(const std::string& text) {
  try {
    layer_from_text(text, {2, 3}, DType::f64);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LayerTableTest, EveryNameMakesALayerOfThatKindInBothTypes) {
  for (const LayerEntry& entry : layer_table()) {
    std::string text(entry.name);
    if (entry.name == "dense") text += " 4";
    if (entry.name == "dropout") text += " 0.5";
    if (entry.name == "conv") text += " 4 3x3";
    if (entry.name == "gn") text += " 1";
    if (entry.name == "maxpool" || entry.name == "avgpool") text += " 2";
    const bool images = entry.name == "conv" || entry.name.ends_with("pool") || entry.name == "gap";
    const bool recurrent = entry.name == "rnn" || entry.name == "lstm" || entry.name == "gru";
    if (recurrent) text += " 4";
    const bool sequences = recurrent || entry.name == "last";
    const Shape x = images ? Shape{2, 3, 8, 8} : sequences ? Shape{2, 5, 3} : Shape{2, 3};
    for (const DType dtype : {DType::f32, DType::f64}) {
      EXPECT_EQ(layer_from_text(text, x, dtype)->kind(), entry.name);
    }
  }
}

TEST(LayerTableTest, AliasesMakeTheLayerTheyNameAndNoNameIsTakenTwice) {
  EXPECT_EQ(layer_from_text("linear 4", {2, 3}, DType::f32)->kind(), "dense");
  EXPECT_EQ(layer_from_text("swish", {2, 3}, DType::f32)->kind(), "silu");
  EXPECT_EQ(layer_from_text("hard_swish", {2, 3}, DType::f32)->kind(), "hardswish");
  std::set<std::string_view> names;
  for (const LayerEntry& entry : layer_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    if (!entry.alias.empty()) {
      EXPECT_TRUE(names.insert(entry.alias).second) << entry.alias;
    }
    EXPECT_TRUE(entry.usage.starts_with(entry.name));
  }
}

TEST(LayerTableTest, AnUnknownNameGetsACaretAndTheNearestName) {
  EXPECT_EQ(error_of("sigmiod"),
            "network: unknown layer 'sigmiod', did you mean 'sigmoid'?\n  sigmiod\n  ^");
}

TEST(LayerTableTest, WrongArgumentsAreRefusedWithWhatWasExpected) {
  EXPECT_NE(error_of("tanh 3").find("no place for '3'"), std::string::npos);
  EXPECT_NE(error_of("dense").find("expected the number of units"), std::string::npos);
  EXPECT_NE(error_of("dense 4 bais=false").find("no option 'bais', expected bias"),
            std::string::npos);
  EXPECT_NE(error_of("dropout").find("0 <= P < 1"), std::string::npos);
  EXPECT_NE(error_of("dropout 1").find("0 <= P < 1"), std::string::npos);
  EXPECT_NE(error_of("dropout -0.1").find("0 <= P < 1"), std::string::npos);
  EXPECT_NE(error_of("hardtanh 1").find("expected none or both"), std::string::npos);
  EXPECT_NE(error_of("hardtanh 1 1").find("MIN < MAX"), std::string::npos);
  EXPECT_NE(error_of("gelu approximate=yes").find("none or tanh"), std::string::npos);
  EXPECT_NE(error_of("celu 0").find("expected ALPHA > 0"), std::string::npos);
  EXPECT_NE(error_of("relu6 6").find("expected no argument"), std::string::npos);
  EXPECT_NE(error_of("prelu 0.1 0.2").find("1 or fewer arguments"), std::string::npos);
  EXPECT_EQ(error_of("leaky_relu x"),
            "network: leaky_relu: the slope is 'x', expected a finite number\n  leaky_relu x\n"
            "             ^");
}

}  // namespace
}  // namespace plumb
