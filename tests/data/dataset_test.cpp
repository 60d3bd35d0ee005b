// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "plumb/core/error.h"
#include "tests/data/testing.h"

namespace plumb {
namespace {

using testing::message_of;

/// n samples of two features, (10 i, 10 i + 1), of class i mod 3.
Dataset counted(std::int64_t n) {
  Dataset data;
  data.name = "counted";
  data.classes = 3;
  data.x = Tensor({n, 2}, DType::f32);
  auto x = data.x.as<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    x[static_cast<std::size_t>(2 * i)] = static_cast<float>(10 * i);
    x[static_cast<std::size_t>(2 * i + 1)] = static_cast<float>(10 * i + 1);
    data.labels.push_back(static_cast<std::int32_t>(i % 3));
  }
  return data;
}

/// Which samples of counted() a data set holds, checked to be whole rows with their own labels.
std::vector<std::int64_t> samples_of(const Dataset& data) {
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(2 * i), 2);
    samples.push_back(std::llround(x[0]) / 10);
    EXPECT_EQ(x[1], x[0] + 1);
    EXPECT_EQ(data.labels[static_cast<std::size_t>(i)], samples.back() % 3);
  }
  return samples;
}

TEST(DatasetTest, SelectKeepsRowsLabelsAndOrder) {
  const Dataset selected = counted(5).select({4, 0, 4});
  EXPECT_EQ(samples_of(selected), (std::vector<std::int64_t>{4, 0, 4}));
  EXPECT_EQ(selected.classes, 3);
  EXPECT_EQ(selected.name, "counted");
  EXPECT_THROW(counted(5).select({5}), std::logic_error);
  EXPECT_THROW(counted(5).select({-1}), std::logic_error);
}

TEST(DatasetTest, SelectTakesTargetsOfARegression) {
  Dataset data;
  data.x = Tensor({3, 1}, DType::f32);
  data.y = Tensor({3, 2}, DType::f32);
  std::iota(data.y.as<float>().begin(), data.y.as<float>().end(), 0.0f);
  const Dataset selected = data.select({2});
  EXPECT_EQ(selected.y.as<float>()[0], 4);
  EXPECT_EQ(selected.y.as<float>()[1], 5);
  EXPECT_FALSE(selected.is_classification());
}

TEST(SplitTest, PartsAreDisjointAndComplete) {
  for (const std::int64_t n : {2, 3, 10, 101}) {
    const Split split = split_dataset(counted(n), {.validation_fraction = 0.3, .seed = 5});
    EXPECT_EQ(split.validation.size(),
              std::max<std::int64_t>(1, std::llround(0.3 * static_cast<double>(n))));
    auto all = samples_of(split.train);
    const auto validation = samples_of(split.validation);
    EXPECT_TRUE(std::ranges::is_sorted(all));
    EXPECT_TRUE(std::ranges::is_sorted(validation));
    all.insert(all.end(), validation.begin(), validation.end());
    std::ranges::sort(all);
    std::vector<std::int64_t> expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), std::int64_t{0});
    EXPECT_EQ(all, expected);
  }
}

TEST(SplitTest, TheSeedDrawsTheParts) {
  const Dataset data = counted(100);
  const auto drawn = [&](std::uint64_t seed) {
    return samples_of(split_dataset(data, {.validation_fraction = 0.2, .seed = seed}).validation);
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(SplitTest, LimitTakesTheFirstSamplesAndKeepsTheClasses) {
  const Split split = split_dataset(counted(100), {.limit = 2, .validation_fraction = 0});
  EXPECT_EQ(samples_of(split.train), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(split.train.classes, 3);
  EXPECT_EQ(split.validation.size(), 0);
  EXPECT_EQ(split_dataset(counted(4), {.limit = 9, .validation_fraction = 0}).train.size(), 4);
}

/// The mean and the deviation of the numbers of x that stand in group `group`; x is seen as
/// [outer, groups, inner].
std::pair<double, double> moments(const Tensor& tensor, std::size_t groups, std::size_t inner,
                                  std::size_t group) {
  std::vector<double> values;
  const auto x = tensor.as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / inner % groups == group) values.push_back(x[i]);
  }
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum_sq = 0;
  for (const double v : values) sum_sq += (v - mean) * (v - mean);
  return {mean, std::sqrt(sum_sq / n)};
}

/// Standardises random data of this shape, whose groups differ by scale and place, and compares
/// both parts with (x - mean) / deviation over the training part.
void expect_standardised(const Shape& shape, std::size_t groups, std::size_t inner) {
  Dataset data;
  data.x = Tensor(shape, DType::f32);
  data.y = Tensor({shape[0], 1}, DType::f32);
  const Rng rng(3, "test");
  auto x = data.x.as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto group = static_cast<double>(i / inner % groups);
    x[i] = static_cast<float>(std::pow(100, group) * (rng.normal(i) + 5 * group));
  }
  const DataOptions plain{.validation_fraction = 0.25, .seed = 3};
  DataOptions standardised = plain;
  standardised.standardise = true;
  const Split before = split_dataset(data, plain), after = split_dataset(data, standardised);
  for (std::size_t group = 0; group < groups; ++group) {
    const auto [mean, deviation] = moments(before.train.x, groups, inner, group);
    const auto [mean_after, deviation_after] = moments(after.train.x, groups, inner, group);
    EXPECT_NEAR(mean_after, 0, 1e-6);
    EXPECT_NEAR(deviation_after, 1, 1e-6);
    for (std::size_t i = 0; i < after.validation.x.as<float>().size(); ++i) {
      if (i / inner % groups != group) continue;
      EXPECT_NEAR(after.validation.x.as<float>()[i],
                  (before.validation.x.as<float>()[i] - mean) / deviation, 1e-5);
    }
  }
  EXPECT_EQ(before.notes.size() + 1, after.notes.size());
}

TEST(SplitTest, StandardiseWorksByColumnAndByChannelOverTheTrainingPart) {
  expect_standardised({40, 3}, 3, 1);
  expect_standardised({40, 3, 2, 2}, 3, 4);
  expect_standardised({40, 3, 2}, 1, 6);
}

TEST(SplitTest, StandardisedTargetsHaveMeansOfTheirOwnAndOneDeviation) {
  Dataset data;
  data.x = Tensor({40, 2}, DType::f32);
  data.y = Tensor({40, 2}, DType::f32);
  const Rng rng(3, "test");
  auto y = data.y.as<float>();
  for (std::size_t i = 0; i < 80; ++i) {
    const auto column = static_cast<double>(i % 2);
    y[i] = static_cast<float>(20000 - 300 * column + (5 - 4 * column) * rng.normal(i));
  }
  const DataOptions plain{.validation_fraction = 0.25, .seed = 3};
  DataOptions options = plain;
  options.standardise = true;
  const Split before = split_dataset(data, plain), after = split_dataset(data, options);
  const auto [mean0, deviation0] = moments(before.train.y, 2, 1, 0);
  const auto [mean1, deviation1] = moments(before.train.y, 2, 1, 1);
  const double unit = std::sqrt((deviation0 * deviation0 + deviation1 * deviation1) / 2);
  EXPECT_EQ(before.train.target_unit, 1);
  EXPECT_NEAR(after.train.target_unit, unit, 1e-9 * unit);
  EXPECT_EQ(after.validation.target_unit, after.train.target_unit);
  for (std::size_t i = 0; i < 20; ++i) {
    const double mean = i % 2 == 0 ? mean0 : mean1;
    EXPECT_NEAR(after.validation.y.as<float>()[i],
                (before.validation.y.as<float>()[i] - mean) / unit, 1e-5);
  }
  options.standardise_targets = false;
  EXPECT_EQ(split_dataset(data, options).train.target_unit, 1);
}

TEST(SplitTest, AColumnThatIsConstantIsCentredOnly) {
  Dataset data = counted(7);
  for (std::size_t i = 0; i < 7; ++i) data.x.as<float>()[2 * i] = 0.1f;
  const Split split = split_dataset(data, {.standardise = true});
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(split.train.x.as<float>()[2 * i], 0, 1e-8);
}

TEST(SplitTest, NamesAndNotesAreHandedOn) {
  Dataset data = counted(4);
  data.columns = {"a", "b"};
  data.class_names = {"x", "y", "z"};
  data.notes = {"taken for a test"};
  const Split split = split_dataset(data, {.validation_fraction = 0.5});
  EXPECT_EQ(split.train.columns, data.columns);
  EXPECT_EQ(split.validation.class_names, data.class_names);
  EXPECT_EQ(split.notes, data.notes);
}

TEST(SplitTest, ConstantDataIsCentredOnly) {
  Dataset data = counted(4);
  std::ranges::fill(data.x.as<float>(), 7.0f);
  const Split split = split_dataset(data, {.standardise = true});
  for (const float v : split.train.x.as<float>()) EXPECT_EQ(v, 0.0f);
}

TEST(SplitTest, ErrorsSayWhatWasGiven) {
  const auto error = [](const DataOptions& options) {
    return message_of<SpecError>([&] { split_dataset(counted(4), options); });
  };
  EXPECT_EQ(error({.limit = -1}), "data: limit is -1, expected 0 (all samples) or more");
  EXPECT_EQ(error({.validation_fraction = 1}),
            "data: validation_fraction is 1, expected at least 0 and below 1");
  EXPECT_EQ(error({.validation_fraction = std::nan("")}),
            "data: validation_fraction is nan, expected at least 0 and below 1");
  EXPECT_EQ(message_of<DataError>([] { split_dataset(counted(1), {}); }),
            "counted: 1 samples, expected 2 for a training and a validation part");
}

TEST(BatchIteratorTest, AnEpochVisitsEachSampleAtMostOnce) {
  const Dataset data = counted(23);
  BatchIterator batches(data, 5, true, 7);
  ASSERT_EQ(batches.batches_per_epoch(), 4);
  std::vector<std::int64_t> previous;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::int64_t> seen;
    for (std::int64_t index = 0; index < 4; ++index) {
      Dataset batch;
      batch.classes = 3;
      batch.x = Tensor({5, 2}, DType::f32);
      batches.fill(epoch, index, batch.x.view(), batch.labels, {});
      ASSERT_EQ(batch.labels.size(), 5u);
      for (const std::int64_t sample : samples_of(batch)) seen.push_back(sample);
    }
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 20u);
    EXPECT_NE(seen, previous);
    previous = seen;
  }
}

TEST(BatchIteratorTest, AnyBatchMayBeAskedForInAnyOrder) {
  const Dataset data = counted(12);
  BatchIterator forward(data, 4, true, 1), jumping(data, 4, true, 1);
  Tensor a({4, 2}, DType::f32), b({4, 2}, DType::f32);
  std::vector<std::int32_t> labels;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    for (std::int64_t i = 0; i < 3; ++i) forward.fill(epoch, i, a.view(), labels, {});
  }
  jumping.fill(2, 2, b.view(), labels, {});
  EXPECT_TRUE(std::ranges::equal(a.as<float>(), b.as<float>()));
}

TEST(BatchIteratorTest, WithoutShuffleTheOrderIsThatOfTheData) {
  const Dataset data = counted(6);
  BatchIterator batches(data, 2, false, 1);
  Tensor x({2, 2}, DType::f32);
  std::vector<std::int32_t> labels;
  batches.fill(5, 1, x.view(), labels, {});
  EXPECT_EQ(x.as<float>()[0], 20.0f);
  EXPECT_EQ(labels, (std::vector<std::int32_t>{2, 0}));
}

TEST(BatchIteratorTest, DoubleBatchesHoldTheSameValues) {
  Dataset data;
  data.x = Tensor({4, 3}, DType::f32);
  data.y = Tensor({4, 1}, DType::f32);
  std::ranges::fill(data.x.as<float>(), 0.1f);
  std::iota(data.y.as<float>().begin(), data.y.as<float>().end(), 1.0f);
  BatchIterator batches(data, 4, false, 0);
  Tensor x({4, 3}, DType::f64), y({4, 1}, DType::f64);
  std::vector<std::int32_t> labels;
  batches.fill(0, 0, x.view(), labels, y.view());
  for (const double v : x.as<double>()) EXPECT_EQ(v, static_cast<double>(0.1f));
  EXPECT_EQ(y.as<double>()[3], 4.0);
  EXPECT_TRUE(labels.empty());
}

TEST(BatchIteratorTest, FewerSamplesThanABatchMakeOneBatch) {
  const Dataset data = counted(3);
  BatchIterator batches(data, 8, true, 0);
  EXPECT_EQ(batches.batch(), 3);
  EXPECT_EQ(batches.batches_per_epoch(), 1);
}

TEST(BatchIteratorTest, RowsMayBeFlattened) {
  Dataset data = counted(2);
  data.x = Tensor({2, 2, 3}, DType::f32);
  BatchIterator batches(data, 2, false, 0);
  Tensor flat({2, 6}, DType::f32);
  std::vector<std::int32_t> labels;
  EXPECT_NO_THROW(batches.fill(0, 0, flat.view(), labels, {}));
}

TEST(BatchIteratorTest, ErrorsSayWhatWasGiven) {
  const Dataset data = counted(4), none;
  EXPECT_EQ(message_of<SpecError>([&] { BatchIterator(data, 0, true, 0); }),
            "batch: 0, expected 1 or more");
  EXPECT_EQ(message_of<DataError>([&] { BatchIterator(none, 1, true, 0); }),
            ": no samples, expected one or more");
  BatchIterator batches(data, 2, true, 0);
  Tensor x({2, 3}, DType::f32), right({2, 2}, DType::f32);
  std::vector<std::int32_t> labels;
  EXPECT_EQ(message_of<ShapeError>([&] { batches.fill(0, 0, x.view(), labels, {}); }),
            "batch: x has shape [2, 3], expected [2, 2] or rows of the same size");
  EXPECT_THROW(batches.fill(0, 2, right.view(), labels, {}), std::logic_error);
  Dataset regression;
  regression.x = Tensor({4, 2}, DType::f32);
  regression.y = Tensor({4, 1}, DType::f32);
  BatchIterator targets(regression, 2, true, 0);
  EXPECT_EQ(message_of<ShapeError>([&] { targets.fill(0, 0, right.view(), labels, {}); }),
            "batch: y has shape [], expected [2, 1] or rows of the same size");
}

}  // namespace
}  // namespace plumb
