// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cmath>

#include "plumb/core/error.h"
#include "tests/data/idx_files.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::gzip;
using testing::message_of;
using testing::TempDir;

const CsvOptions kLabel{.label = "label"};
const CsvOptions kTarget{.target = "y"};

std::vector<float> floats(const Tensor& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

Dataset parse(const std::string& text, const CsvOptions& options = kLabel) {
  return parse_csv(text, options, "a.csv");
}

std::vector<float> inputs(const std::string& text, const CsvOptions& options = kLabel) {
  return floats(parse(text, options).x);
}

std::vector<std::int32_t> labels_of(const std::string& column) {
  std::string text = "a,label\n";
  for (const char c : column) {
    text += c == ' '               ? std::string("\n")
            : text.ends_with('\n') ? std::string("1,") + c
                                   : std::string(1, c);
  }
  return parse(text).labels;
}

std::string csv_error(const std::string& text, const CsvOptions& options = kLabel) {
  return message_of<DataError>([&] { parse(text, options); });
}

/// The one note of a table; `part` of it is looked for.
void expect_note(const std::string& text, const CsvOptions& options, const std::string& part) {
  const Dataset data = parse(text, options);
  ASSERT_EQ(data.notes.size(), 1u);
  EXPECT_NE(data.notes[0].find(part), std::string::npos) << data.notes[0];
  EXPECT_EQ(data.notes[0].find('\n'), std::string::npos);
}

TEST(CsvTest, FeaturesAreAllOtherColumns) {
  const Dataset data = parse("a,label,b\n1,0,-2.5\n+3,2,1e-3\n");
  EXPECT_EQ(data.x.shape(), (Shape{2, 2}));
  EXPECT_EQ(floats(data.x), (std::vector<float>{1, -2.5f, 3, 1e-3f}));
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(data.classes, 3);
  EXPECT_EQ(data.columns, (std::vector<std::string>{"a", "b"}));
}

TEST(CsvTest, TargetColumnsMakeARegression) {
  const Dataset one = parse("y,a\n0.5,1\n-1,2\n", kTarget);
  EXPECT_EQ(one.classes, 0);
  EXPECT_TRUE(one.labels.empty());
  EXPECT_EQ(one.y.shape(), (Shape{2, 1}));
  EXPECT_EQ(floats(one.y), (std::vector<float>{0.5f, -1}));
  const Dataset two = parse("y,a,\"z, m\"\n1,2,3\n4,5,6\n", {.target = "z, m,y"});
  EXPECT_EQ(floats(two.y), (std::vector<float>{3, 1, 6, 4}));
  EXPECT_EQ(floats(two.x), (std::vector<float>{2, 5}));
  // Zero and one for binary_cross_entropy with one output, however they are written.
  EXPECT_EQ(floats(parse("y,a\nyes,1\nno,2\n", kTarget).y), (std::vector<float>{1, 0}));
}

TEST(CsvTest, AColumnMayBeANumber) {
  EXPECT_EQ(parse("a,b\n5,1\n", {.label = "1"}).x.as<float>()[0], 5.0f);
  EXPECT_EQ(parse("a,b\n5,1\n6,0\n", {.label = "-1"}).labels, (std::vector<std::int32_t>{1, 0}));
  // A name goes before a number.
  EXPECT_EQ(parse("1,b\n0,9\n", {.label = "1"}).x.as<float>()[0], 9.0f);
  // Signs that a --data text needs for itself.
  EXPECT_EQ(parse("a&b,c\n1,2\n0,3\n", {.label = "a%26b"}).classes, 2);
}

TEST(CsvTest, QuotesLineEndsAndMarksFollowRfc4180) {
  const std::string text =
      "\xEF\xBB\xBF\"a, \"\"quoted\"\"\nname\",label\r\n\r\n\"1.5\",\"two, three\"\r\n 2 ,one";
  const Dataset data = parse(text);
  EXPECT_EQ(floats(data.x), (std::vector<float>{1.5f, 2}));
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(data.columns[0], "a, \"quoted\"\nname");
}

TEST(CsvTest, QuotesAreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse("a,label\n1, \"x, y\"\n2, \"z\"\n").class_names,
            (std::vector<std::string>{"x, y", "z"}));
  EXPECT_EQ(parse("a,label\n1,5\" pipe\n2,z\n").class_names[0], "5\" pipe");
}

TEST(CsvTest, LabelsAreNumberedAsTheContractSays) {
  EXPECT_EQ(labels_of("3 0 3"), (std::vector<std::int32_t>{3, 0, 3}));
  EXPECT_EQ(labels_of("5 1 3"), (std::vector<std::int32_t>{2, 0, 1}));
  EXPECT_EQ(labels_of("1 -1 1"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("-1 -10 5"), (std::vector<std::int32_t>{1, 0, 2}));
  EXPECT_EQ(labels_of("dog cat dog"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("1 01 -2"), (std::vector<std::int32_t>{1, 1, 0}));
  EXPECT_EQ(labels_of("x 10 9"), (std::vector<std::int32_t>{2, 1, 0}));
  EXPECT_EQ(labels_of("2.0 1.0 2"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("True False True"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("- + -"), (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(labels_of("0 90210 0"), (std::vector<std::int32_t>{0, 1, 0}));
  EXPECT_EQ(parse("a,label\n1,0\n2,3\n").class_names,
            (std::vector<std::string>{"0", "1", "2", "3"}));
}

TEST(CsvTest, NumbersDoNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  // Present on few machines; where it is, a decimal comma must change nothing.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  EXPECT_EQ(inputs("y,a\n0.5,1.25\n", kTarget), std::vector<float>{1.25f});
  std::setlocale(LC_ALL, before.c_str());
}

TEST(CsvTest, TheSeparatorIsFoundOut) {
  const std::vector<float> expected{1, 2, 3, 4};
  for (const std::string sep : {",", ";", "\t", "|", " ", "   "}) {
    const std::string text =
        "a" + sep + "b" + sep + "label\n1" + sep + "2" + sep + "x\n3" + sep + "4" + sep + "y\n";
    EXPECT_EQ(inputs(text), expected) << sep;
  }
  EXPECT_EQ(inputs("sep=;\na;b;label\n1;2;x\n3;4;y\n"), expected);
  EXPECT_EQ(inputs("a:b:label\n1:2:x\n3:4:y\n", {.label = "label", .separator = ':'}), expected);
  // Names with blanks, words with commas.
  EXPECT_EQ(inputs("a m;b m;label\n1;2;x, y\n3;4;z, y\n"), expected);
  EXPECT_EQ(inputs("# made by hand\n# a b label\n1 2 0\n3 4 1\n"), expected);
}

TEST(CsvTest, DecimalCommasAndGroupsAreFoundOut) {
  EXPECT_EQ(inputs("a;label\n1,5;0\n-2,25e1;1\n"), (std::vector<float>{1.5f, -22.5f}));
  EXPECT_EQ(inputs("a;label\n1.234,5;0\n2;1\n"), (std::vector<float>{1234.5f, 2}));
  EXPECT_EQ(inputs("a,label\n\"1,5\",0\n\"2,25\",1\n"), (std::vector<float>{1.5f, 2.25f}));
  EXPECT_EQ(inputs("a,label\n\"1,234.5\",0\n\"1,234,567\",1\n"),
            (std::vector<float>{1234.5f, 1234567}));
  // 1,234 alone: decimals in a table of semicolons, a group between commas; or as told.
  EXPECT_EQ(inputs("a;label\n1,234;0\n5,678;1\n"), (std::vector<float>{1.234f, 5.678f}));
  EXPECT_EQ(inputs("a,label\n\"1,234\",0\n\"5,678\",1\n"), (std::vector<float>{1234, 5678}));
  EXPECT_EQ(inputs("a;label\n1,234;0\n5,678;1\n", {.label = "label", .decimal = '.'}),
            (std::vector<float>{1234, 5678}));
}

TEST(CsvTest, NumbersMayBeDressed) {
  EXPECT_EQ(inputs("a,label\n12 %,0\n50%,1\n"), (std::vector<float>{0.12f, 0.5f}));
  EXPECT_EQ(inputs("a,label\n$3.5,0\n-$1,1\n"), (std::vector<float>{3.5f, -1}));
  EXPECT_EQ(inputs("a;label\n7,50 \xE2\x82\xAC;0\n1\xC2\xA0"
                   "000,5 \xE2\x82\xAC;1\n"),
            (std::vector<float>{7.5f, 1000.5f}));
  EXPECT_EQ(inputs("a,label\n\xE2\x88\x92"
                   "2,0\n.5,1\n"),
            (std::vector<float>{-2, 0.5f}));
}

TEST(CsvTest, TheHeaderIsFoundOut) {
  EXPECT_EQ(inputs("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n", {.label = "2"}),
            (std::vector<float>{5.1f, 3.5f, 4.9f, 3.0f, 6.2f, 2.9f}));
  EXPECT_EQ(inputs("0,1,2\n5,6,1\n7,8,0\n", {.label = "2"}), (std::vector<float>{5, 6, 7, 8}));
  EXPECT_EQ(inputs("3,1\n5,0\n", {.label = "1"}), (std::vector<float>{3, 5}));
  EXPECT_EQ(inputs("3,1\n5,0\n", {.label = "1", .header = true}), std::vector<float>{5});
  // Words alone: names are different from one another and do not stand in their column again.
  EXPECT_EQ(parse("p,x,p\nq,x,p\np,y,q\nq,y,q\n", {.label = "0"}).size(), 4);
  EXPECT_EQ(parse("cap,odour,kind\nq,x,p\np,y,q\nq,y,q\np,x,p\n", {.label = "kind"}).size(), 4);
  // An empty name of row names, whatever the other names.
  EXPECT_EQ(parse("\"\",1990,1995\nx,1,2\ny,3,4\n", {.label = "1995"}).x.shape(), (Shape{2, 1}));
  // Names in single quotes.
  EXPECT_EQ(parse("'a' 'kind'\n1 2\n3 4\n", {.label = "kind"}).columns,
            std::vector<std::string>{"a"});
  // A header that nothing but the label's name gives away.
  EXPECT_EQ(parse("1990,1991,kind\n1,2,kind\n3,4,b\n", {.label = "kind"}).size(), 2);
}

TEST(CsvTest, AFirstLineOfCountsIsKnown) {
  const Dataset data = parse("3,2,setosa,virginica\n5,3,0\n6,2,1\n7,1,0\n", {.label = "-1"});
  EXPECT_EQ(data.x.shape(), (Shape{3, 2}));
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"setosa", "virginica"}));
  EXPECT_EQ(data.columns, (std::vector<std::string>{"0", "1"}));
}

TEST(CsvTest, RowNamesSeparatorsAtTheEndAndLinesInFrontArePassedOver) {
  const std::vector<float> expected{1, 2, 3, 4};
  EXPECT_EQ(inputs("a,b,label\nfirst,1,2,x\nsecond,3,4,y\nthird,1,2,x\n"),
            (std::vector<float>{1, 2, 3, 4, 1, 2}));
  EXPECT_EQ(inputs("a,b,label,\n1,2,x,\n3,4,y,\n"), expected);
  EXPECT_EQ(inputs("a,b,label\n1,2,x,\n3,4,y,\n"), expected);
  EXPECT_EQ(
      inputs("Survey of 2024\nall rows\na,b,label\n1,2,x\n3,4,y\n", {.label = "label", .skip = 2}),
      expected);
  const std::string titled = "Survey of 2024\n\nall rows\na;b;label\n1;2;x\n3;4;y\n";
  EXPECT_EQ(inputs(titled), expected);
  expect_note(titled, kLabel, "semicolons, header (after 2 lines of title); 2 rows");
  EXPECT_EQ(csv_error("Title\na,b,label\n1,2,0\n3,4,1\nTotal\n"),
            "a.csv: line 5: 1 field, expected 3 as in the header");
}

TEST(CsvTest, TitleCommentAndSeparatorArePassedOverInAnyOrderAndNumber) {
  const std::vector<float> expected{1, 2, 3, 4};
  const std::string title = "Survey of 2024, all rows\n", comment = "# made by hand\n",
                    sign = "sep=;\r\n", table = "a;b;label\n1;2;x\n3;4;y\n";
  std::vector<std::string> front{title, comment, sign};
  std::ranges::sort(front);
  do {
    const std::string text = front[0] + front[1] + front[2] + table;
    EXPECT_EQ(inputs(text), expected) << text;
    expect_note(text, kLabel, "semicolons, header (after 1 line of title); 2 rows");
    EXPECT_EQ(inputs(front[0] + front[1] + front[1] + "\n" + front[2] + table), expected) << text;
  } while (std::ranges::next_permutation(front).found);
  EXPECT_EQ(inputs("Survey\n# one\nall rows\n# two\na,b,label\n1,2,x\n3,4,y\n"), expected);
  EXPECT_EQ(inputs("\"sep=;\"\n" + table), expected);
  std::string long_front;
  for (int i = 0; i < 120; ++i) long_front += "# line\n";
  EXPECT_EQ(inputs(long_front + "Survey\n" + comment + table), expected);
  EXPECT_EQ(csv_error("a,b,label\n1,2,0\nsep=;\n3,4,1\n"),
            "a.csv: line 3: 1 field, expected 3 as in the header");
}

TEST(CsvTest, WordsBecomeOneHotColumns) {
  const Dataset data = parse("a,site,label\n1,north,0\n2,south,1\n3,north,0\n4,NA,1\n");
  EXPECT_EQ(data.columns, (std::vector<std::string>{"a", "site=north", "site=south"}));
  EXPECT_EQ(floats(data.x), (std::vector<float>{1, 1, 0, 2, 0, 1, 3, 1, 0, 4, 0, 0}));
  EXPECT_EQ(inputs("a,m,label\n1,yes,0\n2,No,1\n"), (std::vector<float>{1, 1, 2, 0}));
}

TEST(CsvTest, WhatIsNoFeatureIsDropped) {
  const std::string text =
      "id,name,born,empty,a,label\n1,Ann,2000-01-31,,5,0\n2,Bob,1999-12-01,,6,1\n"
      "3,Cid,1998-12-01,,7,1\n";
  EXPECT_EQ(inputs(text), (std::vector<float>{5, 6, 7}));
  expect_note(text, kLabel,
              "dropped id (row numbers), name (3 different words: encode=name), "
              "born (dates), empty (no cell is filled)");
  for (const std::string date :
       {"31.1.2024", "1/31/24", "2024-01-31T10:00:00Z", "Jan 31 2024", "31 January 2024", "2024-01",
        "10:30", "Jan 1 2000 10:00 AM", "1974Q1"}) {
    EXPECT_EQ(inputs("a,when,label\n1," + date + ",0\n2," + date + ",1\n"),
              (std::vector<float>{1, 2}))
        << date;
  }
  // Ten rows that count, whatever their name, are no feature; two are.
  std::string counted = "k,a,label\n";
  for (int i = 0; i < 10; ++i) counted += std::to_string(i) + ",7.5,1\n";
  EXPECT_EQ(parse(counted).x.shape(), (Shape{10, 1}));
}

TEST(CsvTest, OptionsChooseTheColumns) {
  const std::string text = "id,a,b,site,label\n1,5,6,n,0\n2,7,8,s,1\n";
  EXPECT_EQ(inputs(text, {.label = "label", .drop = "b"}), (std::vector<float>{5, 7}));
  EXPECT_EQ(inputs(text, {.label = "label", .only = "b,id"}), (std::vector<float>{1, 6, 2, 8}));
  EXPECT_EQ(inputs(text, {.label = "label", .drop = "b,a", .encode = "site"}),
            (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(inputs(text, {.label = "label", .only = "a", .encode = "a"}),
            (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(parse("a,s,label\n1,x,0\n2,y,0\n3,x,1\n4,y,1\n", {.label = "label", .encode = "none"})
                .columns,
            std::vector<std::string>{"a"});
}

TEST(CsvTest, MissingNumbersAreTreatedAsAsked) {
  const std::string text = "a,b,label\n1,NA,0\n,5,1\n-999,7,0\n2,8,\n";
  const std::vector<float> filled = inputs(text);
  ASSERT_EQ(filled.size(), 6u);  // the row without a label is gone
  EXPECT_TRUE(std::isnan(filled[1]) && std::isnan(filled[2]));
  EXPECT_EQ(filled[4], -999.0f);
  EXPECT_EQ(inputs(text, {.label = "label", .na = "zero,-999"}),
            (std::vector<float>{1, 0, 0, 5, 0, 7}));
  EXPECT_EQ(inputs(text, {.label = "label", .na = "drop"}), (std::vector<float>{-999, 7}));
  for (const std::string word : {"", "NA", "N/A", "nan", "NULL", "?", "-", ".", "#DIV/0!"}) {
    EXPECT_TRUE(std::isnan(inputs("a,label\n1,0\n" + word + ",1\n")[1])) << word;
  }
}

TEST(CsvTest, TheNoteSaysWhatTheFileWasTakenFor) {
  expect_note(
      "\xEF\xBB\xBFid;\"age, years\";kg;site;outcome\r\n1;20;55,5;n;1\r\n2;30;NA;s;2\r\n"
      "3;40;60,5;n;5\r\n4;50;61,5;s;2\r\n",
      {.label = "outcome"},
      "a.csv: semicolons, decimal commas, header; 4 rows; 4 inputs from 'age, years', kg, site "
      "(one-hot: n, s); missing: kg (1), filled with the mean of the training part; dropped id "
      "(row numbers); "
      "label outcome: 3 classes, 1, 2, 5 as 0 to 2");
  expect_note("a,b,y\n1,3,7\n1,4,8\n", kTarget,
              "commas, header; 2 rows; 2 inputs from a, b; the same number everywhere in a; target "
              "y");
  expect_note("a,s,label\n1,x,0\n-,y,1\n2,x,0\n3,,1\n3,y,1\n", {.label = "label", .na = "zero"},
              "missing: a (1), filled with 0; missing: s (1), 0 in all its inputs; label");
  expect_note(
      "5,6,7,0\n3,4,8,1\n", {.label = "-1"},
      "commas, no header; 2 rows; 3 inputs from columns 0 to 2; label column 3: 2 classes, 0 "
      "to 1");
  expect_note("a,label\n1,0\n2,\n", kLabel,
              "1 row (1 more dropped: what is to be learned is missing)");
}

std::string utf16(const std::string& ascii, bool big_endian) {
  std::string text;
  for (const char c : ascii) {
    text += big_endian ? '\0' : c;
    text += big_endian ? c : '\0';
  }
  return text;
}

TEST(CsvTest, EncodingsAreFoundOut) {
  const std::string text = "a,label\n1.5,x\n2.5,y\n";
  const std::vector<float> expected{1.5f, 2.5f};
  EXPECT_EQ(inputs("\xFF\xFE" + utf16(text, false)), expected);
  EXPECT_EQ(inputs("\xFE\xFF" + utf16(text, true)), expected);
  EXPECT_EQ(inputs(utf16(text, false)), expected);
  EXPECT_EQ(inputs(utf16(text, true)), expected);
  EXPECT_EQ(inputs(gzip(text)), expected);
  EXPECT_EQ(inputs("a,label\r1.5,x\r2.5,y\r"), expected);
  // Windows-1252: an e with acute accent, and the euro sign.
  EXPECT_EQ(parse("a,label\n1,caf\xE9\n2,\x80\n").class_names,
            (std::vector<std::string>{"caf\xC3\xA9", "\xE2\x82\xAC"}));
}

TEST(CsvTest, ErrorsNameLineAndColumn) {
  const std::string numbers = "a,label\n1,0\n2,0\n3,0\n4,1\n";
  EXPECT_EQ(csv_error(numbers + "x,0\n"),
            "a.csv: line 6, column 'a': 'x', expected a number (na=x takes it as missing, encode=a "
            "makes categories, drop=a leaves the column out)");
  for (const std::string bad : {"inf", "-inf", "1e39", "1e400"}) {
    EXPECT_EQ(csv_error(numbers + bad + ",0\n"),
              "a.csv: line 6, column 'a': '" + bad +
                  "', expected a finite number of the range of float (na=" + bad +
                  " takes it as missing)");
  }
  EXPECT_EQ(csv_error("a,label\n1,0.5\n"),
            "a.csv: line 2, column 'label': '0.5', expected an integer or a word as label (target= "
            "is for numbers)");
  EXPECT_EQ(csv_error("y,a\nlow,1\nhigh,2\n", kTarget),
            "a.csv: line 2, column 'y': 'low', expected a number; label= is for classes");
  EXPECT_EQ(csv_error("y,a\n1,1\n2,1\n3,1\n" + std::string(50, 'x') + ",2\n", kTarget),
            "a.csv: line 5, column 'y': '" + std::string(40, 'x') +
                "'..., expected a number; label= is for classes");
}

TEST(CsvTest, ErrorsOfFormSayTheLine) {
  EXPECT_EQ(csv_error(""), "a.csv: is empty, expected a table");
  EXPECT_EQ(csv_error("\n\r\n"), "a.csv: is empty, expected a table");
  EXPECT_EQ(csv_error("a,label\n"), "a.csv: has no line after the header, expected samples");
  EXPECT_EQ(csv_error("label\n1\n"),
            "a.csv: line 1: one column in lines cut at commas, expected features and what is to be "
            "learned (sep= sets the separator, skip= passes over lines in front)");
  EXPECT_EQ(csv_error("a,label\n1,0\n1,0,3\n"),
            "a.csv: line 3: 3 fields, expected 2 as in the header");
  EXPECT_EQ(csv_error("1,2,3\n1,0,3\n1,0\n", {.label = "0"}),
            "a.csv: line 3: 2 fields, expected 3 as in most lines");
  EXPECT_EQ(csv_error("a,label\n\n\n\"1,0\n"), "a.csv: line 4: a quote that is never closed");
  EXPECT_EQ(csv_error("a,label\n\"1\"2,0\n"),
            "a.csv: line 2: text after a closing quote, expected a separator");
}

TEST(CsvTest, AColumnThatIsNotThereIsAnErrorWithTheNearestName) {
  EXPECT_EQ(
      csv_error("length,species\n1,2\n", {.label = "Speices"}),
      "a.csv: has no column 'Speices' (did you mean 'species'?), expected 'length', 'species' "
      "or a number from 0 to 1");
  EXPECT_EQ(csv_error("a,b\n1,2\n", {.label = "2"}),
            "a.csv: has no column '2', expected 'a', 'b' or a number from 0 to 1");
  EXPECT_EQ(csv_error("a,b\n1,2\n", {.label = "b", .drop = "a,zebra"}),
            "a.csv: has no column 'zebra', expected 'a', 'b' or a number from 0 to 1");
  EXPECT_EQ(csv_error("label,label\n1,2\n"),
            "a.csv: 2 columns are called 'label', expected one: give its number");
  EXPECT_EQ(parse("label,label,a\n1,2,3\n", {.label = "1"}).x.shape(), (Shape{1, 2}));
  EXPECT_EQ(csv_error("a,b\n1,2\n", {}),
            "a.csv: no column to learn, expected ?label=COLUMN (classes) or ?target=COLUMN "
            "(numbers) with one of 'a', 'b'");
}

TEST(CsvTest, WithoutFeaturesOrRowsTheMessageSaysWhy) {
  EXPECT_EQ(csv_error("when,label\n2024-01-01,0\n2024-01-02,1\n"),
            "a.csv: no column is left as feature, expected one or more; dropped: when (dates) "
            "(only= keeps numbers, encode= anything)");
  EXPECT_EQ(csv_error("when,label\n2024-01-01,0\n", {.label = "label", .only = "when"}),
            "a.csv: column 'when' holds dates, expected numbers or words as feature");
  EXPECT_EQ(
      csv_error("a,label\n1,NA\n2,\n"),
      "a.csv: no row is left, expected one or more: 2 lack what is to be learned, 0 a feature");
  EXPECT_EQ(csv_error("a,n,label\n1,x,0\n2,y,1\n", {.label = "label", .only = "n"}),
            "a.csv: column 'n' holds 2 different words, expected numbers or few words (encode=n "
            "makes each an input) as feature");
}

TEST(CsvTest, OtherFilesAreNamed) {
  EXPECT_EQ(csv_error("PK\x03\x04"),
            "a.csv: is a zip archive or a spreadsheet (xlsx), expected a text table: save it as "
            "CSV (pandas: read it, then to_csv)");
  EXPECT_EQ(csv_error(std::string("a,b\n1,\0\n", 8)),
            "a.csv: holds a zero byte at 6, expected a text table");
  EXPECT_EQ(csv_error("\xFF\xFE"
                      "a"),
            "a.csv: UTF-16 text of 3 bytes, expected pairs of bytes");
  EXPECT_EQ(csv_error(std::string("\xFF\xFE\x00\xDC"
                                  "a\0",
                                  6)),
            "a.csv: half a surrogate pair at byte 2, expected UTF-16 text");
  const std::string packed = gzip("a,label\n1,0\n2,1\n");
  EXPECT_EQ(csv_error(packed.substr(0, 20)), "a.csv: compressed data is truncated after 20 bytes");
}

TEST(CsvTest, FilesAreReadFromDisk) {
  const TempDir dir;
  EXPECT_EQ(read_csv(dir.write("a.csv", "a,label\n1,0\n"), kLabel).size(), 1);
  EXPECT_EQ(message_of<DataError>([&] { read_csv(dir.file("b.csv"), kLabel); }),
            dir.file("b.csv") + ": no such file");
  EXPECT_EQ(
      message_of<DataError>([&] { read_csv(dir.path(), kLabel); }),
      dir.path() + ": not a regular file, expected one (what a pipe gives has to be saved first)");
}

}  // namespace
}  // namespace plumb
