// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Dropout of more than 0.2 becomes 0.2.
/// Applies  where there is such a layer.
Rewritten lower_dropout(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
