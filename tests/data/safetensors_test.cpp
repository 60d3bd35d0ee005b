// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::as_bytes;
using testing::message_of;
using testing::read_text;
using testing::TempDir;

const std::string kGolden = std::string(PLUMB_TEST_DIR) + "/data/golden/";

std::vector<double> values(const Tensor& tensor) {
  std::vector<double> all;
  dispatch(tensor.dtype(), [&](auto zero) {
    for (const auto v : tensor.as<decltype(zero)>()) all.push_back(static_cast<double>(v));
  });
  return all;
}

/// A file of this header and so many bytes of data.
std::string file(const std::string& header, std::size_t data_bytes) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  return bytes + header + std::string(data_bytes, '\0');
}

std::string error(const std::string& bytes) {
  return message_of<DataError>([&] { parse_safetensors(as_bytes(bytes), "a"); });
}

TEST(SafetensorsTest, WhatThePythonPackageWroteIsRead) {
  const std::vector<NamedArray> arrays = read_safetensors(kGolden + "tensors.safetensors");
  const auto find = [&](const std::string& name) -> const NamedArray& {
    for (const NamedArray& array : arrays) {
      if (array.name == name) return array;
    }
    throw std::out_of_range(name);
  };
  const auto infinity = std::numeric_limits<double>::infinity();
  ASSERT_EQ(arrays.size(), 15u);
  EXPECT_EQ(find("f8").value.shape(), (Shape{1, 2}));
  EXPECT_EQ(values(find("f8").value), (std::vector<double>{1.5, -2e300}));
  EXPECT_EQ(find("f4").value.dtype(), DType::f32);
  EXPECT_EQ(values(find("f4").value), (std::vector<double>{0.1f, -3.25, 1e-40f, infinity}));
  EXPECT_EQ(values(find("f2").value), (std::vector<double>{0.0999755859375, -65504, 0x1p-24}));
  EXPECT_EQ(values(find("bf16").value), (std::vector<double>{1, -2.5, 0x1.FEp127}));
  EXPECT_EQ(values(find("i8").value), (std::vector<double>{0x1p40, -7}));
  EXPECT_EQ(values(find("i4").value), (std::vector<double>{-0x1p31}));
  EXPECT_EQ(values(find("i2").value), (std::vector<double>{-300}));
  EXPECT_EQ(values(find("i1").value), (std::vector<double>{-128, 127}));
  EXPECT_EQ(values(find("u8").value), (std::vector<double>{0x1p40}));
  EXPECT_EQ(values(find("u4").value), (std::vector<double>{0x1p32 - 1}));
  EXPECT_EQ(values(find("u2").value), (std::vector<double>{65535}));
  EXPECT_EQ(values(find("u1").value), (std::vector<double>{0, 255}));
  EXPECT_EQ(values(find("flag").value), (std::vector<double>{1, 0}));
  EXPECT_TRUE(find("flag").is_integer);
  EXPECT_FALSE(find("bf16").is_integer);
  EXPECT_EQ(find("scalar").value.shape().rank(), 0);
  EXPECT_EQ(values(find("scalar").value), (std::vector<double>{2.5}));
  EXPECT_EQ(find("nothing").value.shape(), (Shape{0, 3}));
}

TEST(SafetensorsTest, WhatIsWrittenIsReadBackAndAligned) {
  const TempDir dir;
  Tensor a({2, 3}, DType::f32), b({2}, DType::f64);
  a.as<float>()[4] = 0.1f;
  b.as<double>()[1] = -1e300;
  const std::string path = dir.file("a.safetensors");
  write_safetensors(path, {{"b \"x\"", b.view()}, {"a", a.view()}});
  const std::string bytes = read_text(path);
  EXPECT_EQ((8 + static_cast<std::size_t>(bytes[0])) % 8, 0u);
  const std::vector<NamedArray> arrays = read_arrays(path);
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "b \"x\"");
  EXPECT_EQ(values(arrays[0].value), values(b));
  EXPECT_EQ(values(arrays[1].value), values(a));
  EXPECT_EQ(message_of<DataError>([&] {
              write_safetensors(path, {{"a", a.view()}, {"a", a.view()}});
            }),
            path + ": two arrays are called 'a', expected one");
}

TEST(SafetensorsTest, DamagedHeadersSayWhatIsWrong) {
  EXPECT_EQ(
      error("abc"),
      "a: truncated: the length of the header takes 8 bytes from byte 0, but the data ends at "
      "byte 3");
  EXPECT_EQ(error(file("[]", 0)), "a: its header is no JSON object, expected a safetensors file");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4)),
            "a: the bytes of tensor t do not fit its shape, its type or the file");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"F8","shape":[2],"data_offsets":[0,4]}})", 4)),
            "a: tensor t has elements of type 'F8', expected F64, F32, F16, BF16, I8 to I64, U8 to "
            "U64 or BOOL");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"U8","shape":[-1],"data_offsets":[0,4]}})", 4)),
            "a: tensor t has no list shape of whole numbers in the header");
  EXPECT_EQ(error(file(R"({"t":7})", 0)),
            "a: tensor t has no list shape of whole numbers in the header");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2)),
            "a: t begins at byte 1 of the data, expected 0");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2)),
            "a: 2 bytes follow the header, expected 1");
  EXPECT_EQ(error(file(R"({"t":{"dtype":"U8","shape":[1,1,1,1,1,1],"data_offsets":[0,1]}})", 1)),
            "a: tensor t has 6 axes, expected at most 5");
  EXPECT_EQ(error(file(
                R"({"t":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0)),
            "a: the bytes of tensor t do not fit its shape, its type or the file");
}

TEST(SafetensorsTest, TheyAreDataSetsToo) {
  const TempDir dir;
  Tensor x({3, 2}, DType::f32), y({3}, DType::f32);
  write_safetensors(dir.file("a.safetensors"), {{"x", x.view()}, {"y", y.view()}});
  const Dataset data = load_dataset("safetensors:" + dir.file("a.safetensors"), 0);
  EXPECT_EQ(data.y.shape(), (Shape{3, 1}));
}

TEST(SafetensorsTest, OtherFilesOfWeightsAreNamed) {
  const TempDir dir;
  const std::string path = dir.write("model.pt", "\x80\x02pickle");
  const std::string message = message_of<DataError>([&] { read_arrays(path); });
  EXPECT_TRUE(message.starts_with(path + ": neither NPZ nor safetensors, by its first bytes: save "
                                         "the state_dict with safetensors.torch.save_file("))
      << message;
  const std::string array = dir.write("x.npy", "\x93NUMPY\x01");
  const std::string one = message_of<DataError>([&] { read_arrays(array); });
  EXPECT_TRUE(one.starts_with(array + ": is one numpy array, expected NPZ")) << one;
  EXPECT_NE(one.find("numpy.savez('data.npz', x=x, y=y)"), std::string::npos) << one;
}

/// The shape that an array x of the given shape is loaded with.
Shape loaded_shape(const Shape& shape) {
  const TempDir dir;
  Tensor x(shape, DType::f32), y({shape[0]}, DType::f32);
  write_npz(dir.file("a.npz"), {{"x", x.view()}, {"y", y.view()}});
  return load_dataset("npz:" + dir.file("a.npz"), 0).x.shape();
}

TEST(SafetensorsTest, ImagesWithChannelsLastAreTurned) {
  const TempDir dir;
  Tensor x({2, 8, 9, 3}, DType::f32), y({2}, DType::f32);
  for (std::size_t i = 0; i < 432; ++i) x.as<float>()[i] = static_cast<float>(i);
  write_npz(dir.file("a.npz"), {{"x", x.view()}, {"y", y.view()}});
  const Dataset data = load_dataset("npz:" + dir.file("a.npz"), 0);
  EXPECT_EQ(data.x.shape(), (Shape{2, 3, 8, 9}));
  // Sample 1, row 2, column 4, channel 1.
  EXPECT_EQ(data.x.as<float>()[((1 * 3 + 1) * 8 + 2) * 9 + 4],
            static_cast<float>(((1 * 8 + 2) * 9 + 4) * 3 + 1));
  ASSERT_EQ(data.notes.size(), 1u);
  EXPECT_NE(data.notes[0].find("x [2, 8, 9, 3] was taken for [n, height, width, channels]"),
            std::string::npos)
      << data.notes[0];
}

TEST(SafetensorsTest, NarrowImagesWithChannelsFirstStay) {
  for (const Shape& shape : {Shape{3, 16, 6, 3}, Shape{3, 16, 9, 4}, Shape{2, 5, 6, 3},
                             Shape{2, 8, 8, 2}, Shape{2, 3, 32, 32}, Shape{2, 1, 28, 28}}) {
    EXPECT_EQ(loaded_shape(shape), shape) << shape.to_string();
  }
  EXPECT_EQ(loaded_shape({2, 28, 28, 1}), (Shape{2, 1, 28, 28}));
  EXPECT_EQ(loaded_shape({1, 64, 200, 3}), (Shape{1, 3, 64, 200}));
}

}  // namespace
}  // namespace plumb
