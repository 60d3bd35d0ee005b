// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/page_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "plumb/core/tensor.h"

namespace plumb {
namespace {

TEST(PagePoolTest, PiecesAreAlignedAndApart) {
  std::vector<unsigned char*> pieces;
  const std::size_t sizes[] = {1,
                               64,
                               16384,
                               100000,
                               std::size_t{1} << 20,
                               page_pool::kRegionBytes,
                               3 * page_pool::kRegionBytes + 1};
  for (const std::size_t bytes : sizes) {
    auto* const piece = static_cast<unsigned char*>(page_pool::allocate(bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece) % 64, 0u);
    std::memset(piece, static_cast<int>(pieces.size() + 1), bytes);
    pieces.push_back(piece);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(pieces[i][0], i + 1);
    EXPECT_EQ(pieces[i][sizes[i] - 1], i + 1);
  }
  for (unsigned char* const piece : pieces) EXPECT_TRUE(page_pool::release(piece));
}

TEST(PagePoolTest, ARegionGoesBackWithTheLastOfItsTensors) {
  const std::size_t before = page_pool::held_bytes();
  {
    std::vector<Tensor> tensors;
    for (int i = 0; i < 40; ++i) tensors.emplace_back(Shape{1 << 18}, DType::f32);
    EXPECT_GE(page_pool::held_bytes(), before + (std::size_t{40} << 20));
    tensors.resize(1);
    EXPECT_LE(page_pool::held_bytes(), before + 2 * page_pool::kRegionBytes);
  }
  EXPECT_EQ(page_pool::held_bytes(), before);
}

TEST(PagePoolTest, WhatIsNotItsOwnStays) {
  int elsewhere = 0;
  EXPECT_FALSE(page_pool::release(&elsewhere));
  const Tensor small(Shape{8}, DType::f32);  // from operator new, and back to it
}

TEST(PagePoolTest, TensorsOfSeveralThreadsDoNotMix) {
  const auto work = [](float value) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      Tensor a(Shape{20000}, DType::f32), b(Shape{5000 + 300 * repeat}, DType::f32);
      for (float& v : a.as<float>()) v = value;
      for (float& v : b.as<float>()) v = -value;
      for (const float v : a.as<float>()) ASSERT_EQ(v, value);
    }
  };
  std::thread one(work, 1.0f), two(work, 2.0f);
  work(3.0f);
  one.join();
  two.join();
}

}  // namespace
}  // namespace plumb
