// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/mean_square.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

template <class T>
MeanSquare read_all(const ObservedView& view) {
  constexpr double kNothing = -std::numeric_limits<double>::infinity();
  std::array<T, 1024> piece;
  KeptReader reader(view);
  MeanSquare sum{0, kNothing};
  while (const std::size_t count = reader.next(std::span(piece))) {
    const ConstView part{piece.data(), kDTypeOf<T>, Shape{static_cast<std::int64_t>(count)}};
    sum.merge({static_cast<double>(count), log2_rms(part)});
  }
  sum.log2_rms += view.log2_scale;
  return sum;
}

}  // namespace

void MeanSquare::merge(const MeanSquare& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const double all = count + other.count;
  // Of squares relative to the larger of the two, so that none is out of range.
  const double largest = std::max(log2_rms, other.log2_rms);
  if (std::isfinite(largest) && !std::isnan(other.log2_rms)) {
    const double squares = count / all * std::exp2(2 * (log2_rms - largest)) +
                           other.count / all * std::exp2(2 * (other.log2_rms - largest));
    log2_rms = largest + 0.5 * std::log2(squares);
  } else {
    log2_rms = std::isnan(other.log2_rms) ? other.log2_rms : largest;  // no number, or all zero
  }
  count = all;
}

MeanSquare mean_square(const ObservedView& view) {
  if (view.kept == nullptr) {
    return {static_cast<double>(view.values.size()), log2_rms(view.values) + view.log2_scale};
  }
  return view.values.type == ElementType::f64 ? read_all<double>(view) : read_all<float>(view);
}

}  // namespace plumb
