// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/join_recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "plumb/core/error.h"
#include "tests/observe/stored.h"
#include "tests/support/allocation_count.h"

namespace plumb {
namespace {

using testing::Stored;

struct Term {
  LayerId reader;
  std::vector<double> values;
  double log2_scale = 0;
};

/// By the definition, in plain double: true values within its range.
JoinRecord by_definition(const std::vector<Term>& terms) {
  std::vector<double> sum(terms.front().values.size());
  for (const Term& term : terms) {
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += term.values[i] * std::exp2(term.log2_scale);
  }
  const double all = std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0);
  JoinRecord join;
  for (const Term& term : terms) {
    double squares = 0, product = 0;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double value = term.values[i] * std::exp2(term.log2_scale);
      squares += value * value;
      product += value * sum[i];
    }
    join.ways.push_back({term.reader, 0, 0.5 * std::log2(squares / static_cast<double>(sum.size())),
                         product / all});
  }
  return join;
}

void expect_same(const JoinRecord& found, const JoinRecord& expected, double tolerance) {
  ASSERT_EQ(found.ways.size(), expected.ways.size());
  double shares = 0;
  for (std::size_t i = 0; i < found.ways.size(); ++i) {
    EXPECT_EQ(found.ways[i].reader, expected.ways[i].reader);
    EXPECT_NEAR(found.ways[i].log2_rms, expected.ways[i].log2_rms, tolerance) << i;
    EXPECT_NEAR(found.ways[i].share, expected.ways[i].share, tolerance) << i;
    shares += found.ways[i].share;
  }
  EXPECT_NEAR(shares, 1, 1e-12);
}

class JoinRecorderTest : public ::testing::Test {
 protected:
  void add(const std::vector<Term>& terms, ElementType type, bool one_by_one) {
    std::vector<Stored> stored;
    std::vector<JoinGradient> ways;
    for (const Term& term : terms) stored.emplace_back(term.values, type);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const auto size = static_cast<std::int64_t>(terms[i].values.size());
      ways.push_back(
          {terms[i].reader, 0, ObservedView(stored[i].view({size})).scaled(terms[i].log2_scale)});
    }
    if (!one_by_one) return recorder_.add(5, 0, ways);
    for (const JoinGradient& way : ways) recorder_.keep(5, 0, way);
    stored.clear();  // whoever sent them does not keep them
    recorder_.close(5, 0);
  }
  JoinRecord finished() {
    recorder_.finish(records_);
    EXPECT_EQ(records_.size(), 1U);
    EXPECT_EQ(records_[0].layer, 5);
    return records_[0];
  }

  JoinRecorder recorder_;
  std::vector<JoinRecord> records_;
};

TEST_F(JoinRecorderTest, SharesAreThoseOfTheDefinition) {
  for (const std::size_t count : {2U, 3U, 5U, 8U}) {
    std::vector<Term> terms;
    for (std::size_t i = 0; i < count; ++i) {
      terms.push_back(
          {static_cast<LayerId>(10 + i), testing::eighths(1300, 7 + i), i == 1 ? -2.5 : 0.0});
    }
    for (const ElementType type : testing::kElementTypes) {
      for (const bool one_by_one : {false, true}) {
        recorder_.begin();
        add(terms, type, one_by_one);
        expect_same(finished(), by_definition(terms), 1e-12);
      }
    }
  }
}

TEST_F(JoinRecorderTest, WaysThatCancelHaveSharesBeyondOne) {
  const std::vector<Term> terms = {{1, {3, 0, 1}}, {2, {-2, 0, 1}}};
  recorder_.begin();
  add(terms, ElementType::f32, false);
  const JoinRecord join = finished();
  EXPECT_NEAR(join.ways[0].share, 5.0 / 5, 1e-12);  // g = (1, 0, 2): <(3,0,1), g> = 5 of 5
  EXPECT_NEAR(join.ways[1].share, 0, 1e-12);
}

TEST_F(JoinRecorderTest, CallsAndPassesAddUp) {
  const std::vector<double> a = testing::eighths(200, 1), b = testing::eighths(200, 2);
  const auto part = [](const std::vector<double>& all, std::ptrdiff_t begin, std::ptrdiff_t end) {
    return std::vector<double>(all.begin() + begin, all.begin() + end);
  };
  recorder_.begin();
  add({{1, part(a, 0, 50)}, {2, part(b, 0, 50)}}, ElementType::f32, false);
  add({{1, part(a, 50, 200)}, {2, part(b, 50, 200)}}, ElementType::f32, true);
  expect_same(finished(), by_definition({{1, a}, {2, b}}), 1e-12);
}

TEST_F(JoinRecorderTest, WhatOneReaderSendsTwiceIsOneWay) {
  const std::vector<double> a = testing::eighths(90, 1), b = testing::eighths(90, 2),
                            c = testing::eighths(90, 3);
  std::vector<double> both(90);
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = a[i] + c[i];
  for (const bool one_by_one : {false, true}) {
    recorder_.begin();
    add({{1, a}, {2, b}, {1, c}}, ElementType::f32, one_by_one);
    expect_same(finished(), by_definition({{1, both}, {2, b}}), 1e-12);
  }
}

TEST_F(JoinRecorderTest, PastTheMostWaysTheRestIsOne) {
  std::vector<Term> terms, expected;
  for (std::size_t i = 0; i < 11; ++i)
    terms.push_back({static_cast<LayerId>(i), testing::eighths(700, i)});
  expected.assign(terms.begin(), terms.begin() + JoinRecord::kMostWays);
  expected.push_back({kNoLayer, std::vector<double>(700)});
  for (std::size_t i = JoinRecord::kMostWays; i < terms.size(); ++i) {
    for (std::size_t k = 0; k < 700; ++k) expected.back().values[k] += terms[i].values[k];
  }
  for (const bool one_by_one : {false, true}) {
    recorder_.begin();
    add(terms, ElementType::f32, one_by_one);
    expect_same(finished(), by_definition(expected), 1e-12);
  }
}

TEST_F(JoinRecorderTest, TrueValuesMayLeaveTheRangeOfDouble) {
  recorder_.begin();
  const std::vector<double> a = testing::eighths(64, 1), b = testing::eighths(64, 2);
  add({{1, a, -4000}, {2, b, -4001}}, ElementType::f32, false);
  JoinRecord expected = by_definition({{1, a}, {2, b, -1}});
  for (JoinWay& way : expected.ways) way.log2_rms -= 4000;
  expect_same(finished(), expected, 1e-9);
}

TEST_F(JoinRecorderTest, AGradientOfZerosHasNoShares) {
  recorder_.begin();
  add({{1, std::vector<double>(8)}, {2, std::vector<double>(8)}}, ElementType::f32, false);
  const JoinRecord join = finished();
  for (const JoinWay& way : join.ways) {
    EXPECT_TRUE(std::isnan(way.share));
    EXPECT_EQ(way.log2_rms, -std::numeric_limits<double>::infinity());
  }
}

TEST_F(JoinRecorderTest, PaddingAndStridesAreThoseOfTheView) {
  const std::vector<double> a = testing::eighths(6, 1), b = testing::eighths(6, 2);
  const Stored first(a, ElementType::f32), second(b, ElementType::f16);
  const std::vector<std::uint8_t> mask = {1, 0, 1};
  const JoinGradient ways[] = {
      {1, 0, ObservedView(first.view({3, 2})).masked(mask.data(), {1, 0})},
      {2, 0, ObservedView(second.view({3, 2}, {1, 3})).masked(mask.data(), {1, 0})}};
  recorder_.begin();
  recorder_.add(5, 0, ways);
  expect_same(finished(),
              by_definition({{1, {a[0], a[1], a[4], a[5]}}, {2, {b[0], b[3], b[2], b[5]}}}), 1e-12);
}

TEST_F(JoinRecorderTest, OpenJoinsAreKeptApart) {
  const std::vector<double> a = testing::eighths(40, 1), b = testing::eighths(40, 2),
                            c = testing::eighths(30, 3);
  const Stored first(a, ElementType::f32), second(b, ElementType::f32), third(c, ElementType::f64);
  recorder_.begin();
  recorder_.keep(5, 0, {1, 0, first.view({40})});
  recorder_.keep(6, 0, {3, 0, third.view({30})});
  recorder_.keep(5, 0, {2, 1, second.view({40})});
  recorder_.close(5, 0);
  recorder_.finish(records_);
  ASSERT_EQ(records_.size(), 2U);
  expect_same(records_[0], by_definition({{1, a}, {2, b}}), 1e-12);
  EXPECT_EQ(records_[0].ways[1].input, 1);
  expect_same(records_[1], by_definition({{3, c}}), 1e-12);
}

// x is read by f (5), by the sum 6 of x + f(x), and by the sum 7 around both.
TEST_F(JoinRecorderTest, ABlockThatSharesItsTensorHasARecordOfItsOwnWays) {
  const std::vector<double> f = testing::eighths(70, 1), inner = testing::eighths(70, 2),
                            outer = testing::eighths(70, 3);
  std::vector<double> block(70);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = f[i] + inner[i];
  const Stored a(f, ElementType::f64), b(inner, ElementType::f64), c(outer, ElementType::f64),
      ab(block, ElementType::f64);
  const JoinGradient from_f{5, 0, a.view({70})}, from_inner{6, 1, b.view({70})},
      from_outer{7, 1, c.view({70})}, from_block{6, 0, ab.view({70})};
  for (const bool one_by_one : {false, true}) {
    const auto tell = [&](std::initializer_list<JoinGradient> ways, LayerId through) {
      if (!one_by_one) return recorder_.add(4, 0, std::vector(ways), through);
      for (const JoinGradient& way : ways) recorder_.keep(4, 0, way, through);
    };
    recorder_.begin();
    tell({from_f, from_inner}, 6);
    tell({from_block, from_outer}, 7);
    tell({from_f, from_inner, from_outer}, kNoLayer);
    recorder_.close(4, 0);
    recorder_.finish(records_);
    ASSERT_EQ(records_.size(), 3U);
    EXPECT_EQ(records_[0].through, 6);
    expect_same(records_[0], by_definition({{5, f}, {6, inner}}), 1e-12);
    EXPECT_EQ(records_[1].through, 7);
    expect_same(records_[1], by_definition({{6, block}, {7, outer}}), 1e-12);
    EXPECT_NEAR(records_[0].log2_rms, records_[1].ways[0].log2_rms, 1e-12);
    EXPECT_EQ(records_[2].through, kNoLayer);
    expect_same(records_[2], by_definition({{5, f}, {6, inner}, {7, outer}}), 1e-12);
    EXPECT_TRUE(std::isnan(records_[2].log2_rms)) << "the sketch of the gradient has it";
  }
}

TEST_F(JoinRecorderTest, GradientsOfDifferentSizesDoNotMeet) {
  recorder_.begin();
  EXPECT_THROW(add({{1, {1, 2}}, {2, {1, 2, 3}}}, ElementType::f32, false), UsageError);
}

TEST_F(JoinRecorderTest, ALaterStepAllocatesNothing) {
  const Stored a(testing::eighths(3000, 1), ElementType::bf16);
  const StridedView view = a.view({3000});
  const auto measure = [&] {
    recorder_.begin();
    for (LayerId reader = 0; reader < 10; ++reader) recorder_.keep(5, 0, {reader, 0, view});
    recorder_.close(5, 0);
    recorder_.finish(records_);
  };
  measure();
  const std::int64_t before = testing::allocation_count();
  measure();
  EXPECT_EQ(testing::allocation_count(), before);
}

}  // namespace
}  // namespace plumb
