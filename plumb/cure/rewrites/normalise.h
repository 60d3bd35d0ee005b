// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/rewrite.h"

namespace plumb {

/// Batch normalisation (layer normalisation for batches below 16 samples) behind every hidden
/// linear layer that has none; `kind` asks for one of the language's.
/// Applies  where there are such layers.
/// Effect   lengths stay what they are at every depth, whatever the start.
/// Source   Ioffe and Szegedy 2015; Ba, Kiros, Hinton 2016. For very deep chains normalisation
///          alone explodes gradients (Yang et al. 2019): the probe says so.
Rewritten add_normalisation(const Patient& patient, const CureArguments& arguments);

/// Takes batch normalisation away.
/// Applies  where there is some.
/// Effect   no statistics of batches of one or two samples, nor of running means that never arrive.
Rewritten drop_normalisation(const Patient& patient, const CureArguments& arguments);

/// The normalisation behind a residual block becomes the first layer of its branch; the one behind
/// the last such block stays there too.
/// Applies  where a normalisation follows a residual block.
/// Effect   the shortcut runs from end to end without a normalisation on it, so the gradient keeps
///          its size over the blocks from the start.
/// Source   He et al. 2016, arXiv:1603.05027; Xiong et al. 2020, arXiv:2002.04745.
Rewritten normalise_before(const Patient& patient, const CureArguments& arguments);

/// `momentum` and `eps` of batch normalisation at their defaults, so that the running statistics
/// follow those of the batches.
/// Applies  where one of them is set.
Rewritten usual_statistics(const Patient& patient, const CureArguments& arguments);

/// Group normalisation with one group that holds all channels.
/// Applies  where one has more groups.
/// Effect   of a group of two values nothing but a sign is left, of a larger one nearly all.
/// Source   Wu and He 2018, arXiv:1803.08494: one group is layer normalisation.
Rewritten enlarge_groups(const Patient& patient, const CureArguments& arguments);

}  // namespace plumb
