// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/data/dataset.h"

namespace plumb {

struct GlyphsOptions {
  std::int64_t n = 6000;
  double noise = 0.1;  ///< deviation of the pixel noise; ink is 0.6 to 1, paper 0
};

/// Hand-drawn characters, made from the seed: ten classes (see glyph_shapes.h) that a linear
/// classifier tells apart in part and a trained deep network much better; a stand-in for MNIST that
/// needs no file.
///
/// Each image draws its own corner jitter, a smooth bend (a sum of three random waves on each
/// axis), a pose (rotation, shear, two scales, shift), pen width and ink; one in three has a stray
/// stroke. Pixels are cut to [0, 1] after the noise.
///
/// Shapes  x [n, 28, 28]; sample i is of class i mod 10.
/// Threads The bits depend on seed and sample alone: a larger n begins with the same samples.
Dataset make_glyphs(const GlyphsOptions& options, std::uint64_t seed);

}  // namespace plumb
