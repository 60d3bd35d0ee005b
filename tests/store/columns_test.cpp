// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/columns.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace plumb::store {
namespace {

Bytes pack(const Columns& columns, ColumnPacker::Try which = ColumnPacker::Try::likely) {
  ColumnPacker packer;
  const auto bytes = packer.pack(columns, which);
  return {bytes.begin(), bytes.end()};
}

// An even checksum of nothing but these: CRC-32 of "123456789" is cbf43926 by its definition.
std::uint32_t crc32_by_definition(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~crc;
}

Bytes with_checksum(Bytes bytes) {
  const std::uint32_t crc = crc32_by_definition(bytes);
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(crc >> (8 * i)));
  return bytes;
}

TEST(ColumnsTest, TheChecksumIsTheUsualOne) {
  const Bytes digits{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(crc32_by_definition(digits), 0xcbf43926U);
}

// The bytes are the file format: worked out by hand from docs/formats.md. Of 0x0102 and 0x0103 the
// lowest plane is stored (2), the next one is 1 throughout (1), the others are zero (0).
TEST(ColumnsTest, PlanesStandAsDocumented) {
  Columns columns;
  columns.add(std::span<const std::uint32_t>(std::initializer_list<std::uint32_t>{0x102, 0x103}));
  columns.add<std::uint8_t>(3);
  EXPECT_EQ(pack(columns), with_checksum({2, 4, 2, 0b0110, 1, 1, 3, 0, 2, 3}));
}

TEST(ColumnsTest, NothingTakesFiveBytes) {
  EXPECT_EQ(pack({}), with_checksum({0}));
  Columns columns;
  ColumnUnpacker unpacker;
  EXPECT_TRUE(unpacker.unpack(with_checksum({0}), columns));
  EXPECT_EQ(columns.size(), 0U);
}

template <class T>
void add_any(Columns& columns) {
  const auto values = *rc::gen::container<std::vector<T>>(rc::gen::arbitrary<T>());
  columns.add(std::span<const T>(values));
}

RC_GTEST_PROP(ColumnsTest, AnyColumnsUnpackToTheSame, ()) {
  Columns columns;
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0: add_any<std::uint8_t>(columns); break;
      case 1: add_any<std::uint32_t>(columns); break;
      case 2: add_any<std::uint64_t>(columns); break;
      default: {  // of many like numbers, which are deflated
        const auto count = static_cast<std::size_t>(*rc::gen::inRange(0, 3000));
        const auto column = columns.column<double>(columns.add<double>(count));
        for (std::size_t k = 0; k < count; ++k) column[k] = std::sin(static_cast<double>(k));
      }
    }
  }
  const auto which = *rc::gen::element(ColumnPacker::Try::likely, ColumnPacker::Try::all);
  Columns read;
  ColumnUnpacker unpacker;
  RC_ASSERT(unpacker.unpack(pack(columns, which), read));
  RC_ASSERT(read.size() == columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    RC_ASSERT(read.width(c) == columns.width(c));
    RC_ASSERT(read.count(c) == columns.count(c));
  }
  RC_ASSERT(Bytes(read.data().begin(), read.data().end()) ==
            Bytes(columns.data().begin(), columns.data().end()));
}

// Doubles in [1, 2): the exponent is constant, the mantissa noise that nothing can shorten.
TEST(ColumnsTest, NoiseCostsItsBytesAndNoMore) {
  std::mt19937_64 random(7);
  Columns columns;
  const auto column = columns.column<double>(columns.add<double>(1000));
  for (double& value : column) value = std::uniform_real_distribution(1.0, 2.0)(random);
  EXPECT_LT(pack(columns).size(), 1000U * 52 / 8 + 300);
  EXPECT_GT(pack(columns).size(), 1000U * 6);
}

TEST(ColumnsTest, LikeNumbersTakeLittle) {
  Columns columns;
  const auto column = columns.column<std::uint64_t>(columns.add<std::uint64_t>(3000));
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = i % 3 == 0 ? 65536 : 784;
  EXPECT_LT(pack(columns).size(), 100U);
}

TEST(ColumnsTest, OneFlippedBitIsNoticed) {
  Columns columns;
  const auto column = columns.column<double>(columns.add<double>(100));
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = std::sqrt(static_cast<double>(i));
  const Bytes good = pack(columns);
  ColumnUnpacker unpacker;
  ASSERT_TRUE(unpacker.unpack(good, columns));
  for (std::size_t i = 0; i < 8 * good.size(); ++i) {
    Bytes bad = good;
    bad[i / 8] ^= static_cast<std::uint8_t>(1 << (i % 8));
    ASSERT_FALSE(unpacker.unpack(bad, columns)) << "bit " << i;
  }
}

bool is_valid(const Bytes& without_checksum) {
  Columns columns;
  ColumnUnpacker unpacker;
  return unpacker.unpack(with_checksum(without_checksum), columns);
}

TEST(ColumnsTest, WhatIsNoEncodingIsRefused) {
  EXPECT_TRUE(is_valid({1, 1, 2, 2, 7, 8}));
  EXPECT_FALSE(is_valid({1, 1, 2, 2, 7})) << "ends inside a stored plane";
  EXPECT_FALSE(is_valid({1, 1, 2, 2, 7, 8, 9})) << "goes on behind it";
  EXPECT_FALSE(is_valid({1, 2, 2, 0})) << "width 2";
  EXPECT_FALSE(is_valid({1, 1, 2, 4})) << "a second plane of a byte";
  EXPECT_FALSE(is_valid({1, 1, 2, 1})) << "lacks its constant";
  EXPECT_FALSE(is_valid({1, 1, 2, 3, 0x55})) << "is not deflated";
  EXPECT_FALSE(is_valid({2, 1, 0, 0})) << "lacks its second column";
  EXPECT_FALSE(is_valid({1, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0}))
      << "2^64 - 1 zeros";
  EXPECT_FALSE(is_valid({1, 8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0})) << "32 GB of zeros";
  Columns columns;
  ColumnUnpacker unpacker;
  EXPECT_FALSE(unpacker.unpack({}, columns));
}

}  // namespace
}  // namespace plumb::store
