// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <vector>

#include "plumb/kernels/fast/convolution.h"
#include "plumb/kernels/fast/linear.h"

namespace plumb {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kTellsMemory = false;  // what is freed is kept back
#else
constexpr bool kTellsMemory = true;
#endif

double resident_mb() {
  std::int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

/// One convolution of its own shape, made, used and forgotten, as a training of a sweep does.
void convolve(std::int64_t out, std::int64_t width) {
  ConvolutionShape shape;
  shape.batch = 2;
  shape.in = 3;
  shape.out = out;
  shape.height = 8;
  shape.width = width;
  shape.window = {{3, 1, 1}, {3, 1, 1}};
  const auto room = [](std::int64_t size) {
    return std::vector<float>(static_cast<std::size_t>(size));
  };
  std::vector<float> x = room(2 * shape.x_row()), y = room(2 * shape.y_row()),
                     weight = room(shape.out * shape.in_per_group() * shape.taps());
  ThreadPool pool(1);
  fast::Convolution kernels;
  const Layout rows = Layout::row_major;
  kernels.forward(shape, rows, rows, x.data(), weight.data(), nullptr, y.data(), pool);
  kernels.vjp_params(shape, rows, rows, x.data(), y.data(), false, weight.data(), false, nullptr,
                     pool);
}

TEST(MemoryTest, OfThousandsOfTrainingsIsFlat) {
  if (!kTellsMemory) GTEST_SKIP();
  double at_first = 0;
  for (int i = 0; i < 640; ++i) {
    if (i == 60) at_first = resident_mb();
    convolve(4 + i % 40, 8 + i / 40);
  }
  // 1; 21 with as many as oneDNN keeps by itself: see kMostPrimitives.
  EXPECT_LT(resident_mb() - at_first, 8);
}

TEST(MemoryTest, OfProductsOfManyShapesIsThatOfTheLargest) {
  if (!kTellsMemory) GTEST_SKIP();
  constexpr std::int64_t kRows = 32, kIn = 8788, kMostOut = 100;
  std::vector<float> x(kRows * kIn), weight(kMostOut * kIn), y(kRows * kMostOut);
  const auto run = [&](std::int64_t out) {
    fast::linear(kRows, out, kIn, x.data(), weight.data(), nullptr, y.data());
  };
  run(kMostOut);
  const double at_first = resident_mb();
  for (std::int64_t out = kMostOut - 60; out < kMostOut; ++out) run(out);
  EXPECT_LT(resident_mb() - at_first, 10);  // 4; 19 where each keeps its own scratchpad
}

}  // namespace
}  // namespace plumb
