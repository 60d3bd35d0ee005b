// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/npz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "plumb/data/npy_header.h"
#include "plumb/data/zip.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::as_bytes;
using testing::message_of;
using testing::read_text;
using testing::TempDir;

Tensor ramp(Shape shape, DType dtype) {
  Tensor tensor(shape, dtype);
  dispatch(dtype, [&](auto zero) {
    auto elements = tensor.as<decltype(zero)>();
    for (std::size_t i = 0; i < elements.size(); ++i)
      elements[i] = static_cast<decltype(zero)>(i) / 8;
  });
  return tensor;
}

std::string npy_bytes(const Tensor& tensor) {
  const auto elements = tensor.as<float>();
  return npy_preamble(DType::f32, tensor.shape()) +
         std::string(reinterpret_cast<const char*>(elements.data()), elements.size_bytes());
}

/// A zip of these members, as our writer makes it.
std::string zip(const std::vector<std::pair<std::string, std::string>>& members,
                std::uint64_t zip64_from = 0xFFFFFFFF) {
  std::ostringstream out;
  ZipWriter writer(out, zip64_from);
  for (const auto& [name, content] : members) writer.add(name, "", as_bytes(content));
  writer.finish();
  return out.str();
}

std::string npz_error(const std::string& bytes) {
  return message_of<DataError>([&] { parse_npz(as_bytes(bytes), "a.npz"); });
}

TEST(NpzTest, WhatIsWrittenIsReadBack) {
  const TempDir dir;
  const Tensor a = ramp({3, 4}, DType::f32), b = ramp({2, 1, 5}, DType::f64),
               c = ramp({}, DType::f32);
  const Tensor empty = ramp({0, 3}, DType::f32);
  const std::string path = dir.file("a.npz");
  write_npz(path,
            {{"a", a.view()}, {"b/weight", b.view()}, {"c", c.view()}, {"empty", empty.view()}});
  const auto arrays = read_npz(path);
  ASSERT_EQ(arrays.size(), 4u);
  EXPECT_EQ(arrays[1].name, "b/weight");
  EXPECT_EQ(arrays[1].value.shape(), b.shape());
  EXPECT_EQ(arrays[2].value.shape(), Shape{});
  EXPECT_EQ(arrays[3].value.shape(), empty.shape());
  EXPECT_TRUE(std::ranges::equal(arrays[0].value.as<float>(), a.as<float>()));
  EXPECT_TRUE(std::ranges::equal(arrays[1].value.as<double>(), b.as<double>()));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(NpzTest, TheSameArraysGiveTheSameBytes) {
  const TempDir dir;
  const Tensor a = ramp({3, 4}, DType::f32);
  write_npz(dir.file("1.npz"), {{"a", a.view()}});
  write_npz(dir.file("2.npz"), {{"a", a.view()}});
  EXPECT_EQ(read_text(dir.file("1.npz")), read_text(dir.file("2.npz")));
}

TEST(NpzTest, Zip64FieldsAreWrittenAndReadBack) {
  const std::string content = npy_bytes(ramp({5}, DType::f32));
  const std::string small = zip({{"a.npy", content}, {"b.npy", content}});
  const std::string large = zip({{"a.npy", content}, {"b.npy", content}}, 100);
  EXPECT_GT(large.size(), small.size() + 56 + 20);
  const auto arrays = parse_npz(as_bytes(large), "a.npz");
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[1].value.as<float>()[4], 0.5f);
}

TEST(NpzTest, Zip64FilesOfPythonAreRead) {
  const auto arrays = read_npz(std::string(PLUMB_TEST_DIR) + "/data/golden/zip64.npz");
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "a");
  EXPECT_EQ(arrays[0].value.as<float>()[5], 3.0f);
  EXPECT_EQ(arrays[1].name, "b");
  EXPECT_EQ(arrays[1].value.as<double>()[0], -2.0);
}

TEST(NpzTest, MembersThatAreNoArraysArePassedOver) {
  const auto arrays = parse_npz(
      as_bytes(zip({{"readme.txt", "hello"}, {"x.npy", npy_bytes(ramp({2}, DType::f32))}})), "a");
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].name, "x");
}

TEST(NpzTest, ReadErrorsNameFileAndMember) {
  const std::string content = npy_bytes(ramp({2}, DType::f32));
  const std::string good = zip({{"x.npy", content}});
  const std::size_t central = good.find("PK\x01\x02");
  EXPECT_EQ(message_of<DataError>([] { read_npz("no/such.npz"); }), "no/such.npz: no such file");
  EXPECT_EQ(npz_error("hello"), "a.npz: not a zip file, or truncated: it has no end record");
  EXPECT_EQ(npz_error(good.substr(0, good.size() - 1)),
            "a.npz: not a zip file, or truncated: it has no end record");
  EXPECT_EQ(npz_error(zip({{"x.npy", content}, {"x.npy", content}})),
            "a.npz: two arrays are called 'x', expected one");
  EXPECT_EQ(npz_error(zip({{"x.npy", "hello!"}})),
            "a.npz: x.npy: not an NPY file: it does not begin with \\x93NUMPY");

  std::string damaged = good;
  damaged[good.find("\x93NUMPY") + content.size() - 1] ^= 1;
  EXPECT_NE(npz_error(damaged).find("a.npz: x.npy: the zip member's CRC is "), std::string::npos);
  std::string encrypted = good;
  encrypted[central + 8] |= 1;
  EXPECT_EQ(npz_error(encrypted), "a.npz: x.npy: the zip member is encrypted, expected plain");
  std::string method = good;
  method[central + 10] = 12;
  EXPECT_EQ(npz_error(method), "a.npz: x.npy: zip method 12, expected 0 (stored) or 8 (deflated)");
  std::string longer = good;
  longer[central + 24]++;
  EXPECT_EQ(npz_error(longer), "a.npz: x.npy: the zip member holds only 136 bytes, expected 137");
  std::string offset = good;
  offset[central + 42] = 1;
  EXPECT_EQ(npz_error(offset),
            "a.npz: x.npy: no zip member at byte 1, where the directory puts it");
  std::string parts = good;
  parts[good.find("PK\x05\x06") + 4] = 1;
  EXPECT_EQ(npz_error(parts), "a.npz: the zip file is one of several parts, expected a whole one");
}

TEST(NpzTest, ADirectoryThatPointsTwiceAtTheSameBytesIsRefused) {
  const std::string good = zip({{"x.npy", npy_bytes(ramp({200}, DType::f32))}});
  const std::size_t central = good.find("PK\x01\x02"), end = good.find("PK\x05\x06");
  std::string doubled =
      good.substr(0, end) + good.substr(central, end - central) + good.substr(end);
  doubled[doubled.find("PK\x05\x06") + 10] = 2;
  EXPECT_NE(npz_error(doubled).find("the zip directory lists more than the "), std::string::npos);
}

TEST(NpzTest, WriteErrorsLeaveTheOldFile) {
  const TempDir dir;
  const Tensor a = ramp({2}, DType::f32);
  const std::string path = dir.write("a.npz", "old");
  const auto error = [&](const std::vector<std::pair<std::string, ConstView>>& arrays) {
    return message_of<DataError>([&] { write_npz(path, arrays); });
  };
  EXPECT_EQ(error({{"", a.view()}}), path + ": an array's name has 0 bytes, expected 1 to 65531");
  EXPECT_EQ(error({{"a", a.view()}, {"a", a.view()}}),
            path + ": two arrays are called 'a', expected one");
  EXPECT_EQ(error({{"a", ConstView{}}}), path + ": array 'a' is a view of nothing");
  EXPECT_EQ(read_text(path), "old");
  const std::string nowhere = dir.file("no/a.npz");
  EXPECT_EQ(message_of<DataError>([&] {
              write_npz(nowhere, {{"a", a.view()}});
            }),
            nowhere + ": cannot be written: folder " + dir.path() + "/no does not exist");
}

}  // namespace
}  // namespace plumb
