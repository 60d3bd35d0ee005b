// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/core/activation_traits.h"
#include "plumb/core/layer_family.h"
#include "plumb/record/cell_facts.h"

namespace plumb {

/// The place of a layer in RunInfo::layers: who it is, in every record of the run.
using LayerId = std::int32_t;
using BlockId = std::int32_t;  ///< in RunInfo::blocks
inline constexpr LayerId kNoLayer = -1;
inline constexpr BlockId kNoBlock = -1;

/// Which way through a layer that brings several tensors together an input comes.
enum class Way : std::uint8_t {
  unnamed,
  branch,    ///< through the layers that a shortcut goes around
  shortcut,  ///< beside them
  gate       ///< what decides between the two (a highway's gate)
};
std::string_view to_string(Way way);  ///< "branch"; stable, stored
std::optional<Way> parse_way(std::string_view text);

/// One tensor that a layer reads.
struct Edge {
  LayerId from = kNoLayer;  ///< whose output it is
  std::int32_t output = 0;  ///< which of its outputs
  Way way = Way::unnamed;
  /// The way that the books follow through a layer of several inputs. Where none is marked they
  /// follow the one with the most linear layers (flow/layer_graph.h).
  bool main = false;
  friend bool operator==(const Edge&, const Edge&) = default;
};

/// One layer of the recorded network, as every consumer of a run sees it: what computes one tensor
/// from others. A layer without weights (a sum, an attention's products) is one too.
///
/// `path`, `kind` and `text` are for people: nothing is read out of how they are spelt. What is not
/// known is 0 or absent, and silences what would need it.
struct LayerInfo {
  std::string path;  ///< "3", "encoder.layer.3.fc1"
  std::string kind;  ///< "dense", "sigmoid", "res", "Conv2d"
  LayerFamily family = LayerFamily::other;
  std::string text;          ///< as its owner writes it: "dense 128"
  BlockId block = kNoBlock;  ///< the innermost block it stands in
  std::vector<Edge> inputs;  ///< none: nothing is known of what it reads
  /// Linear layers from the input up to and including this one, along the longest way.
  int depth = 0;
  std::int64_t units = 0;    ///< features per sample of its output
  std::int64_t fan_in = 0;   ///< of the weight; 0 without one
  std::int64_t fan_out = 0;  ///< outputs an input feeds on average; less where windows stride
  std::optional<ActivationTraits> traits;  ///< of an activation
  /// Of an activation: what theory::make_activation calls it, "leaky_relu 0.2"; "softmax" of a
  /// layer that is one. Empty where it has no such name.
  std::string function;
  std::optional<CellFacts> cell;  ///< of a recurrent layer
  /// Of a normalisation that keeps running statistics for inference: what part of the way to those
  /// of the batch a step takes them. Absent where it keeps none, or it is not known.
  std::optional<double> running_momentum;
  std::int64_t first_step = 0;  ///< the step at which it first appeared
  friend bool operator==(const LayerInfo&, const LayerInfo&) = default;
};

/// Layers that belong together: a residual block, a module of the owner's, an expert.
struct BlockInfo {
  std::string path;
  std::string kind;
  BlockId parent = kNoBlock;
  friend bool operator==(const BlockInfo&, const BlockInfo&) = default;
};

}  // namespace plumb
