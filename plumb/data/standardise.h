// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/data/dataset.h"

namespace plumb {

/// Brings x of both parts to mean 0 and deviation 1 (divided by n) over the training part:
///
///   [n, columns]                 each column
///   [n, channels, height, width] each channel, and so with more axes behind
///   [n, rows, columns]           all numbers together: an image of one channel or a sequence
///
/// What is constant is only centred. With `targets`, y of a regression too: of each target its mean
/// over the training part is subtracted, and all are divided by one deviation, the root mean square
/// of theirs, which becomes Dataset::target_unit. Adds a note.
void standardise(Split& split, bool targets);

}  // namespace plumb
