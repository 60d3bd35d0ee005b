// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/join_recorder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

constexpr std::size_t kMostReaders = JoinRecord::kMostWays;

}  // namespace

void JoinRecorder::ScaledSum::add(double term, double term_exponent) {
  if (term == 0) return;
  if (total == 0) {
    total = term;
    exponent = term_exponent;
  } else if (term_exponent > exponent) {
    total = total * std::exp2(exponent - term_exponent) + term;
    exponent = term_exponent;
  } else {
    total += term * std::exp2(term_exponent - exponent);
  }
}

double JoinRecorder::ScaledSum::log2() const { return std::log2(total) + exponent; }

void JoinRecorder::begin() {
  used_ = 0;
  kept_used_ = 0;
}

double JoinRecorder::log2_rms_of_sum(std::span<const WaySum> ways, const ScaledSum& squares) {
  double count = 0;  // of a way that was not recorded in every call there are fewer
  for (const WaySum& way : ways) count = std::max(count, way.count);
  // Ways that cancel may leave less than nothing to rounding.
  if (squares.total < 0) return -std::numeric_limits<double>::infinity();
  return 0.5 * (squares.log2() - std::log2(count));
}

JoinRecorder::Join& JoinRecorder::find(LayerId layer, std::int32_t output, LayerId through) {
  for (std::size_t i = 0; i < used_; ++i) {
    const Join& join = joins_[i];
    if (join.layer == layer && join.output == output && join.through == through) return joins_[i];
  }
  if (used_ == joins_.size()) joins_.emplace_back();
  Join& join = joins_[used_++];
  join.layer = layer;
  join.output = output;
  join.through = through;
  join.ways.clear();
  return join;
}

std::size_t JoinRecorder::way_of(Join& join, LayerId reader, std::int32_t input) {
  for (std::size_t i = 0; i < join.ways.size(); ++i) {
    if (join.ways[i].reader == reader && join.ways[i].input == input) return i;
  }
  if (join.ways.size() < kMostReaders) {
    join.ways.push_back({reader, input, 0, {}, {}});
  } else if (join.ways.size() == kMostReaders) {
    join.ways.push_back({kNoLayer, 0, 0, {}, {}});
  }
  return join.ways.size() - 1;
}

void JoinRecorder::add(LayerId layer, std::int32_t output, std::span<const JoinGradient> ways,
                       LayerId through) {
  if (ways.empty()) return;
  Join& join = find(layer, output, through);
  for (const JoinGradient& way : ways) {
    if (way.gradient.values.size() == ways.front().gradient.values.size()) continue;
    throw UsageError("Recorder::join of layer " + std::to_string(layer) + ": a gradient of " +
                     std::to_string(way.gradient.values.size()) + " values beside one of " +
                     std::to_string(ways.front().gradient.values.size()));
  }
  constexpr std::size_t kMostDense = 3;
  std::array<std::size_t, kMostDense> places{};
  bool dense = ways.size() <= kMostDense;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::size_t place = way_of(join, ways[i]);  // in their order
    if (!dense) continue;
    const auto end = places.begin() + static_cast<std::ptrdiff_t>(i);
    dense = ways[i].gradient.kept == nullptr && std::find(places.begin(), end, place) == end;
    places[i] = place;
  }
  dense ? add_dense(join, ways) : add_any(join, ways);
}

void JoinRecorder::add(LayerId layer, std::int32_t output, std::span<const JoinProducts> ways) {
  if (ways.empty()) return;
  Join& join = find(layer, output, kNoLayer);
  for (const JoinProducts& one : ways) {
    WaySum& way = join.ways[way_of(join, one.reader, one.input)];
    way.count += one.count;
    way.squares.add(one.squares, 2 * one.log2_scale);
    way.product.add(one.product, 2 * one.log2_scale);
  }
}

// One pass over two tensors for each pair: three in all for the two ways of a block.
void JoinRecorder::add_dense(Join& join, std::span<const JoinGradient> ways) {
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const StridedView& a = ways[i].gradient.values;
    const double a_scale = ways[i].gradient.log2_scale;
    const std::size_t place = way_of(join, ways[i]);
    const double squares = dot(a, a);
    join.ways[place].count += static_cast<double>(a.size());
    join.ways[place].squares.add(squares, 2 * a_scale);
    join.ways[place].product.add(squares, 2 * a_scale);
    for (std::size_t j = 0; j < i; ++j) {
      const double product = dot(a, ways[j].gradient.values);
      const double scale = a_scale + ways[j].gradient.log2_scale;
      join.ways[place].product.add(product, scale);
      join.ways[way_of(join, ways[j])].product.add(product, scale);
    }
  }
}

// A piece of all of them at a time, so that each is read once, however many there are.
void JoinRecorder::add_any(Join& join, std::span<const JoinGradient> ways) {
  constexpr std::size_t kPiece = 512;
  std::array<double, kMostReaders + 1> scales;
  scales.fill(-std::numeric_limits<double>::infinity());
  readers_.clear();
  for (const JoinGradient& way : ways) {
    const std::size_t place = way_of(join, way);
    scales[place] = std::max(scales[place], way.gradient.log2_scale);
    readers_.emplace_back(way.gradient);
  }
  const std::size_t places = join.ways.size();
  const double largest = *std::max_element(scales.begin(), scales.end());
  scratch_.resize((places + 2) * kPiece);
  const std::span<double> sum = std::span(scratch_).first(kPiece);
  const std::span<double> read = std::span(scratch_).subspan(kPiece, kPiece);
  const auto way_sum = [&](std::size_t place) {
    return std::span(scratch_).subspan((place + 2) * kPiece, kPiece);
  };
  for (std::size_t count = kPiece; count > 0;) {
    std::fill(scratch_.begin(), scratch_.end(), 0.0);
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const std::size_t place = way_of(join, ways[i]);
      count = readers_[i].next(read);
      const double to_way = std::exp2(ways[i].gradient.log2_scale - scales[place]);
      const double to_sum = std::exp2(ways[i].gradient.log2_scale - largest);
      const std::span<double> to = way_sum(place);
      for (std::size_t k = 0; k < count; ++k) {
        to[k] += read[k] * to_way;
        sum[k] += read[k] * to_sum;
      }
    }
    for (std::size_t place = 0; place < places; ++place) {
      if (std::isinf(scales[place])) continue;  // not among those recorded now
      const std::span<const double> values = way_sum(place);
      double squares = 0, product = 0;
      for (std::size_t k = 0; k < count; ++k) {
        squares += values[k] * values[k];
        product += values[k] * sum[k];
      }
      join.ways[place].count += static_cast<double>(count);
      join.ways[place].squares.add(squares, 2 * scales[place]);
      join.ways[place].product.add(product, scales[place] + largest);
    }
  }
}

void JoinRecorder::keep(LayerId layer, std::int32_t output, const JoinGradient& way,
                        LayerId through) {
  if (kept_used_ == kept_.size()) kept_.emplace_back();
  Kept& to = kept_[kept_used_++];
  to.layer = layer;
  to.output = output;
  to.reader = way.reader;
  to.through = through;
  to.input = way.input;
  to.log2_scale = way.gradient.log2_scale;
  to.is_double = way.gradient.values.type == ElementType::f64;
  const auto copy = [&]<class T>(std::vector<T>& values) {
    values.resize(static_cast<std::size_t>(way.gradient.values.size()));
    KeptReader reader(way.gradient);
    values.resize(reader.next(std::span(values)));
  };
  to.is_double ? copy(to.doubles) : copy(to.floats);
}

void JoinRecorder::close(LayerId layer, std::int32_t output) {
  for (std::size_t i = 0; i < kept_used_;) {
    const bool is_of_it = kept_[i].layer == layer && kept_[i].output == output;
    // Those that are left move forward to where it was.
    is_of_it ? close(layer, output, kept_[i].through) : static_cast<void>(++i);
  }
}

void JoinRecorder::close(LayerId layer, std::int32_t output, LayerId through) {
  const auto is_of_it = [&](const Kept& kept) {
    return kept.layer == layer && kept.output == output && kept.through == through;
  };
  closing_.clear();
  for (std::size_t i = 0; i < kept_used_; ++i) {
    const Kept& kept = kept_[i];
    if (!is_of_it(kept)) continue;
    const ConstView values = kept.is_double
                                 ? ConstView{kept.doubles.data(), DType::f64,
                                             Shape{static_cast<std::int64_t>(kept.doubles.size())}}
                                 : ConstView{kept.floats.data(), DType::f32,
                                             Shape{static_cast<std::int64_t>(kept.floats.size())}};
    closing_.push_back({kept.reader, kept.input, ObservedView(values).scaled(kept.log2_scale)});
  }
  add(layer, output, closing_, through);
  // Their memory goes behind the others', which keep their order, and is used again.
  std::size_t open = 0;
  for (std::size_t i = 0; i < kept_used_; ++i) {
    if (is_of_it(kept_[i])) continue;
    if (i != open) std::swap(kept_[i], kept_[open]);
    ++open;
  }
  kept_used_ = open;
}

void JoinRecorder::close_all() {
  while (kept_used_ > 0) close(kept_.front().layer, kept_.front().output);
}

void JoinRecorder::finish(std::vector<JoinRecord>& records) {
  close_all();
  records.resize(used_);
  for (std::size_t i = 0; i < used_; ++i) {
    const Join& from = joins_[i];
    JoinRecord& to = records[i];
    to.layer = from.layer;
    to.output = from.output;
    to.through = from.through;
    ScaledSum all;
    for (const WaySum& way : from.ways) all.add(way.product.total, way.product.exponent);
    to.ways.clear();
    for (const WaySum& way : from.ways) {
      const double share = all.total == 0 ? std::numeric_limits<double>::quiet_NaN()
                                          : way.product.total / all.total *
                                                std::exp2(way.product.exponent - all.exponent);
      to.ways.push_back(
          {way.reader, way.input, 0.5 * (way.squares.log2() - std::log2(way.count)), share});
    }
    to.log2_rms = from.through == kNoLayer ? std::numeric_limits<double>::quiet_NaN()
                                           : log2_rms_of_sum(from.ways, all);
  }
}

}  // namespace plumb
