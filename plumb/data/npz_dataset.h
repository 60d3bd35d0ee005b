// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/data/npz.h"

namespace plumb {

/// The data set in an .npz file: x [samples, features...] of numbers; y of integers, [samples] or
/// [samples, 1], are classes (classes = largest + 1), and so are y [samples, steps] of sequences x
/// [samples, steps, features], one a step; y of floats, [samples], [samples, outputs] or [samples,
/// steps, outputs], are targets. Other arrays are passed over. Images [samples, height, width,
/// channels] of one to four channels, more than four pixels high and wide, are turned into
/// [samples, channels, height, width], with a note.
///
/// Errors  DataError naming the file, the array and the sample: no x or y, wrong ranks, other
///         counts of samples, none, NaN, Inf or beyond float, a class below 0 or from 2^20 on.
Dataset npz_dataset(std::vector<NamedArray> arrays, const std::string& place);

}  // namespace plumb
