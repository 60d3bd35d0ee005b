// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/record/site.h"

namespace plumb {

/// The layers of a run as chains: the main chain, and for each residual block that of its branch
/// and, if it has one, the projection of its shortcut.
///
/// Refers to the RunInfo and must not outlive it.
class LayerTree {
 public:
  using Chain = std::vector<const LayerInfo*>;

  explicit LayerTree(const RunInfo& info);

  /// The layers whose parent is `parent`, in forward order, without the projection; "" is the main
  /// chain.
  const Chain& chain(std::string_view parent) const;
  /// The layer "<block>.proj", or null.
  const LayerInfo* projection(std::string_view block) const;
  /// All layers in the order in which a forward pass computes them: a block after what is inside
  /// it.
  Chain forward_order() const;

 private:
  void append(const Chain& chain, Chain& order) const;

  std::unordered_map<std::string_view, Chain> chains_;
  std::unordered_map<std::string_view, const LayerInfo*> projections_;
};

/// True for the linear layer on the shortcut of a residual block ("5.proj" of block "5").
bool is_projection(const LayerInfo& layer);

/// The role of a layer's output and of the gradient with respect to it: z for linear layers, a for
/// others.
Role output_role(const LayerInfo& layer);
Role grad_role(const LayerInfo& layer);

}  // namespace plumb
