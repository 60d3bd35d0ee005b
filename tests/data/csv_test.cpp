// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv.h"

#include <gtest/gtest.h>

#include <clocale>

#include "plumb/core/error.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::message_of;
using testing::TempDir;

const CsvTarget kLabel{.column = "label", .is_classification = true};
const CsvTarget kTarget{.column = "y", .is_classification = false};

std::vector<float> floats(const Tensor& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

std::vector<std::int32_t> labels_of(const std::string& column) {
  std::string text = "a,label\n";
  for (const char c : column)
    text += c == ' '               ? std::string("\n")
            : text.ends_with('\n') ? std::string("1,") + c
                                   : std::string(1, c);
  return parse_csv(text, kLabel, "a.csv").labels;
}

std::string csv_error(const std::string& text, const CsvTarget& target = kLabel) {
  return message_of<DataError>([&] { parse_csv(text, target, "a.csv"); });
}

TEST(CsvTest, FeaturesAreAllOtherColumns) {
  const Dataset data = parse_csv("a,label,b\n1,0,-2.5\n+3,2,1e-3\n", kLabel, "a.csv");
  EXPECT_EQ(data.x.shape(), (Shape{2, 2}));
  EXPECT_EQ(floats(data.x), (std::vector<float>{1, -2.5f, 3, 1e-3f}));
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(data.classes, 3);
}

TEST(CsvTest, ATargetColumnMakesARegression) {
  const Dataset data = parse_csv("y,a\n0.5,1\n-1,2\n", kTarget, "a.csv");
  EXPECT_EQ(data.classes, 0);
  EXPECT_TRUE(data.labels.empty());
  EXPECT_EQ(data.y.shape(), (Shape{2, 1}));
  EXPECT_EQ(floats(data.y), (std::vector<float>{0.5f, -1}));
}

TEST(CsvTest, AColumnMayBeANumberFromZero) {
  const CsvTarget second{.column = "1", .is_classification = true};
  EXPECT_EQ(parse_csv("a,b\n5,1\n", second, "a.csv").labels, std::vector<std::int32_t>{1});
  // A name goes before a number.
  EXPECT_EQ(parse_csv("1,b\n0,9\n", second, "a.csv").labels, std::vector<std::int32_t>{0});
}

TEST(CsvTest, QuotesLineEndsAndMarksFollowRfc4180) {
  const std::string text =
      "\xEF\xBB\xBF\"a, \"\"quoted\"\"\nname\",label\r\n\r\n\"1.5\",\"two, three\"\r\n 2 ,one";
  const Dataset data = parse_csv(text, kLabel, "a.csv");
  EXPECT_EQ(floats(data.x), (std::vector<float>{1.5f, 2}));
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{1, 0}));
}

TEST(CsvTest, LabelsAreNumberedAsTheContractSays) {
  EXPECT_EQ(labels_of("3 0 3"), (std::vector<std::int32_t>{3, 0, 3}));
  EXPECT_EQ(labels_of("1 -1 1"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("-1 -10 5"), (std::vector<std::int32_t>{1, 0, 2}));
  EXPECT_EQ(labels_of("dog cat dog"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("1 01 -2"), (std::vector<std::int32_t>{1, 1, 0}));
  EXPECT_EQ(labels_of("x 10 9"), (std::vector<std::int32_t>{2, 1, 0}));
}

TEST(CsvTest, NumbersDoNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  // Present on few machines; where it is, a decimal comma must change nothing.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  EXPECT_EQ(floats(parse_csv("y,a\n0.5,1.25\n", kTarget, "a.csv").x), std::vector<float>{1.25f});
  std::setlocale(LC_ALL, before.c_str());
}

TEST(CsvTest, ErrorsNameLineAndColumn) {
  EXPECT_EQ(csv_error("a,label\n1,0\nx,0\n"), "a.csv: line 3, column 'a': 'x', expected a number");
  EXPECT_EQ(csv_error("a,label\n1,0\n,0\n"), "a.csv: line 3, column 'a': empty, expected a number");
  EXPECT_EQ(csv_error("a,label\n1 2,0\n"), "a.csv: line 2, column 'a': '1 2', expected a number");
  EXPECT_EQ(csv_error("a,label\n\"1\n\",0\n"),
            "a.csv: line 2, column 'a': '1?', expected a number");
  for (const std::string bad : {"nan", "inf", "-inf", "1e39"}) {
    EXPECT_EQ(
        csv_error("a,label\n" + bad + ",0\n"),
        "a.csv: line 2, column 'a': '" + bad + "', expected a finite number of the range of float");
  }
  EXPECT_EQ(csv_error("a,label\n1e400,0\n"),
            "a.csv: line 2, column 'a': '1e400', expected a finite number of the range of float");
  EXPECT_EQ(csv_error("a,label\n1,\n"), "a.csv: line 2, column 'label': empty, expected a class");
  EXPECT_EQ(csv_error("a,label\n1,0.5\n"),
            "a.csv: line 2, column 'label': '0.5', expected an integer or a word as label (target= "
            "is for "
            "numbers)");
  EXPECT_EQ(csv_error("a,label\n1,1048576\n"),
            "a.csv: line 2, column 'label': '1048576', expected a class below 1048576");
  EXPECT_EQ(csv_error("y,a\nnan,1\n", kTarget),
            "a.csv: line 2, column 'y': 'nan', expected a finite number of the range of float");
  EXPECT_EQ(csv_error("a,label\n" + std::string(50, 'x') + ",0\n"),
            "a.csv: line 2, column 'a': '" + std::string(40, 'x') + "'..., expected a number");
}

TEST(CsvTest, ErrorsOfFormSayTheLine) {
  EXPECT_EQ(csv_error(""), "a.csv: is empty, expected a header line");
  EXPECT_EQ(csv_error("a,label\n"), "a.csv: has no line after the header, expected samples");
  EXPECT_EQ(csv_error("label\n1\n"),
            "a.csv: line 1: one column, expected features and what is to be learned");
  EXPECT_EQ(csv_error("a,b\n1,2\n"),
            "a.csv: line 1: has no column 'label', expected one of its 2 names or 0 to 1");
  EXPECT_EQ(csv_error("a,b\n1,2\n", {.column = "2", .is_classification = true}),
            "a.csv: line 1: has no column '2', expected one of its 2 names or 0 to 1");
  EXPECT_EQ(csv_error("label,label\n1,2\n"),
            "a.csv: line 1: 2 columns are called 'label', expected one");
  EXPECT_EQ(csv_error("a,label\n1,0\n1,0,3\n"),
            "a.csv: line 3: 3 fields, expected 2 as in the header");
  EXPECT_EQ(csv_error("a,label\n\n\n\"1,0\n"), "a.csv: line 4: a quote that is never closed");
  EXPECT_EQ(csv_error("a,label\n1\"2\",0\n"),
            "a.csv: line 2: a quote inside a plain field, expected the whole field in quotes");
  EXPECT_EQ(csv_error("a,label\n\"1\"2,0\n"),
            "a.csv: line 2: text after a closing quote, expected a comma");
}

TEST(CsvTest, FilesAreReadFromDisk) {
  const TempDir dir;
  EXPECT_EQ(read_csv(dir.write("a.csv", "a,label\n1,0\n"), kLabel).size(), 1);
  EXPECT_EQ(message_of<DataError>([&] { read_csv(dir.file("b.csv"), kLabel); }),
            dir.file("b.csv") + ": no such file");
  EXPECT_EQ(message_of<DataError>([&] { read_csv(dir.path(), kLabel); }),
            dir.path() + ": not a regular file");
}

}  // namespace
}  // namespace plumb
