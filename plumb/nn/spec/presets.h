// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "plumb/nn/spec/spec.h"

namespace plumb {

/// Networks with a name: a word of the language that stands for a longer text in it.
///
///   resnetN  N = 6 n + 2 (20, 32, 44, 56, 110): conv 16 > three stages of n blocks of 16, 32 and 64
///            channels at full, half and quarter size > gap > dense. He et al. 2015, section 4.2.
///   plainN   the same layers without the shortcuts
///   mlp      flatten > depth x [dense width > activation] > dense
///
/// Deviation from the paper: `pad` puts the new channels behind the old ones and keeps every other
/// pixel; the paper does not say where its zeros go.
struct PresetEntry {
  std::string_view name;     ///< "resnet20"
  std::string_view usage;    ///< "resnet20 [classes=10] ..."
  std::string_view summary;  ///< one line
};
std::span<const PresetEntry> preset_table();

/// The network with every preset written out; the same one where there is none. Its text is what
/// was written out, so that later messages point into that.
/// Errors  SpecError with a caret at the preset for an option that it does not have, a depth that is not
///         6 n + 2, or more layers than kMaxLayers.
Spec write_out_presets(const Spec& spec);

}  // namespace plumb
