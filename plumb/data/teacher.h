// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/data/dataset.h"

namespace plumb {

struct TeacherOptions {
  std::int64_t n = 2000;
  std::int64_t in = 32;
  std::int64_t out = 1;      ///< outputs of a regression; unused for classes > 0
  std::int64_t depth = 1;    ///< linear maps: 1 is a linear teacher
  std::int64_t classes = 0;  ///< 0 for regression
};

/// What a random network without biases says of random inputs, so that a student of the same form
/// can learn it to the last bit.
///
///   h_0 = x ~ N(0, 1);   h_l = tanh(1.5 W_l h_(l-1)) for l < depth;   output = W_depth h_(depth-1)
///   W_l ~ N(0, 1 / in)
///
/// The gain of 1.5 keeps the signal alive at any depth: tanh without bias loses it at 1 and below.
///
/// Shapes  x [n, in], hidden layers as wide as x; output [n, out] is y, or the index of the largest
///         of `classes` outputs is the label.
/// Threads The teacher depends on the seed and its shape, a sample on seed and index alone.
Dataset make_teacher(const TeacherOptions& options, std::uint64_t seed);

}  // namespace plumb
