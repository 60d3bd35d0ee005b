// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/stats/sketch.h"

namespace plumb {

/// sketch() of a tensor that comes in pieces, each while it is in the processor's cache, without
/// the cost of a sketch and a merge for each. Counts are those of the whole, moments as accurate.
///
/// Order   begin(), add() for each piece in order, finish(); again from begin().
/// Errors  std::logic_error if a piece is not of the type that begin() was told.
/// Threads Use one object from one thread. Allocates in the constructor only.
class PiecewiseSketch {
 public:
  PiecewiseSketch();
  ~PiecewiseSketch();
  PiecewiseSketch(const PiecewiseSketch&) = delete;
  PiecewiseSketch& operator=(const PiecewiseSketch&) = delete;

  /// `out` becomes the sketch at finish() and must stay where it is until then.
  void begin(Sketch& out, DType dtype, double log2_scale);
  void begin(Sketch& out, ElementType type, double log2_scale);
  /// `following`: how many values stand behind the piece in memory and will be read soon.
  void add(ConstView piece, std::int64_t following = 0);
  void add(const StridedView& piece);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb
