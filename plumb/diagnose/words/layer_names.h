// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "plumb/flow/layer_graph.h"
#include "plumb/record/finding.h"

namespace plumb {

/// How a person finds a layer: counted as tables and charts count, from the input up. The names
/// come from the graph; a kind is a word in them, and nothing is read out of a path.
/// Refers to the RunInfo and must not outlive it.
class LayerNames {
 public:
  explicit LayerNames(const RunInfo& info) : graph_(info), info_(&info) {}
  explicit LayerNames(const RunInfo&&) = delete;

  /// "layer 3" for a layer with weights, "the gate beside layer 3" in a highway, "the tanh after
  /// layer 3" for one without, "the flatten before layer 1", "the residual block that ends with
  /// layer 4"; "the input". Of several ways without a name, "the dense 'attn.q' beside layer 3".
  std::string layer(LayerId id) const;
  /// "layer 31 of 31": the same for a layer with weights, with how many there are.
  std::string layer_of(LayerId id) const;
  /// "layer 3", "the lstm before layer 1, backwards", "the loss", "the whole network"; with a role
  /// "the output of layer 3", "the gradient at layer 3", "the weight gradient of layer 3 (bias)".
  std::string place(const Place& place) const;
  /// The same without the role.
  std::string where(const Place& place) const;

 private:
  /// Empty where it is not known how the layers are connected.
  std::string_view beside(LayerId id) const;

  LayerGraph graph_;
  const RunInfo* info_;
};

/// The same for one name: makes the graph for it.
std::string layer_text(const RunInfo& info, LayerId id);
std::string layer_of_text(const RunInfo& info, LayerId id);
std::string place_text(const RunInfo& info, const Place& place);

/// The layer of a place: of a parameter its owner; kNoLayer for the loss, the whole network and an
/// id that the run lacks.
LayerId layer_at(const RunInfo& info, const Place& place);

}  // namespace plumb
