// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/mnist.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "plumb/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::gzip;
using testing::idx;
using testing::message_of;
using testing::TempDir;

const std::string kImages = idx({2, 1, 3}, std::string("\x00\x33\xFF\x01\x02\x03", 6));
const std::string kLabels = idx({2}, std::string("\x07\x00", 2));

std::string mnist_error(const TempDir& dir) {
  const std::string message = message_of<DataError>([&] { load_mnist(dir.path()); });
  EXPECT_TRUE(message.starts_with(dir.path())) << message;
  return message.substr(std::min(message.size(), dir.path().size()));
}

TEST(MnistTest, PixelsAreScaledToOneAndLabelsKept) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", kImages);
  dir.write("t10k-labels-idx1-ubyte.gz", gzip(kLabels));
  const Dataset data = load_mnist(dir.path());
  EXPECT_EQ(data.x.shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{7, 0}));
  EXPECT_EQ(data.x.as<float>()[0], 0.0f);
  EXPECT_EQ(data.x.as<float>()[1], 0.2f);
  EXPECT_EQ(data.x.as<float>()[2], 1.0f);
  EXPECT_FALSE(data.y);
}

TEST(MnistTest, TrainFilesAreTakenBeforeT10kAndNamesMayHaveADot) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", kImages);
  dir.write("t10k-labels-idx1-ubyte", kLabels);
  dir.write("train-images.idx3-ubyte.gz", gzip(idx({1, 1, 1}, "\x01")));
  dir.write("train-labels.idx1-ubyte", idx({1}, "\x09"));
  EXPECT_EQ(load_mnist(dir.path()).labels, std::vector<std::int32_t>{9});
}

TEST(MnistTest, ErrorsSayWhatIsWrong) {
  const TempDir dir;
  EXPECT_EQ(
      mnist_error(dir),
      ": has no images, expected train-images-idx3-ubyte or t10k-images-idx3-ubyte, plain or .gz");
  dir.write("train-images-idx3-ubyte", kImages);
  EXPECT_EQ(mnist_error(dir),
            ": has train images but no labels, expected train-labels-idx1-ubyte or .gz");
  dir.write("train-labels-idx1-ubyte", idx({3}, std::string(3, '\1')));
  EXPECT_EQ(mnist_error(dir), "/train-labels-idx1-ubyte: 3 labels, expected 2, as many as images");
  dir.write("train-labels-idx1-ubyte", idx({2}, "\x01\x0A"));
  EXPECT_EQ(mnist_error(dir), "/train-labels-idx1-ubyte: label 10 of sample 1, expected 0 to 9");
  dir.write("train-labels-idx1-ubyte", kImages);
  EXPECT_EQ(mnist_error(dir),
            "/train-labels-idx1-ubyte: the IDX magic is 0x00000803, expected 0x00000801 "
            "(unsigned bytes, 1 axis)");
  dir.write("train-images-idx3-ubyte", idx({0, 28, 28}, ""));
  dir.write("train-labels-idx1-ubyte", idx({0}, ""));
  EXPECT_EQ(mnist_error(dir),
            "/train-images-idx3-ubyte: 0 images of 28 x 28 pixels, expected at least one of each");
}

TEST(MnistTest, TheRealFilesHaveTheKnownCounts) {
  const char* folder = std::getenv("PLUMB_MNIST_DIR");
  if (!folder) GTEST_SKIP() << "PLUMB_MNIST_DIR names no folder with MNIST";
  const Dataset data = load_mnist(folder);
  ASSERT_EQ(data.x.shape().row_shape(), (Shape{28, 28}));
  // Samples of each digit in the test and in the training set, as published with the data.
  const std::vector<std::int64_t> test{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
  const std::vector<std::int64_t> train{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  std::vector<std::int64_t> counts(10, 0);
  for (const std::int32_t label : data.labels) ++counts[static_cast<std::size_t>(label)];
  EXPECT_EQ(counts, data.size() == 10000 ? test : train);
}

}  // namespace
}  // namespace plumb
