// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/memory.h"

#include <gtest/gtest.h>

#include "plumb/core/tensor.h"

namespace plumb {
namespace {

TEST(MemoryTest, ThisMachineHasSome) {
  EXPECT_GT(available_memory_bytes(), 1'000'000);
  EXPECT_NO_THROW(require_memory("nothing", 0));
  EXPECT_NO_THROW(require_memory("little", 1e6));
}

TEST(MemoryTest, WhatNoMachineHasIsRefusedBeforeItIsAskedFor) {
  try {
    const Tensor tensor({1'000'000'000, 1'000'000}, DType::f32);
    FAIL() << "a tensor of 4 PB";
  } catch (const MemoryError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("[1000000000, 1000000]"), what.npos) << what;
    EXPECT_NE(what.find("4000000.0 GB"), what.npos) << what;
    EXPECT_NE(what.find("are free"), what.npos) << what;
  }
  // Who catches what `new` throws catches this.
  EXPECT_THROW(require_memory("it", 1e18), std::bad_alloc);
}

TEST(MemoryTest, BytesAreShownInUnitsThatPeopleRead) {
  EXPECT_EQ(show_bytes(371e9), "371.0 GB");
  EXPECT_EQ(show_bytes(240'000), "0.2 MB");
}

}  // namespace
}  // namespace plumb
