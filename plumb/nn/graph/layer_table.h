// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "plumb/nn/layer_request.h"

namespace plumb {

struct LayerEntry {
  std::string_view name;     ///< as in the network language and in Layer::kind()
  std::string_view alias;    ///< popular other names with blanks between them, or empty
  std::string_view usage;    ///< "dense UNITS [bias=BOOL]"
  std::string_view summary;  ///< "y = x weight^T + bias"
  LayerFactory make;
};

/// Every layer of the language, in the order of the manual (layer_table.cpp).
std::span<const LayerEntry> layer_table();

/// Errors  SpecError, as of make_layer(), if a layer of the network, presets written out, has a name that
///         is in no table. Arguments and shapes are not looked at.
void check_names(const Spec& spec);

/// Errors  SpecError with a caret and the nearest known name for an unknown layer.
std::unique_ptr<Layer> make_layer(const std::string& text, const SpecItem& item, const Shape& x,
                                  DType dtype, std::uint64_t seed, const std::string& path);

}  // namespace plumb
