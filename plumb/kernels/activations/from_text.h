// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "plumb/kernels/activations/definition.h"

namespace plumb {

/// The activation that a text names as the network language does, without the language: "tanh",
/// "leaky_relu 0.2", "gelu approximate=tanh", "hardtanh -2 2".
/// Errors  SpecError for an unknown name or arguments that the activation does not take.
ActivationDefinition activation_from_text(std::string_view text);

/// The first word of a text, its name.
std::string_view first_word(std::string_view text);

}  // namespace plumb
