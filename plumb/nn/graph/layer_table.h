// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plumb/nn/layer_request.h"

namespace plumb {

/// A row of the table of layers: everything that the language, the help and the completion know of
/// one. A caller's own layer is a row of its own, handed over beside this table
/// (NetworkOptions::own_layers): a class derived from Layer and a factory that reads its arguments.
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
void check_names(const Spec& spec, std::span<const LayerEntry> own = {});

/// Errors  UsageError for a name of `own` that is taken: by layer_table(), by a join, a preset or another row.
void require_free_names(std::span<const LayerEntry> own);

/// Errors  SpecError with a caret and the nearest known name for an unknown layer. The names of `own` are free.
std::unique_ptr<Layer> make_layer(const std::string& text, const SpecItem& item, const Shape& x,
                                  DType dtype, std::uint64_t seed, const std::string& path,
                                  std::span<const LayerEntry> own = {});

}  // namespace plumb
