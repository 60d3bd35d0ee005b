// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "plumb/data/npz.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::as_bytes;
using testing::message_of;
using testing::read_text;
using testing::TempDir;

const std::string kGolden = std::string(PLUMB_TEST_DIR) + "/data/golden/";

Image read_image(const std::string& name) {
  return decode_image(as_bytes(read_text(kGolden + name)), name);
}

/// What Pillow reads in the images (see golden/make_image_golden.py).
Tensor answer(const std::string& name) {
  for (NamedArray& array : read_npz(kGolden + "images.npz")) {
    if (array.name == name) return std::move(array.value);
  }
  ADD_FAILURE() << name << " is not in images.npz";
  return {};
}

TEST(ImageTest, PixelsAreThoseThatPillowReads) {
  for (const std::string name : {"colour.png", "grey.png", "bits.png", "palette.png", "colour.jpg",
                                 "progressive.jpg", "grey.jpg", "clear.png"}) {
    const Tensor expected = answer(name);
    const Image image = read_image(name);
    ASSERT_EQ(Shape({image.height, image.width, 3}), expected.shape()) << name;
    const auto values = expected.as<double>();
    // Pillow brings a libjpeg of its own, which may round otherwise.
    const double most = name.ends_with("jpg") ? 2 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(image.pixels[i], values[i], most) << name << " at " << i;
    }
    const bool grey = name == "grey.png" || name == "bits.png" || name == "grey.jpg";
    EXPECT_EQ(image.is_grey, grey) << name;
  }
}

TEST(ImageTest, SixteenBitsAreRoundedToEight) {
  const Tensor expected = answer("deep.png");
  const Image image = read_image("deep.png");
  const auto values = expected.as<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(image.pixels[3 * i + 1], values[i] / 257, 0.51) << i;
  }
}

TEST(ImageTest, ResizingIsPillowsBilinear) {
  const Tensor from = answer("resize");
  for (const auto& [height, width] : {std::pair(4, 5), std::pair(23, 17), std::pair(11, 6)}) {
    const Tensor expected =
        answer("resize_" + std::to_string(height) + "_" + std::to_string(width));
    const auto to =
        resize_image(from.as<float>(), from.shape()[0], from.shape()[1], 1, height, width);
    ASSERT_EQ(static_cast<std::int64_t>(to.size()), expected.size());
    for (std::size_t i = 0; i < to.size(); ++i) {
      EXPECT_NEAR(to[i], expected.as<float>()[i], 1e-6) << height << " x " << width << " at " << i;
    }
  }
}

TEST(ImageTest, DamagedImagesAreNamed) {
  const auto error = [](const std::string& bytes) {
    return message_of<DataError>([&] { decode_image(as_bytes(bytes), "a.png"); });
  };
  EXPECT_EQ(error(""), "a.png: neither PNG nor JPEG, by its first bytes");
  EXPECT_EQ(error("GIF89a"), "a.png: neither PNG nor JPEG, by its first bytes");
  const std::string png = read_text(kGolden + "colour.png"),
                    jpeg = read_text(kGolden + "colour.jpg");
  EXPECT_TRUE(error(png.substr(0, 60)).starts_with("a.png: damaged PNG: "));
  EXPECT_TRUE(error(jpeg.substr(0, 500)).starts_with("a.png: damaged JPEG: "));
  EXPECT_TRUE(error(read_text(kGolden + "cmyk.jpg")).starts_with("a.png: damaged JPEG: "));
  std::string flipped = png;
  flipped[png.size() - 30] ^= 1;
  EXPECT_TRUE(error(flipped).starts_with("a.png: damaged PNG: ")) << "a wrong CRC";
}

/// A folder of two classes; the files are golden ones.
class ImageFolderTest : public ::testing::Test {
 protected:
  void add(const std::string& folder, const std::string& name, const std::string& golden) {
    std::filesystem::create_directories(dir_.file(folder));
    std::filesystem::copy_file(kGolden + golden, dir_.file(folder + "/" + name));
  }
  Dataset load(const std::string& options = "") {
    return load_dataset("folder:" + dir_.path() + options, 0);
  }
  std::string error(const std::string& options = "") {
    return message_of<DataError>([&] { load(options); });
  }
  TempDir dir_;
};

TEST_F(ImageFolderTest, SamplesHaveTheirPixelsAndLabels) {
  add("dog", "b.jpg", "progressive.jpg");
  add("dog", "a.jpg", "colour.jpg");
  std::filesystem::create_directories(dir_.file("cat/any"));
  add("cat/any", "1.JPG", "grey.jpg");
  dir_.write("cat/notes.txt", "x");
  dir_.write("cat/.hidden.png", "x");
  std::filesystem::create_directories(dir_.file("empty"));
  const Dataset data = load();
  EXPECT_EQ(data.x.shape(), (Shape{3, 3, 17, 19}));
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{0, 1, 1}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.notes, std::vector<std::string>{
                            dir_.path() + ": 3 images, 3 channels, 17 x 19; 2 classes: cat (1), "
                                          "dog (2); 1 other files passed over; no image in empty"});
  // Blue of the pixel in row 2, column 3 of the second sample, a.jpg.
  const Image image = read_image("colour.jpg");
  EXPECT_EQ(data.x.as<float>()[((1 * 3 + 2) * 17 + 2) * 19 + 3],
            static_cast<float>(image.pixels[(2 * 19 + 3) * 3 + 2]) / 255);
}

TEST_F(ImageFolderTest, SizesAndGreyAreAsAsked) {
  add("a", "1.png", "colour.png");
  add("b", "1.jpg", "colour.jpg");
  EXPECT_EQ(error(), dir_.path() + "/b/1.jpg: 17 x 19 pixels (height x width), expected 5 x 7 as " +
                         dir_.path() + "/a/1.png, or ?size=5x7 to resize");
  EXPECT_EQ(load("?size=4x6").x.shape(), (Shape{2, 3, 4, 6}));
  EXPECT_EQ(load("?size=8&grey=1").x.shape(), (Shape{2, 8, 8}));
  const Image image = read_image("colour.png");
  EXPECT_NEAR(load("?size=5x7&grey=1").x.as<float>()[0],
              (0.299 * image.pixels[0] + 0.587 * image.pixels[1] + 0.114 * image.pixels[2]) / 255,
              1e-6);
  EXPECT_EQ(message_of<SpecError>([&] { load("?size=4x"); }).substr(0, 68),
            "data: size is '4x', expected HEIGHTxWIDTH, each from 1 to 8192\n  fol");
}

TEST_F(ImageFolderTest, GreyFilesMakeOneChannel) {
  add("a", "1.png", "grey.png");
  EXPECT_EQ(load().x.shape(), (Shape{1, 5, 7}));
}

TEST_F(ImageFolderTest, WhatIsNoFolderOfClassesIsNamed) {
  EXPECT_EQ(error("/none"), dir_.path() + "/none: no such folder");
  EXPECT_EQ(error(), dir_.path() +
                         ": no folders, expected a folder for each class with PNG or JPEG "
                         "images");
  dir_.write("1.png", "");
  EXPECT_EQ(error(), dir_.path() +
                         ": images but no folders, expected a folder for each class with "
                         "PNG or JPEG images");
  std::filesystem::create_directories(dir_.file("a"));
  EXPECT_EQ(error(), dir_.path() +
                         ": no image in any of its folders, expected a folder for each "
                         "class with PNG or JPEG images");
  dir_.write("a/1.png", "text");
  EXPECT_EQ(error(), dir_.path() + "/a/1.png: neither PNG nor JPEG, by its first bytes");
  std::filesystem::remove_all(dir_.file("a"));
  add("train/cat", "1.png", "grey.png");
  add("test/cat", "1.png", "grey.png");
  EXPECT_EQ(error(), dir_.path() +
                         ": its folders are parts of a data set (test), expected classes: "
                         "folder:" +
                         dir_.path() + "/test has them");
}

}  // namespace
}  // namespace plumb
