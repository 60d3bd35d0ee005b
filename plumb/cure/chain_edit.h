// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/nn/spec/spec.h"

namespace plumb {

/// The network language, edited: text in, text out that parses again. What is not touched stays as
/// it was written; presets and repeats are written out only by an edit that needs it, and repeats
/// are found again afterwards.

/// What an item of the language is to a rewrite.
enum class ItemRole : std::uint8_t {
  linear,  ///< dense, conv
  activation,
  softmax,
  normalisation,
  dropout,
  recurrent,
  shape,  ///< flatten, last, pooling
  residual,
  repeat,
  other
};
ItemRole role_of(const SpecItem& item);

using Items = std::vector<SpecItem>;

/// The items of a network with its presets written out, repeats as written.
/// Errors  SpecError as parse_spec.
Items items_of(const std::string& network);
/// Without repeats.
Items written_out(const Items& items);
/// One item from its text: "dense 64 bias=false".
SpecItem item_of(const std::string& text);
std::string network_text(const Items& items);

/// The chain with what repeats itself as `N x [...]` again, inside residual blocks too: from the
/// left, the repetition that covers most, and of those the one of the shortest period.
Items folded(const Items& items);

/// The text of a network that says the same layers in one way only: for comparisons.
std::string plain_network(const std::string& network);

/// Every layer, in repeats and residual blocks too, which `visit` may change.
void visit_layers(Items& items, const std::function<void(SpecItem& item)>& visit);
/// Takes away every layer that `is_wanted` names, in repeats and residual blocks too; how many
/// places it was written at. A repeat or block that would be empty keeps its layers.
int remove_layers(Items& items, const std::function<bool(const SpecItem& item)>& is_wanted);
/// How many layers of that role the network has, with repeats written out.
std::int64_t count_layers(const Items& items, ItemRole role);

/// Units of a linear layer, channels of a convolution or states of a recurrent layer, as written;
/// empty for others.
std::string_view width_of(const SpecItem& item);

/// The value of an option; null where it has none of that name.
const SpecOption* find_option(const SpecItem& item, std::string_view key);
/// Sets or adds it; an empty value writes a flag.
void set_option(SpecItem& item, const std::string& key, const std::string& value);
/// Whether there was one: an option, or a word among the arguments.
bool remove_option(SpecItem& item, std::string_view key);

/// The place of the last linear layer of the chain, items.size() where none stands at the top
/// level.
std::size_t last_linear(const Items& items);

/// What the text of most hidden activations is ("relu", "leaky_relu 0.2"), without one behind the
/// last linear layer; empty where there is none.
std::string usual_activation(const Items& items);

}  // namespace plumb
