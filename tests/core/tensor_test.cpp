// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace plumb {
namespace {

TEST(TensorTest, BeginsAlignedAndAllZero) {
  const Tensor tensor(Shape{3, 5}, DType::f32);
  const auto values = tensor.as<float>();
  EXPECT_EQ(values.size(), 15U);
  EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float v) { return v == 0; }));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % Tensor::kAlignment, 0U);
}

TEST(TensorTest, ACopyIsItsOwn) {
  Tensor tensor(Shape{4}, DType::f64);
  tensor.as<double>()[2] = 7;
  Tensor copy = tensor.clone();
  tensor.as<double>()[2] = 8;
  EXPECT_EQ(copy.as<double>()[2], 7);
  EXPECT_EQ(copy.shape(), tensor.shape());
  EXPECT_FALSE(Tensor().clone());
}

TEST(TensorTest, OneWithinAnotherSharesItsMemoryAndKeepsItAlive) {
  Tensor part;
  {
    Tensor storage(Shape{64}, DType::f32);
    part = Tensor::within(storage, 16, Shape{2, 3});
    storage.as<float>()[16 + 5] = 9;
    EXPECT_EQ(part.as<float>().data(), storage.as<float>().data() + 16);
    EXPECT_EQ(part.dtype(), DType::f32);
  }
  ASSERT_EQ(part.as<float>().size(), 6U);
  EXPECT_EQ(part.as<float>()[5], 9);
}

TEST(TensorTest, OneWithinAnotherMustBeAlignedAndFit) {
  const Tensor storage(Shape{64}, DType::f32);
  EXPECT_NO_THROW(Tensor::within(storage, 48, Shape{16}));
  EXPECT_THROW(Tensor::within(storage, 48, Shape{17}), std::logic_error);
  EXPECT_THROW(Tensor::within(storage, 4, Shape{8}), std::logic_error);
  EXPECT_THROW(Tensor::within(storage, -16, Shape{8}), std::logic_error);
}

}  // namespace
}  // namespace plumb
