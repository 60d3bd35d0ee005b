// SPDX-License-Identifier: Apache-2.0
// Data sets whose members do not belong together are refused where they enter.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::message_of;

static_assert(
    !std::is_constructible_v<BatchIterator, Dataset&&, std::int64_t, bool, std::uint64_t>);
static_assert(
    !std::is_constructible_v<BatchIterator, const Dataset&&, std::int64_t, bool, std::uint64_t>);
static_assert(
    std::is_constructible_v<BatchIterator, const Dataset&, std::int64_t, bool, std::uint64_t>);

Dataset classes_of_ten() {
  Dataset data;
  data.name = "ten";
  data.classes = 3;
  data.x = Tensor(Shape{10, 2}, DType::f32);
  data.labels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
  return data;
}

Dataset values_of_ten() {
  Dataset data;
  data.name = "ten";
  data.x = Tensor(Shape{10, 2}, DType::f32);
  data.y = Tensor(Shape{10, 1}, DType::f32);
  return data;
}

struct Case {
  std::string message;  ///< after the name
  std::function<void(Dataset&)> spoil;
};

/// Whatever takes a data set refuses it with this message.
void expect_refused(const Dataset& data, const std::string& message) {
  SCOPED_TRACE(message);
  EXPECT_EQ(message_of<DataError>([&] { check_dataset(data); }), message);
  EXPECT_EQ(message_of<DataError>([&] { BatchIterator(data, 4, true, 1); }), message);
  EXPECT_EQ(message_of<DataError>([&] { data.select({9}); }), message);
  EXPECT_EQ(message_of<DataError>([&] { split_dataset(data, {}); }), message);
}

TEST(CheckDatasetTest, ClassesHaveTheirLabels) {
  const Case cases[] = {
      {"7 labels, expected 1 for each of 10 samples", [](Dataset& d) { d.labels.resize(7); }},
      {"0 labels, expected 1 for each of 10 samples", [](Dataset& d) { d.labels.clear(); }},
      {"10 labels, expected 3 for each of 10 samples", [](Dataset& d) { d.labels_per_sample = 3; }},
      {"11 labels, expected 2 for each of 10 samples",
       [](Dataset& d) {
         d.labels_per_sample = 2;
         d.labels.resize(11);
       }},
      {"10 labels, expected 1 for each of 0 samples", [](Dataset& d) { d.x = Tensor(); }},
      {"labels_per_sample is 0, expected 1 or more", [](Dataset& d) { d.labels_per_sample = 0; }},
      {"labels_per_sample is -1, expected 1 or more", [](Dataset& d) { d.labels_per_sample = -1; }},
      {"label 3 of sample 4, expected 0 to 2", [](Dataset& d) { d.labels[4] = 3; }},
      {"label -1 of sample 9, expected 0 to 2", [](Dataset& d) { d.labels[9] = -1; }},
      {"label 7 of sample 2, expected 0 to 2",
       [](Dataset& d) {
         d.labels_per_sample = 2;
         d.labels.resize(20);
         d.labels[5] = 7;
       }},
      {"x is double, expected float",
       [](Dataset& d) {
         d.x = Tensor(Shape{10, 2}, DType::f64);
       }},
      {"x is double, expected float; 9 labels, expected 1 for each of 10 samples",
       [](Dataset& d) {
         d.x = Tensor(Shape{10, 2}, DType::f64);
         d.labels.pop_back();
       }},
  };
  for (const Case& c : cases) {
    Dataset data = classes_of_ten();
    c.spoil(data);
    expect_refused(data, "ten: " + c.message);
  }
  Dataset nameless = classes_of_ten();
  nameless.name.clear();
  nameless.labels.pop_back();
  expect_refused(nameless, "data: 9 labels, expected 1 for each of 10 samples");
}

TEST(CheckDatasetTest, ARegressionHasItsTargets) {
  const Case cases[] = {
      {"y has 7 rows, expected one for each of 10 samples",
       [](Dataset& d) {
         d.y = Tensor(Shape{7, 1}, DType::f32);
       }},
      {"y has 10 rows, expected one for each of 6 samples",
       [](Dataset& d) {
         d.x = Tensor(Shape{6, 2}, DType::f32);
       }},
      {"y has 0 rows, expected one for each of 10 samples", [](Dataset& d) { d.y = Tensor(); }},
      {"y has 0 rows, expected one for each of 10 samples (or classes, if the labels are meant)",
       [](Dataset& d) {
         d.y = Tensor();
         d.labels.resize(10);
       }},
      {"y is double, expected float",
       [](Dataset& d) {
         d.y = Tensor(Shape{10, 1}, DType::f64);
       }},
      {"classes is -2, expected 0 (regression) or more", [](Dataset& d) { d.classes = -2; }},
  };
  for (const Case& c : cases) {
    Dataset data = values_of_ten();
    c.spoil(data);
    expect_refused(data, "ten: " + c.message);
  }
}

TEST(CheckDatasetTest, WhatBelongsTogetherPasses) {
  EXPECT_NO_THROW(check_dataset(classes_of_ten()));
  EXPECT_NO_THROW(check_dataset(values_of_ten()));
  EXPECT_NO_THROW(check_dataset({}));  // no samples: the validation part that nobody asked for
  Dataset steps = classes_of_ten();
  steps.labels_per_sample = 2;
  steps.labels.resize(20);
  EXPECT_NO_THROW(check_dataset(steps));
}

// What was changed after the check is not read past its end.
TEST(CheckDatasetTest, ABatchStaysWithinTheData) {
  Tensor x(Shape{2, 2}, DType::f32), y(Shape{2, 1}, DType::f32);
  std::vector<std::int32_t> labels;
  Dataset data = classes_of_ten();
  BatchIterator batches(data, 2, false, 1);
  data.labels.resize(3);
  EXPECT_EQ(message_of<DataError>([&] { batches.fill(0, 4, x.view(), labels, {}); }),
            "ten: 3 labels, expected 1 for each of 10 samples");
  data = classes_of_ten();
  data.x = Tensor(Shape{4, 2}, DType::f32);
  data.labels.resize(4);
  EXPECT_EQ(message_of<UsageError>([&] { batches.fill(0, 4, x.view(), labels, {}); }),
            "copy_batch: row 8 of ten, expected 0 to 3");
  Dataset values = values_of_ten();
  values.y = Tensor(Shape{7, 1}, DType::f32);
  const std::vector<std::int64_t> rows{0, 1}, outside{0, -1};
  EXPECT_THROW(copy_batch(values, rows, x.view(), labels, y.view()), DataError);
  EXPECT_EQ(message_of<UsageError>(
                [&] { copy_batch(values_of_ten(), outside, x.view(), labels, y.view()); }),
            "copy_batch: row -1 of ten, expected 0 to 9");
}

TEST(CheckDatasetTest, SamplesAndBatchesThatThereAreNot) {
  const Dataset data = classes_of_ten();
  EXPECT_EQ(message_of<UsageError>([&] {
              data.select({0, 10});
            }),
            "Dataset::select: sample 10 of ten, expected 0 to 9");
  EXPECT_THROW(data.select({-1}), UsageError);
  BatchIterator batches(data, 4, true, 1);
  Tensor x(Shape{4, 2}, DType::f32);
  std::vector<std::int32_t> labels;
  EXPECT_EQ(message_of<UsageError>([&] { batches.fill(0, 2, x.view(), labels, {}); }),
            "BatchIterator::fill: batch 2 of epoch 0, expected 0 to 1 of an epoch from 0");
  EXPECT_THROW(batches.fill(-1, 0, x.view(), labels, {}), UsageError);
  EXPECT_THROW(batches.fill(0, -1, x.view(), labels, {}), UsageError);
}

}  // namespace
}  // namespace plumb
