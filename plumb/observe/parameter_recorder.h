// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plumb/core/scaled_squares.h"
#include "plumb/observe/site_sketches.h"

namespace plumb {

/// Where a part of a parameter stands in the whole, in elements: a large one may come in pieces,
/// each while it is in the processor's cache.
struct Piece {
  std::int64_t begin = 0;
  std::int64_t total = -1;  ///< of the whole; -1: this is all of it
};

/// Takes the value, the gradient and the update of parameters, whole or in pieces: each once a
/// step, the pieces of one in order, those of the three side by side.
///
/// Errors  UsageError for a tensor recorded twice and for pieces out of order.
/// Threads Use one object from one thread.
class ParameterRecorder {
 public:
  explicit ParameterRecorder(SiteSketches& sites) : sites_(sites) {}

  void begin(const RunInfo& info);
  void add(ParamId param, Role role, ConstView values, double log2_scale, Piece piece);
  void add(ParamId param, Role role, const Sketch& sketch);
  void add(ParamId param, Role role, const ObservedView& values, Piece piece);
  void finish();
  /// What was recorded of gradients in this step was not all of them: each may be given anew, and
  /// that stands in its place.
  void retake_gradients();
  /// l2 norm of the gradients that were recorded in this step, from their sketches; NaN if one is
  /// not finite.
  double gradient_norm() const { return gradient_squares_.root(); }

 private:
  /// A tensor that comes in pieces.
  struct Open {
    ParamId param = kNoParam;
    std::int64_t next = 0, total = 0;
    std::size_t place = 0;  ///< of its sketch
    PiecewiseSketch pieces;
    Sketch sketch;
  };
  static std::size_t slot(Role role) {
    return static_cast<std::size_t>(role) - static_cast<std::size_t>(Role::weight);
  }
  template <class Values>
  void add_piece(ParamId param, Role role, const Values& values, std::int64_t size,
                 double log2_scale, Piece piece);
  void check_new(ParamId param, Role role);
  void check_piece(ParamId param, Role role, std::int64_t size, Piece piece) const;
  void note_gradient(const Sketch& gradient);
  std::string name(ParamId param, Role role) const;

  SiteSketches& sites_;
  const RunInfo* info_ = nullptr;
  std::array<Open, 3> open_;  ///< by role
  ScaledSquares gradient_squares_;
  bool retakes_ = false;
};

}  // namespace plumb
