// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "plumb/data/dataset.h"

/// Small data sets, made from a seed, that cases are trained on.
namespace plumb::test {

/// 4096 samples of 20 standard normal numbers; the label is the largest of 4 outputs of a random
/// linear map. `bytes`: the same as unscaled pixels, 127 + 60 x in 0..255.
Dataset line(std::uint64_t seed = 0);
Dataset bytes(std::uint64_t seed = 0);
/// The same with the column `column` (counted from 0) `factor` times as large.
Dataset large_column(std::uint64_t seed = 0, int column = 3, double factor = 3e3);
/// The inputs of `line` with targets of a mean and a deviation far from 0 and 1.
Dataset far_targets(std::uint64_t seed = 0, double mean = 2e4, double deviation = 5e3);
/// 2048 samples of 20 numbers, two classes that one column tells apart: a network converges to
/// loss 0.
Dataset easy(std::uint64_t seed = 0);
/// `line` with this fraction of the labels replaced by random ones: no network gets to loss 0.
Dataset noisy_line(std::uint64_t seed = 0, double fraction = 0.3);
/// Labels that have nothing to do with the inputs: nothing can be learned, but by heart.
Dataset random_labels(std::uint64_t seed = 0, std::int64_t samples = 4096);
/// 240 rows of two columns of very different size (0 to 1 and 300 to 1300), three classes by the
/// second one.
Dataset scaled_apart(std::uint64_t seed = 7);
/// 300 rows of two columns in 0 to 1, target 1 where their sum is above 1.2, as values or classes.
Dataset sum_above(std::uint64_t seed = 8, bool as_classes = false);

/// For Case::data: made(line, 1).
template <class Maker, class... Arguments>
std::function<Dataset()> made(Maker maker, Arguments... arguments) {
  return [=] { return maker(arguments...); };
}

}  // namespace plumb::test
