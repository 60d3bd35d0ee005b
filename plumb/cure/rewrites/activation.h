// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Every hidden activation becomes `activation` (relu), and the start its critical one, or
/// `scheme`. What stands behind the last linear layer stays.
/// Applies  to networks that have hidden activations of another kind.
/// Effect   the derivative of the new one; units that can leave their flat end.
Rewritten replace_activation(const Patient& patient, const CureArguments& arguments);

/// A relu (`activation`) behind every hidden linear layer that has none in front of the next one.
/// Applies  where two linear layers stand in a row: together they are no more than one.
Rewritten insert_activation(const Patient& patient, const CureArguments& arguments);

/// Takes softmax away where it stands between hidden layers.
/// Applies  where one does.
/// Effect   no division of each sample by its sum, which leaves a gradient of 1/units.
Rewritten remove_hidden_softmax(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
