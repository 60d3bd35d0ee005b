// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "plumb/nn/layer.h"
#include "plumb/nn/spec/arguments.h"

namespace plumb {

/// What a layer's factory gets: its arguments, the shape of the input (batch axis included, any
/// extent), the dtype and the seed (for layers that draw random numbers; `path` names their
/// stream).
struct LayerRequest {
  SpecArguments& arguments;
  Shape x;
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  std::string path;
};

using LayerFactory = std::unique_ptr<Layer> (*)(LayerRequest& request);

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
