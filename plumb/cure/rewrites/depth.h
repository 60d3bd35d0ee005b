// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Half as many of what the network repeats most often.
/// Applies  where something stands at least 4 times in a row.
Rewritten fewer_layers(const Patient& patient, const CureArguments& arguments);

/// Hidden dense layers as wide as the widest of them.
/// Applies  where they differ.
Rewritten widen(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
