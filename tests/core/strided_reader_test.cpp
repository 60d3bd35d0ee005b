// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/strided_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/core/strided_cases.h"

namespace plumb {
namespace {

template <class T>
std::vector<T> read_all(const StridedView& view, std::size_t most) {
  std::vector<T> out, buffer(most);
  StridedReader reader(view);
  for (auto piece = reader.next(most, buffer.data()); piece.count > 0;
       piece = reader.next(most, buffer.data())) {
    EXPECT_LE(piece.count, most);
    const auto* const data = static_cast<const T*>(piece.data);
    out.insert(out.end(), data, data + piece.count);
  }
  return out;
}

template <class T>
void expect_row_major(ElementType type) {
  for (const StridedCase& c : strided_cases()) {
    std::vector<T> x(static_cast<std::size_t>(c.extent));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i % 60013);
    const StridedView view = c.view(x.data(), type);
    const std::vector<T> expected = elements_of<T>(view);
    for (const std::size_t most : {1u, 2u, 7u, 30u, 64u, 1000u, 4096u}) {
      if (most < 30 && expected.size() > 2000) continue;
      EXPECT_EQ(read_all<T>(view, most), expected) << c.name << " by " << most;
    }
  }
}

TEST(StridedReaderTest, RowMajorWhateverStridesAndPieces) {
  expect_row_major<std::uint16_t>(ElementType::f16);
  expect_row_major<float>(ElementType::f32);
  expect_row_major<double>(ElementType::f64);
}

TEST(StridedReaderTest, LongRunsAreNotCopied) {
  const std::vector<float> x(3 * 6000, 1.0f);
  const StridedView rows = {x.data(), ElementType::f32, std::vector<std::int64_t>{3, 5000},
                            std::vector<std::int64_t>{6000, 1}};
  std::vector<float> buffer(4096);
  StridedReader reader(rows);
  EXPECT_EQ(reader.next(4096, buffer.data()).data, x.data());
  EXPECT_EQ(reader.next(1096, buffer.data()).data, buffer.data());  // 904, and 192 of the next row
  EXPECT_EQ(reader.next(4096, buffer.data()).data, x.data() + 6192);
}

}  // namespace
}  // namespace plumb
