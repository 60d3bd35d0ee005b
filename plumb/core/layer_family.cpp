// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/layer_family.h"

#include "plumb/core/names.h"

namespace plumb {

namespace {

constexpr std::string_view kNames[] = {
    "input",         "linear",  "activation", "shape",     "dropout",   "residual", "join",
    "normalisation", "pooling", "recurrent",  "attention", "embedding", "other"};
static_assert(std::size(kNames) == static_cast<std::size_t>(LayerFamily::other) + 1);

}  // namespace

std::string_view to_string(LayerFamily family) { return name_of(family, kNames); }

std::optional<LayerFamily> parse_layer_family(std::string_view text) {
  return value_named<LayerFamily>(text, kNames);
}

}  // namespace plumb
