// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/other_data.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::message_of;
using testing::TempDir;

std::vector<float> floats(const Tensor& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

/// A training table: a number, a yes, a word, a row number, and a class.
std::string training_table() {
  std::string text = "id,size,wet,site,kind\n";
  for (int i = 1; i <= 12; ++i) {
    text += std::to_string(i) + "," + std::to_string(5 * i % 13) + (i % 2 == 0 ? ",yes" : ",no") +
            (i % 3 == 0 ? ",south" : ",north") + (i % 2 == 0 ? ",big" : ",small") + "\n";
  }
  return text;
}

class OtherDataTest : public ::testing::Test {
 protected:
  OtherDataTest() { folder_.write("train.csv", training_table()); }

  std::string file(const std::string& name, const std::string& text) {
    return "csv:" + folder_.write(name, text);
  }
  OtherData load(const std::string& text, LabelUse labels = LabelUse::optional) {
    return load_other(text, training_, options_, labels);
  }

  TempDir folder_;
  std::string training_ = "csv:" + folder_.file("train.csv") + "?label=kind";
  DataOptions options_{.validation_fraction = 0};
};

TEST_F(OtherDataTest, ATableWithoutTheLabelIsReadAsTheTrainingWas) {
  // One row shows no header, no words and no yes: the training does.
  const OtherData other = load(file("new.csv", "site,id,size,wet\nnorth,77,2.5,yes\n"));
  EXPECT_FALSE(other.is_labelled);
  EXPECT_EQ(floats(other.data.x), (std::vector<float>{2.5f, 1, 1, 0}));
  EXPECT_EQ(other.data.class_names, (std::vector<std::string>{"big", "small"}));
  EXPECT_EQ(other.data.classes, 2);
}

TEST_F(OtherDataTest, ALabelIsUsedWhereTheTableHasIt) {
  const OtherData other = load(file("new.csv", "size,wet,site,kind\n1,no,south,small\n"));
  EXPECT_TRUE(other.is_labelled);
  EXPECT_EQ(other.data.labels, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(floats(other.data.x), (std::vector<float>{1, 0, 0, 1}));
}

TEST_F(OtherDataTest, NoSampleIsLeftOutWhereLabelsAreOptional) {
  const std::string text = "size,wet,site,kind\n,no,south,small\n3,1,east,\n";
  const OtherData other = load(file("new.csv", text));
  EXPECT_FALSE(other.is_labelled);
  // The mean of the training for the gap, 1 for yes, and nothing for a word that it had not.
  EXPECT_EQ(floats(other.data.x), (std::vector<float>{6.5f, 0, 0, 1, 3, 1, 0, 0}));
  EXPECT_NE(other.data.notes.back().find("1 row without what was learned"), std::string::npos);
  EXPECT_NE(other.data.notes[1].find("'east', which the training had not"), std::string::npos);
  // Where they are required, the row goes.
  EXPECT_EQ(load(file("new.csv", text), LabelUse::required).data.size(), 1);
}

TEST_F(OtherDataTest, AnUnknownClassIsAnErrorOnlyWhereLabelsAreRequired) {
  const std::string text = file("new.csv", "size,wet,site,kind\n1,no,south,huge\n");
  EXPECT_FALSE(load(text).is_labelled);
  const auto message = message_of<DataError>([&] { load(text, LabelUse::required); });
  EXPECT_NE(message.find("has the class 'huge', expected those of the training data: big, small"),
            std::string::npos)
      << message;
}

TEST_F(OtherDataTest, AMissingFeatureIsNamed) {
  const std::string text = file("new.csv", "size,wet\n1,no\n");
  const auto message = message_of<DataError>([&] { load(text); });
  EXPECT_NE(message.find("has no column site, which the network was trained on"), std::string::npos)
      << message;
  const std::string unlabelled = file("new.csv", "size,wet,site\n1,no,south\n");
  EXPECT_NE(
      message_of<DataError>([&] { load(unlabelled, LabelUse::required); }).find("no column 'kind'"),
      std::string::npos);
}

TEST_F(OtherDataTest, WithoutHeadersColumnsAreFoundByPlace) {
  std::string text;
  for (int i = 0; i < 12; ++i)
    text += std::to_string(i) + ".5," + (i % 2 == 0 ? "a" : "b") + ",7\n";
  folder_.write("train.csv", text);
  training_ = "csv:" + folder_.file("train.csv") + "?label=1";
  EXPECT_EQ(floats(load(file("new.csv", "3.5,8\n")).data.x), (std::vector<float>{3.5f, 8}));
  const OtherData labelled = load(file("new.csv", "3.5,b,8\n"));
  EXPECT_EQ(labelled.data.labels, (std::vector<std::int32_t>{1}));
}

TEST_F(OtherDataTest, ASingleColumnIsATable) {
  std::string text = "size,price\n";
  for (int i = 0; i < 12; ++i) text += std::to_string(i * i) + "," + std::to_string(3 * i) + "\n";
  folder_.write("train.csv", text);
  training_ = "csv:" + folder_.file("train.csv") + "?target=price";
  const OtherData other = load(file("new.csv", "size\n5\n6\n"));
  EXPECT_FALSE(other.is_labelled);
  EXPECT_EQ(floats(other.data.x), (std::vector<float>{5, 6}));
  EXPECT_EQ(other.data.y.shape(), (Shape{2, 1}));
}

TEST_F(OtherDataTest, InputsAreStandardisedByTheTraining) {
  options_.standardise = true;
  const OtherData other = load(file("new.csv", "size,wet,site\n6.5,no,south\n"));
  EXPECT_FLOAT_EQ(other.data.x.as<float>()[0], 0);
  EXPECT_FALSE(other.is_labelled);
}

TEST_F(OtherDataTest, ArraysNeedNoY) {
  const Tensor x({3, 2}, DType::f32);
  const std::string path = folder_.file("x.npz");
  const std::vector<std::pair<std::string, ConstView>> arrays{{"x", x.view()}};
  write_npz(path, arrays);
  training_ = "spirals?n=20";
  const OtherData other = load("npz:" + path);
  EXPECT_FALSE(other.is_labelled);
  EXPECT_EQ(other.data.labels.size(), 3u);
  EXPECT_EQ(other.data.classes, 2);
  EXPECT_THROW(load("npz:" + path, LabelUse::required), DataError);
}

TEST_F(OtherDataTest, WithoutATrainingTheDataStandForThemselves) {
  training_ = "";
  const OtherData other = load(file("new.csv", "size,wet\n1,no\n2,yes\n,yes\n"));
  EXPECT_FALSE(other.is_labelled);
  EXPECT_EQ(floats(other.data.x), (std::vector<float>{1, 0, 2, 1, 1.5f, 1}));
  EXPECT_TRUE(load(file("new.csv", "size,k\n1,a\n2,b\n") + "?label=k").is_labelled);
}

}  // namespace
}  // namespace plumb
