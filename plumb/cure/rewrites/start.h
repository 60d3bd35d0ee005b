// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Weights at the critical gain of the hidden activation (of linear chains 1), biases 0 or as the
/// point has them (theory/start.h); with arguments `scheme` and `gain` those, biases 0. Weights of
/// a file are left. Applies  where a critical start is known or given. Effect   the gradient keeps
/// its size over depth at the start.
/// Source   He et al. 2015, eq. 10; Schoenholz et al. 2017; Roberts, Yaida, Hanin 2022.
Rewritten initialise_critically(const Patient& patient, const CureArguments& arguments);

/// glorot_normal and biases 0, for activations without a critical gain within reach too.
/// Source   Glorot and Bengio 2010.
Rewritten start_randomly(const Patient& patient, const CureArguments& arguments);

/// The critical start with orthogonal matrices (delta_orthogonal where there are convolutions),
/// which stretch every direction alike.
/// Source   Saxe et al. 2013, arXiv:1312.6120; Xiao et al. 2018, arXiv:1806.05393.
Rewritten start_orthogonally(const Patient& patient, const CureArguments& arguments);

/// --init fixup, biases 0: residual branches start at zero and their inner layers smaller with the
/// number of blocks (nn/fixup.h).
/// Applies  to residual networks without normalisation whose branches do not start at zero.
/// Source   Zhang, Dauphin, Ma 2019, arXiv:1901.09321.
Rewritten start_with_fixup(const Patient& patient, const CureArguments& arguments);

/// The start that the settings ask for, in the place of weights from a file.
/// Applies  where a file of weights is loaded.
/// Effect   whatever stood in it (one layer out of line, a scale, a bias) is gone; so is what it
///          had learned.
Rewritten start_afresh(const Patient& patient, const CureArguments& arguments);

/// Biases of linear layers at `value` (0).
/// Applies  where no file of weights is loaded.
Rewritten start_biases(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
