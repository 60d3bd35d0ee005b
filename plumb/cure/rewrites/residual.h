// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Each hidden linear layer that keeps its width, with what belongs to it (normalisation,
/// activation, dropout), becomes the branch of a residual block of scale 1/sqrt(blocks).
/// Applies  where there are such layers outside of residual blocks.
/// Effect   the gradient comes back through the shortcuts: by at most about e over all of them.
/// Source   He et al. 2015, arXiv:1512.03385; the scale: Balduzzi et al. 2017, arXiv:1702.08591.
Rewritten add_residual(const Patient& patient, const CureArguments& arguments);

/// `scale` (1/sqrt(blocks)) on every residual block that has none of its own.
Rewritten scale_branches(const Patient& patient, const CureArguments& arguments);

/// Residual blocks start as the identity: a learned scale from 0.
/// Source  Bachlechner et al. 2020, arXiv:2003.04887 (ReZero).
Rewritten start_branches_at_zero(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
