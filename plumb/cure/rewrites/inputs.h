// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// --standardise: each input column (channel) to mean 0 and deviation 1.
/// Applies  where it is not done yet.
/// Source   LeCun, Bottou, Orr, Mueller 1998, "Efficient BackProp", section 4.3.
Rewritten standardise_inputs(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
