// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plumb/attach/derivative.h"

namespace plumb {
namespace {

TEST(OpTableTest, KnownOperations) {
  EXPECT_EQ(op_kind("view").role, OpRole::plumbing);
  EXPECT_EQ(op_kind("addmm").role, OpRole::product);
  EXPECT_EQ(op_kind("conv2d").family, LayerFamily::linear);
  EXPECT_EQ(op_kind("gelu").family, LayerFamily::activation);
  EXPECT_EQ(op_kind("batch_norm").family, LayerFamily::normalisation);
  EXPECT_EQ(op_kind("lstm").family, LayerFamily::recurrent);
  EXPECT_EQ(op_kind("cross_entropy_loss").loss, "cross_entropy");
  EXPECT_EQ(op_kind("log_softmax").role, OpRole::loss);
}

TEST(OpTableTest, AnUnknownOneIsAPartThatIsNotTakenApart) {
  const OpKind kind = op_kind("cumsum");
  EXPECT_EQ(kind.role, OpRole::part);
  EXPECT_EQ(kind.family, LayerFamily::other);
  EXPECT_EQ(kind.name, "cumsum");
}

TEST(OpTableTest, TheTextOfAnActivationHasItsNumbers) {
  const auto text = [](const char* name, std::vector<double> numbers = {}, const char* word = "") {
    return activation_function(name, numbers, word);
  };
  EXPECT_EQ(text("leaky_relu", {0.2}), "leaky_relu 0.2");
  EXPECT_EQ(text("elu", {0.5, 1, 1}), "elu 0.5");
  EXPECT_EQ(text("elu", {0.5, 1.05, 1}), "");
  EXPECT_EQ(text("gelu", {}, "tanh"), "gelu approximate=tanh");
  EXPECT_EQ(text("gelu", {}, "none"), "gelu");
  EXPECT_EQ(text("hardtanh", {-2, 2}), "hardtanh -2 2");
  EXPECT_EQ(text("hardtanh", {0, 6}), "relu6");
  EXPECT_EQ(text("softplus", {2, 20}), "");
  EXPECT_EQ(text("prelu"), "");
}

TEST(OpTableTest, EachTextIsOneThatTheTheoryKnows) {
  for (const char* name : {"relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu",
                           "mish", "softplus", "sigmoid", "tanh", "hardtanh", "hardswish"}) {
    const std::string text = activation_function(name, {}, "");
    EXPECT_FALSE(text.empty()) << name;
    EXPECT_NO_THROW(DerivativeJudge{text}) << text;
  }
}

}  // namespace
}  // namespace plumb
