// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "plumb/data/npy_header.h"
#include "plumb/data/npz.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::as_bytes;
using testing::message_of;
using testing::read_text;

const std::string kGolden = std::string(PLUMB_TEST_DIR) + "/data/golden/";

std::vector<double> values(const Tensor& tensor) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    const auto elements = tensor.as<decltype(zero)>();
    return std::vector<double>(elements.begin(), elements.end());
  });
}

/// An NPY file of version 1.0 with this header and these elements.
std::string npy(const std::string& header, const std::string& elements) {
  std::string bytes = "\x93NUMPY";
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
            static_cast<char>(header.size() >> 8)};
  return bytes + header + elements;
}

std::string npy_error(const std::string& bytes) {
  return message_of<DataError>([&] { parse_npy(as_bytes(bytes), "a.npy"); });
}

class GoldenNpzTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenNpzTest, EveryTypeOfNumpyIsReadByValue) {
  std::map<std::string, NamedArray> arrays;
  for (NamedArray& array : read_npz(kGolden + GetParam())) arrays[array.name] = std::move(array);
  const std::vector<double> signed_values{-2, -1, 0, 1, 2, 3};
  const std::vector<double> unsigned_values{250, 251, 252, 253, 254, 255};
  for (const char* name : {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}) {
    for (const char* suffix : {"", "_big"}) {
      const std::string full = std::string(name) + suffix;
      if (full == "i1_big" || full == "u1_big") continue;
      ASSERT_TRUE(arrays.contains(full)) << full;
      const NamedArray& array = arrays[full];
      EXPECT_EQ(array.value.shape(), (Shape{2, 3})) << full;
      EXPECT_EQ(values(array.value), name[0] == 'u' ? unsigned_values : signed_values) << full;
      EXPECT_EQ(array.is_integer, name[0] != 'f') << full;
      const bool is_f32 = name[0] == 'f' && name[1] != '8';
      EXPECT_EQ(array.value.dtype(), is_f32 ? DType::f32 : DType::f64) << full;
    }
  }
  EXPECT_EQ(values(arrays["b1"].value), (std::vector<double>{0, 0, 0, 1, 1, 1}));
  EXPECT_TRUE(arrays["b1"].is_integer);
  EXPECT_EQ(arrays["scalar"].value.shape(), Shape{});
  EXPECT_EQ(values(arrays["scalar"].value), std::vector<double>{2.5});
  EXPECT_EQ(arrays["empty"].value.shape(), (Shape{0, 3}));
  EXPECT_EQ(values(arrays["large"].value),
            (std::vector<double>{9007199254740992.0, -9007199254740992.0, 1099511627777.0}));
}

TEST_P(GoldenNpzTest, FortranOrderIsTurnedIntoRowMajor) {
  for (const NamedArray& array : read_npz(kGolden + GetParam())) {
    if (!array.name.starts_with("fortran")) continue;
    EXPECT_EQ(array.value.shape(), array.name == "fortran" ? (Shape{2, 3, 4}) : (Shape{4, 3, 2}));
    const std::vector<double> elements = values(array.value);
    for (int i = 0; i < 24; ++i) EXPECT_EQ(elements[static_cast<std::size_t>(i)], i) << array.name;
  }
}

TEST_P(GoldenNpzTest, HalfPrecisionKeepsSubnormalsInfinitiesAndNan) {
  for (const NamedArray& array : read_npz(kGolden + GetParam())) {
    if (array.name != "half") continue;
    const std::vector<double> half = values(array.value);
    const double inf = std::numeric_limits<double>::infinity();
    const std::vector<double> expected{
        0,   0,   std::ldexp(1, -24), std::ldexp(1023, -24), std::ldexp(1, -14), 65504, -1.5,
        inf, -inf};
    EXPECT_EQ(std::vector<double>(half.begin(), half.end() - 1), expected);
    EXPECT_TRUE(std::signbit(half[1]));
    EXPECT_TRUE(std::isnan(half[9]));
    return;
  }
  FAIL() << "no array 'half'";
}

INSTANTIATE_TEST_SUITE_P(Numpy, GoldenNpzTest, ::testing::Values("stored.npz", "deflated.npz"));

TEST(NpyTest, AllFormatVersionsOfNumpyAreRead) {
  for (const char* name : {"version_2.npy", "version_3.npy"}) {
    EXPECT_EQ(values(read_npy(kGolden + name).value), (std::vector<double>{-2, -1, 0, 1, 2, 3}))
        << name;
  }
  const NamedArray fortran = read_npy(kGolden + "fortran.npy");
  EXPECT_EQ(fortran.name, "");
  EXPECT_EQ(fortran.value.as<float>()[5], 5.0f);
}

TEST(NpyTest, PreambleIsWhatNumpyWrites) {
  const std::string golden = read_text(kGolden + "version_2.npy");
  // Version 2 differs from 1 in the version byte and a length of four bytes, made up for by
  // padding.
  const std::string ours = npy_preamble(DType::f32, Shape{2, 3});
  EXPECT_EQ(ours.size() % 64, 0u);
  EXPECT_EQ(ours.substr(10, 58), golden.substr(12, 58));
  EXPECT_NE(npy_preamble(DType::f64, Shape{7}).find("'shape': (7,)"), std::string::npos);
  EXPECT_NE(npy_preamble(DType::f64, Shape{}).find("'shape': ()"), std::string::npos);
}

TEST(NpyTest, TypesThatAreNoNumbersAreNamed) {
  const auto message = [](const char* name) {
    return message_of<DataError>([&] { read_npy(kGolden + name); }).substr(kGolden.size());
  };
  const std::string expected =
      "cannot be read, expected bool, int8 to int64, uint8 to uint64, float16, float32 or float64";
  EXPECT_EQ(message("complex.npy"), "complex.npy: element type '<c8' " + expected);
  EXPECT_EQ(message("object.npy"), "object.npy: element type '|O' " + expected);
  EXPECT_EQ(message("record.npy"),
            "record.npy: holds records (a structured type), expected numbers");
  EXPECT_EQ(message("rank_6.npy"), "rank_6.npy: the array has 6 axes, expected at most 5");
}

TEST(NpyTest, ErrorsSayWhatIsWrong) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  EXPECT_EQ(message_of<DataError>([] { read_npy("no/such.npy"); }), "no/such.npy: no such file");
  EXPECT_EQ(npy_error("PK"), "a.npy: not an NPY file: it does not begin with \\x93NUMPY");
  std::string version = npy(good, "12345678");
  version[6] = 4;
  EXPECT_EQ(npy_error(version), "a.npy: NPY format version 4.0, expected 1.0, 2.0 or 3.0");
  EXPECT_EQ(
      npy_error(npy(good, "").substr(0, 30)),
      "a.npy: truncated: the NPY header takes 55 bytes from byte 10, but the data ends at byte 30");
  EXPECT_EQ(npy_error(npy(good, "1234567")),
            "a.npy: 7 bytes follow the NPY header, expected 2 elements of 4 bytes");
  EXPECT_EQ(npy_error(npy(good, "123456789")),
            "a.npy: 9 bytes follow the NPY header, expected 2 elements of 4 bytes");
  EXPECT_EQ(
      npy_error(npy("{'descr': '<f4', 'shape': (2,)}", "12345678")),
      "a.npy: the NPY header is wrong at its byte 31, expected descr, fortran_order and shape");
  EXPECT_EQ(npy_error(npy("{'descr': '<f4', 'descr': '<f4'}", "")),
            "a.npy: the NPY header is wrong at its byte 25, expected each of descr, fortran_order "
            "and shape "
            "once");
  EXPECT_EQ(npy_error(npy("{'descr': <f4}", "")),
            "a.npy: the NPY header is wrong at its byte 10, expected '''");
  EXPECT_EQ(npy_error(npy("{'descr': '<f4', 'fortran_order': 0}", "")),
            "a.npy: the NPY header is wrong at its byte 34, expected True or False");
  EXPECT_EQ(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "")),
            "a.npy: the NPY header is wrong at its byte 51, expected an extent");
  EXPECT_EQ(npy_error(npy(good + "x", "12345678")),
            "a.npy: the NPY header is wrong at its byte 55, expected nothing more");
}

TEST(NpyTest, SizesThatLieAreErrorsNotAllocations) {
  const auto with_shape = [](const std::string& shape) {
    return npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}", "12345678");
  };
  EXPECT_EQ(npy_error(with_shape("(1099511627776,)")),
            "a.npy: 8 bytes follow the NPY header, expected 1099511627776 elements of 8 bytes");
  EXPECT_EQ(npy_error(with_shape("(4294967296, 4294967296, 4294967296)")),
            "a.npy: 8 bytes follow the NPY header, expected 4294967296 x 4294967296 x 4294967296 "
            "elements of 8 "
            "bytes");
  // 2^32 * 2^32 is 0 in 64 bits, and the product of all but the empty axis overflows.
  EXPECT_NE(npy_error(with_shape("(4294967296, 4294967296, 0)")), "");
  EXPECT_NE(npy_error(with_shape("(18446744073709551616,)")), "");
}

}  // namespace
}  // namespace plumb
