// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plumb/core/layer_family.h"

namespace plumb {

/// What an operation of PyTorch's is in a graph of layers.
enum class OpRole : std::uint8_t {
  plumbing,  ///< passes a tensor on, in another shape, order or type
  layer,     ///< a layer wherever it stands
  product,   ///< a linear layer where it reads a parameter, else a part
  part,      ///< a layer where a layer or the loss reads it
  loss       ///< the loss, or a part of it
};

/// One of the operations that are known by name.
struct OpKind {
  std::string_view name;  ///< without "aten::" and the "_" of those in place: "addmm"
  OpRole role = OpRole::part;
  LayerFamily family = LayerFamily::other;
  /// The loss as RunInfo::loss has it.
  std::string_view loss = {};
};

/// What is known of an operation; one that is not in the table is a part of the family "other".
OpKind op_kind(std::string_view name);

/// The text of an activation as activation_from_text takes it, from the numbers and the word that
/// it is called with: leaky_relu, {0.2} gives "leaky_relu 0.2". Empty where it has none.
std::string activation_function(std::string_view name, std::span<const double> numbers,
                                std::string_view word);

}  // namespace plumb
