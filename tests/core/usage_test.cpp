// SPDX-License-Identifier: Apache-2.0
// What the smallest classes say of a call that their contract rules out.
#include <gtest/gtest.h>

#include "plumb/core/parallel.h"
#include "plumb/core/tensor.h"
#include "tests/support/message_of.h"

namespace plumb {
namespace {

using testing::message_of;

TEST(ViewTest, NamesBothTypesWhenAskedForTheWrongOne) {
  Tensor floats(Shape{3}, DType::f32);
  EXPECT_EQ(
      message_of<UsageError>([&] { floats.as<double>(); }),
      "View::as<double> of values that are float: ask for as<float>, or let dispatch() choose");
  const Tensor doubles(Shape{3}, DType::f64);
  EXPECT_EQ(
      message_of<UsageError>([&] { doubles.view().as<float>(); }),
      "View::as<float> of values that are double: ask for as<double>, or let dispatch() choose");
}

TEST(ShapeTest, SaysWhichExtentsItRefuses) {
  EXPECT_EQ(message_of<UsageError>([] {
              Shape({2, -1});
            }),
            "Shape: extents [2, -1], expected at most 5, none of them negative");
  EXPECT_EQ(message_of<UsageError>([] {
              Shape({1, 1, 1, 1, 1, 1});
            }),
            "Shape: extents [1, 1, 1, 1, 1, 1], expected at most 5, none of them negative");
  EXPECT_EQ(message_of<UsageError>([] { Shape().with_batch(2); }),
            "Shape::with_batch of a scalar: it has no axis to replace");
}

TEST(ThreadPoolTest, NeedsOneThread) {
  EXPECT_EQ(message_of<UsageError>([] { ThreadPool(0); }),
            "ThreadPool of 0 threads, expected 1 or more: the calling thread counts");
}

}  // namespace
}  // namespace plumb
