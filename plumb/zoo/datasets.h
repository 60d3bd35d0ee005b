// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/data/dataset.h"

namespace plumb::zoo {

/// Data made from a seed, small enough for a training of a second. Columns have mean 0 and
/// deviation 1 over the whole set unless said otherwise.

struct TableSize {
  std::int64_t n = 1200;
  std::int64_t in = 16;
  std::int64_t classes = 4;
};

/// Three Gaussian clusters a class, overlapping a little: x [n, in].
Dataset make_clusters(const TableSize& size, std::uint64_t seed);
/// Classes by a random network with one hidden layer: no straight line tells them apart.
Dataset make_curved(const TableSize& size, std::uint64_t seed);
/// Classes by the distance from the middle, as many samples in each: columns say nothing one by
/// one.
Dataset make_rings(const TableSize& size, std::uint64_t seed);
/// Values of a random network with one hidden layer; `classes` is the number of targets, each of
/// mean 0 and deviation 1.
Dataset make_values(const TableSize& size, std::uint64_t seed);
/// The glyphs at half their size: x [n, 14, 14], pixels in 0..1.
Dataset make_small_glyphs(std::int64_t n, std::uint64_t seed);

struct RecallSize {
  std::int64_t n = 600;
  std::int64_t steps = 20;
  std::int64_t symbols = 4;
};
/// A symbol is shown at the first step (one-hot), noise of deviation 0.3 after it; the label is the
/// symbol: x [n, steps, symbols].
Dataset make_recall(const RecallSize& size, std::uint64_t seed);

/// Parts for training and validation: every fifth sample is held out, whatever the order.
Split hold_out(const Dataset& data);

}  // namespace plumb::zoo
