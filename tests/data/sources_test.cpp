// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "plumb/data/npz.h"
#include "plumb/data/npz_dataset.h"
#include "tests/data/idx_files.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::idx;
using testing::message_of;
using testing::TempDir;

std::string spec_error(const std::string& text) {
  return message_of<SpecError>([&] { load_dataset(text, 0); });
}

TEST(SourcesTest, EachFormOfTheContractLoads) {
  const TempDir dir;
  dir.write("t10k-images-idx3-ubyte", idx({1, 2, 2}, "abcd"));
  dir.write("t10k-labels-idx1-ubyte", idx({1}, "\x03"));
  const std::string csv = dir.write("what?.csv", "a,kind\n1,x\n2,y\n");
  Tensor x({3, 2}, DType::f32), y({3}, DType::f32);
  write_npz(dir.file("a.npz"), {{"x", x.view()}, {"y", y.view()}});

  EXPECT_EQ(load_dataset("mnist:" + dir.path(), 0).x.shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(load_dataset("csv:" + csv + "?label=kind", 0).classes, 2);
  EXPECT_EQ(load_dataset("npz:" + dir.file("a.npz"), 0).y.shape(), (Shape{3, 1}));
  EXPECT_EQ(load_dataset("glyphs?n=3&noise=0", 0).x.shape(), (Shape{3, 28, 28}));
  EXPECT_EQ(load_dataset("spirals?n=6&classes=3&noise=0.1", 0).classes, 3);
  EXPECT_EQ(load_dataset("teacher?n=5&in=4&out=2&depth=3", 0).y.shape(), (Shape{5, 2}));
  EXPECT_EQ(load_dataset("teacher?n=5&in=4&classes=3", 0).labels.size(), 5u);
  EXPECT_EQ(load_dataset("adding?t=30&n=5", 0).x.shape(), (Shape{5, 30, 2}));
  EXPECT_EQ(load_dataset("copy?t=30&n=5", 0).labels.size(), 250u);
}

TEST(SourcesTest, OptionsOfTablesAreRead) {
  const TempDir dir;
  const std::string csv = "csv:" + dir.write("a.csv", "?\nq:a:b\nyes:1,5:7\nno:-1:8\n");
  const Dataset data = load_dataset(
      csv + "?label=q&skip=1&sep=:&decimal=comma&header=yes&drop=b&na=zero,-1&encode=none", 0);
  EXPECT_EQ(data.x.shape(), (Shape{2, 1}));
  EXPECT_EQ(data.x.as<float>()[0], 1.5f);
  EXPECT_EQ(data.x.as<float>()[1], 0.0f);
  EXPECT_EQ(data.classes, 2);
  EXPECT_EQ(load_dataset(csv + "?target=b&skip=1&sep=:&only=b,a", 0).y.shape(), (Shape{2, 1}));
  EXPECT_EQ(spec_error("csv:a?label=b&sep=1"),
            "data: sep is '1', expected one sign, or comma, semicolon, tab, bar or blank\n"
            "  csv:a?label=b&sep=1\n                    ^");
  EXPECT_EQ(spec_error("csv:a?label=b&decimal=;"),
            "data: decimal is ';', expected point or comma\n"
            "  csv:a?label=b&decimal=;\n                        ^");
  EXPECT_EQ(spec_error("csv:a?label=b&header=maybe"),
            "data: header is 'maybe', expected yes or no\n"
            "  csv:a?label=b&header=maybe\n                       ^");
  EXPECT_EQ(
      spec_error("csv:a?labl=b"),
      "data: 'csv' has no option 'labl', expected label, target, drop, only, encode, na, sep, "
      "decimal, header, skip\n  csv:a?labl=b\n        ^");
  // A '?' in a value and one in the path.
  const std::string odd = dir.write("b?.csv", "ok?,a\n0,1\n1,2\n");
  EXPECT_EQ(load_dataset("csv:" + odd + "?label=ok?", 0).classes, 2);
}

TEST(SourcesTest, MissingNumbersBecomeTheMeanOfTheTrainingPart) {
  const TempDir dir;
  std::string text = "a,b,label\n";
  for (int i = 0; i < 8; ++i) text += std::to_string(i * i) + (i == 3 ? ",0,1\n" : ",,0\n");
  text += "NA,0,1\nNA,0,0\n";
  const std::string csv = "csv:" + dir.write("a.csv", text) + "?label=label";
  const Dataset whole = load_dataset(csv, 0);
  EXPECT_EQ(whole.x.as<float>()[16], 17.5f);  // (0 + 1 + 4 + ... + 49) / 8
  const Split split = load_split(csv, {.validation_fraction = 0.4, .seed = 5});
  double sum = 0;
  int count = 0;
  // The squares stand in front: the rows that lacked a number come last in both parts.
  const auto train = split.train.x.as<float>(), validation = split.validation.x.as<float>();
  std::vector<float> gaps;
  const auto look = [&](std::span<const float> x, bool is_train) {
    for (std::size_t i = 0; i < x.size(); i += 2) {
      const double root = std::sqrt(x[i]);
      const bool is_square = root == std::round(root);
      if (!is_square) gaps.push_back(x[i]);
      if (!is_square || !is_train) continue;
      sum += x[i];
      ++count;
    }
  };
  look(train, true);
  look(validation, false);
  ASSERT_EQ(gaps.size(), 2u);
  for (const float gap : gaps) EXPECT_EQ(gap, static_cast<float>(sum / count));
  EXPECT_EQ(split.notes, whole.notes);
}

TEST(SourcesTest, NameIsTheText) { EXPECT_EQ(load_dataset("spirals?n=4", 0).name, "spirals?n=4"); }

TEST(SourcesTest, TextsThatNameNoSourceSayWhatIsExpected) {
  EXPECT_EQ(spec_error("mnst:here"),
            "data: no source is called 'mnst', expected one of mnist:DIR, csv:FILE?label=COLUMN, "
            "npz:FILE, safetensors:FILE, folder:DIR[?size=HxW&grey=1], "
            "glyphs[?n=N&noise=S], spirals[?n=N&classes=K&noise=S], "
            "teacher[?n=N&in=D&out=D&depth=L&classes=K], adding[?t=T&n=N], copy[?t=T&n=N]\n"
            "  mnst:here\n"
            "  ^");
  EXPECT_EQ(spec_error("mnist"), "data: no path, expected mnist:DIR\n  mnist\n       ^");
  EXPECT_EQ(spec_error("npz:"), "data: no path, expected npz:FILE\n  npz:\n      ^");
  EXPECT_EQ(spec_error("csv:?label=a"),
            "data: no path, expected csv:FILE?label=COLUMN\n  csv:?label=a\n      ^");
  EXPECT_EQ(spec_error("csv:a?label=b&target=c"),
            "data: label and target are both given, expected one of them\n"
            "  csv:a?label=b&target=c\n"
            "                        ^");
  EXPECT_EQ(spec_error("csv:a?label="),
            "data: label is empty, expected a value\n  csv:a?label=\n              ^");
  EXPECT_EQ(spec_error("glyphs:3"),
            "data: 'glyphs' takes no path, expected glyphs[?n=N&noise=S]\n  glyphs:3\n        ^");
  EXPECT_EQ(spec_error("glyphs?size=3"),
            "data: 'glyphs' has no option 'size', expected n, noise\n  glyphs?size=3\n         ^");
  EXPECT_EQ(spec_error("glyphs?n=3&n=4"),
            "data: option 'n' is given twice, expected once\n  glyphs?n=3&n=4\n             ^");
  EXPECT_EQ(spec_error("glyphs?n"), "data: expected an option KEY=VALUE\n  glyphs?n\n         ^");
  EXPECT_EQ(spec_error("glyphs?n=3&"),
            "data: expected an option KEY=VALUE\n  glyphs?n=3&\n             ^");
  EXPECT_EQ(spec_error("glyphs?n=0"),
            "data: n is '0', expected an integer from 1 to 10000000\n  glyphs?n=0\n           ^");
  EXPECT_EQ(spec_error("glyphs?noise=nan"),
            "data: noise is 'nan', expected a number from 0 to 1000000\n  glyphs?noise=nan\n       "
            "        ^");
  EXPECT_EQ(spec_error("spirals?classes=1"),
            "data: classes is '1', expected an integer from 2 to 1048576\n"
            "  spirals?classes=1\n                  ^");
  EXPECT_EQ(spec_error("teacher?classes=1"),
            "data: classes is 1, expected 0 (regression) or 2 or more\n"
            "  teacher?classes=1\n                  ^");
  EXPECT_EQ(spec_error("teacher?classes=2&out=3"),
            "data: out is for regression, expected it without classes\n"
            "  teacher?classes=2&out=3\n                        ^");
}

NamedArray integers(const std::string& name, Shape shape, const std::vector<double>& values) {
  NamedArray array{name, Tensor(shape, DType::f64), true};
  std::ranges::copy(values, array.value.as<double>().begin());
  return array;
}

Dataset from_integers(Shape y_shape, const std::vector<double>& y) {
  std::vector<NamedArray> arrays;
  arrays.push_back(integers("x", {2, 1}, {1, 255}));
  arrays.push_back(integers("y", y_shape, y));
  return npz_dataset(std::move(arrays), "a.npz");
}

TEST(SourcesTest, IntegersOfAnNpzAreClasses) {
  for (const Shape& shape : {Shape{2}, Shape{2, 1}}) {
    const Dataset data = from_integers(shape, {4, 0});
    EXPECT_EQ(data.labels, (std::vector<std::int32_t>{4, 0}));
    EXPECT_EQ(data.classes, 5);
    EXPECT_EQ(data.x.dtype(), DType::f32);
    EXPECT_EQ(data.x.as<float>()[1], 255.0f);
  }
  const auto error = [](Shape shape, const std::vector<double>& y) {
    return message_of<DataError>([&] { from_integers(shape, y); });
  };
  EXPECT_EQ(error({2}, {0, -1}), "a.npz: y holds the class -1 in sample 1, expected 0 to 1048575");
  EXPECT_EQ(error({2}, {1048576, 0}),
            "a.npz: y holds the class 1048576 in sample 0, expected 0 to 1048575");
  EXPECT_EQ(error({2, 2}, {0, 1, 1, 0}), "a.npz: y has shape [2, 2], expected [2]");
}

TEST(SourcesTest, ADataSetThatNumpySavedIsLoaded) {
  const Dataset data =
      load_dataset("npz:" + std::string(PLUMB_TEST_DIR) + "/data/golden/dataset.npz", 0);
  EXPECT_EQ(data.x.shape(), (Shape{3, 2, 2}));
  EXPECT_EQ(data.x.as<float>()[11], 11.0f);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{2, 0, 1}));
  EXPECT_EQ(data.classes, 3);
}

TEST(SourcesTest, NpzDataSetsAreChecked) {
  const TempDir dir;
  const std::string path = dir.file("a.npz");
  const auto error = [&](const std::vector<std::pair<std::string, ConstView>>& arrays) {
    write_npz(path, arrays);
    const std::string message = message_of<DataError>([&] { load_dataset("npz:" + path, 0); });
    EXPECT_TRUE(message.starts_with(path)) << message;
    return message.substr(std::min(message.size(), path.size()));
  };
  Tensor x({3, 2}, DType::f32), flat({3}, DType::f32), y({3}, DType::f32), short_y({2}, DType::f32);
  EXPECT_EQ(error({}), ": holds no array, expected an array x");
  EXPECT_EQ(error({{"x", x.view()}, {"z", y.view()}}), ": holds x, z, expected an array y");
  EXPECT_EQ(error({{"x", flat.view()}, {"y", y.view()}}),
            ": x has shape [3], expected [samples, features...], none of them 0");
  EXPECT_EQ(error({{"x", x.view()}, {"y", short_y.view()}}),
            ": y has shape [2], expected [3] or [3, outputs]");
  x.as<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error({{"x", x.view()}, {"y", y.view()}}),
            ": x holds nan in sample 1, expected finite numbers of float");
}

}  // namespace
}  // namespace plumb
