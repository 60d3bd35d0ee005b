// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/strided_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/core/strided_cases.h"

namespace plumb {
namespace {

TEST(StridedViewTest, ComesFromAConstView) {
  const std::vector<float> x(24);
  const StridedView v = ConstView{x.data(), DType::f32, Shape{2, 3, 4}};
  EXPECT_EQ(v.data, x.data());
  EXPECT_EQ(v.type, ElementType::f32);
  EXPECT_EQ(v.to_string(), "f32 [2, 3, 4] strides [12, 4, 1]");
  EXPECT_EQ(v.size(), 24);
  EXPECT_EQ(StridedView(ConstView{x.data(), DType::f32, Shape{}}).size(), 1);
  const StridedView blocked =
      ConstView{x.data(), DType::f64, Shape{1, 8, 3, 1}, Layout::channels_8};
  EXPECT_EQ(blocked.to_string(), "f64 [24] strides [1]");
}

TEST(StridedViewTest, RefusesWhatIsNoTensor) {
  const std::vector<std::int64_t> nine(9, 1), two(2, 1), negative{2, -1};
  EXPECT_THROW(StridedView(nullptr, ElementType::f32, nine, nine), ShapeError);
  EXPECT_THROW(StridedView(nullptr, ElementType::f32, two, nine), ShapeError);
  EXPECT_THROW(StridedView(nullptr, ElementType::f32, negative, two), ShapeError);
}

TEST(StridedViewTest, CollapseKeepsTheOrderInFewerAxes) {
  struct Case {
    std::vector<std::int64_t> sizes, strides;
    const char* collapsed;
  };
  for (const Case& c :
       {Case{{}, {}, "f32 [1] strides [1]"}, Case{{2, 3, 4}, {12, 4, 1}, "f32 [24] strides [1]"},
        Case{{2, 1, 3}, {3, 77, 1}, "f32 [6] strides [1]"},
        Case{{4, 3}, {1, 4}, "f32 [4, 3] strides [1, 4]"},
        Case{{5, 2, 3}, {8, 3, 1}, "f32 [5, 6] strides [8, 1]"},
        Case{{5, 2, 3}, {-6, -3, -1}, "f32 [30] strides [-1]"},
        Case{{5, 2, 3}, {0, 0, 1}, "f32 [10, 3] strides [0, 1]"},
        Case{{5, 0, 3}, {1, 1, 1}, "f32 [0] strides [1]"}}) {
    const StridedView v(nullptr, ElementType::f32, c.sizes, c.strides);
    EXPECT_EQ(collapse(v).to_string(), c.collapsed) << v.to_string();
  }
}

TEST(StridedViewTest, DenseUnderAnyOrderOfAxes) {
  const std::vector<std::int64_t> nchw{2, 3, 4, 5}, channels_last{60, 1, 15, 3};
  const std::vector<std::int64_t> pair{3, 4};
  const std::vector<float> x(200);
  const auto dense = [&](const std::vector<std::int64_t>& sizes,
                         const std::vector<std::int64_t>& strides) {
    return is_dense({x.data() + 100, ElementType::f32, sizes, strides});
  };
  EXPECT_TRUE(dense(nchw, channels_last));
  EXPECT_TRUE(dense(pair, {1, 3}));
  EXPECT_TRUE(dense(pair, {-4, 1}));  // rows backwards: the same memory
  EXPECT_FALSE(dense(pair, {5, 1}));
  EXPECT_FALSE(dense(pair, {8, 2}));
  EXPECT_FALSE(dense(pair, {0, 1}));
  EXPECT_FALSE(dense(pair, {1, 1}));
}

TEST(StridedViewTest, InAnyOrderHasTheSameElements) {
  for (const StridedCase& c : strided_cases()) {
    const AnyOrder all = in_any_order(c.view());
    std::vector<float> expected = c.elements<float>(), got;
    const std::vector<float> once = elements_of<float>(all.view);
    for (std::int64_t time = 0; time < all.times; ++time) {
      got.insert(got.end(), once.begin(), once.end());
    }
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, expected) << c.view().to_string();
  }
}

TEST(StridedViewTest, ArrangedTogetherElementsStillMeet) {
  const std::vector<StridedCase> cases = strided_cases();
  for (const StridedCase& c : cases) {
    for (const StridedCase& d : cases) {
      if (c.sizes != d.sizes) continue;
      StridedView a = c.view(), b = d.view();
      arrange_together(a, b);
      const auto pairs = [](const std::vector<float>& x, const std::vector<float>& y) {
        std::vector<std::pair<float, float>> out;
        for (std::size_t i = 0; i < x.size(); ++i) out.emplace_back(x[i], y[i]);
        std::sort(out.begin(), out.end());
        return out;
      };
      EXPECT_EQ(pairs(elements_of<float>(a), elements_of<float>(b)),
                pairs(c.elements<float>(), d.elements<float>()));
    }
  }
  StridedView a = cases[1].view(), b = cases[2].view();
  b.sizes[0] += 1;
  EXPECT_THROW(arrange_together(a, b), ShapeError);
}

TEST(StridedViewTest, NarrowIsASlice) {
  const std::vector<float> x{0, 1, 2, 3, 4, 5};
  const StridedView v = ConstView{x.data(), DType::f32, Shape{3, 2}};
  EXPECT_EQ(elements_of<float>(v.narrow(0, 1, 2)), (std::vector<float>{2, 3, 4, 5}));
  EXPECT_EQ(elements_of<float>(v.narrow(1, 1, 1)), (std::vector<float>{1, 3, 5}));
}

}  // namespace
}  // namespace plumb
