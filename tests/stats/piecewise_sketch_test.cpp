// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/piecewise_sketch.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include "plumb/core/rng.h"
#include "tests/stats/sketch_matchers.h"

namespace plumb {
namespace {

template <class T>
std::vector<T> normals(std::size_t n) {
  const Rng rng(23, "piecewise");
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(rng.normal(i));
  return x;
}

template <class T>
ConstView part_of(const std::vector<T>& x, std::size_t begin, std::size_t count) {
  return {x.data() + begin, kDTypeOf<T>, Shape{static_cast<std::int64_t>(count)}};
}

template <class T>
void add_in_pieces(PiecewiseSketch& sketch, Sketch& out, const std::vector<T>& x, std::size_t piece,
                   int log2_scale) {
  sketch.begin(out, kDTypeOf<T>, log2_scale);
  for (std::size_t begin = 0; begin < x.size(); begin += piece) {
    const std::size_t count = std::min(piece, x.size() - begin);
    sketch.add(part_of(x, begin, count), static_cast<std::int64_t>(x.size() - begin - count));
  }
  sketch.finish();
}

template <class T>
void expect_as_whole(const std::vector<T>& x) {
  for_every_target([&] {
    PiecewiseSketch sketch;
    Sketch out;  // used again, as a record's is
    for (const int log2_scale : {0, -30}) {
      const Sketch expected = sketch_reference(part_of(x, 0, x.size()), log2_scale);
      for (const std::size_t piece : {1000U, 4096U, 5000U, 8192U, 100000U}) {
        add_in_pieces(sketch, out, x, piece, log2_scale);
        ASSERT_TRUE(same_sketch(out, expected)) << piece << " on " << sketch_target();
      }
    }
  });
}

TEST(PiecewiseSketchTest, ComesToTheSketchOfTheWhole) {
  expect_as_whole(normals<float>(20000));
  expect_as_whole(normals<double>(20000));
  expect_as_whole(normals<float>(8192));
}

TEST(PiecewiseSketchTest, SoItDoesWhereAPieceIsUnlikeTheOthers) {
  std::vector<float> x = normals<float>(20000);
  for (std::size_t i = 4096; i < 8192; ++i) x[i] = 0;
  for (std::size_t i = 8192; i < 12288; ++i) x[i] *= 1e-30f;
  x[13000] = std::numeric_limits<float>::quiet_NaN();
  x[17000] = -std::numeric_limits<float>::infinity();
  expect_as_whole(x);
}

TEST(PiecewiseSketchTest, OfNoPieceItIsEmpty) {
  PiecewiseSketch sketch;
  Sketch out = plumb::sketch(part_of(normals<float>(100), 0, 100));
  sketch.begin(out, DType::f32, 3);
  sketch.finish();
  EXPECT_TRUE(same_sketch(out, sketch_reference(part_of(std::vector<float>(), 0, 0), 3)));
}

TEST(PiecewiseSketchTest, SeveralGrowSideBySide) {
  const std::vector<float> x = normals<float>(9000);
  PiecewiseSketch a, b;
  Sketch of_a, of_b;
  a.begin(of_a, DType::f32, 0);
  b.begin(of_b, DType::f32, 16);
  for (const std::size_t begin : {0U, 4500U}) {
    a.add(part_of(x, begin, 4500));
    b.add(part_of(x, begin, 4500));
  }
  a.finish();
  b.finish();
  EXPECT_TRUE(same_sketch(of_a, sketch_reference(part_of(x, 0, 9000), 0)));
  EXPECT_TRUE(same_sketch(of_b, sketch_reference(part_of(x, 0, 9000), 16)));
}

TEST(PiecewiseSketchTest, APieceOfAnotherTypeIsABug) {
  PiecewiseSketch sketch;
  Sketch out;
  sketch.begin(out, DType::f32, 0);
  EXPECT_THROW(sketch.add(part_of(normals<double>(3), 0, 3)), std::logic_error);
}

}  // namespace
}  // namespace plumb
