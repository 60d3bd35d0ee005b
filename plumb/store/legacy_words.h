// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "plumb/record/run_info.h"

/// What the words of a file of schema 1 or 2 say: kinds, the network language, names of parameters.
/// Newer files say it in fields of their own, and nothing else reads it out of words. Private to
/// store/.
namespace plumb::store {

/// Fills the traits and the name of the function of an activation, from its kind and text and from
/// the stored sup |f'|; those of a kind that is not in the table stay unknown. Fills what is known
/// of the start of a recurrent layer.
/// Source  critical gains at zero bias: He et al. 2015 eq. 10 and 15 (relu, leaky_relu); mean
///         field, chi_1 = 1 (Schoenholz et al. 2017) for tanh, elu and sigmoid; Klambauer et al.
///         2017 (selu); the half-stable points of Roberts, Yaida and Hanin 2022 for gelu and silu.
void describe_from_words(double max_derivative, LayerInfo& layer);

/// What the layer does with its parameter of that name.
ParamUse use_from_words(const LayerInfo& owner, std::string_view param);

}  // namespace plumb::store
