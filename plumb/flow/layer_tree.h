// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/record/site.h"

namespace plumb {

/// The layers of a run as chains: the main chain, and for each residual block that of its
/// branch, that of its shortcut and its gate, if it has them.
///
/// Refers to the RunInfo and must not outlive it.
class LayerTree {
 public:
  using Chain = std::vector<const LayerInfo*>;

  explicit LayerTree(const RunInfo& info);
  explicit LayerTree(const RunInfo&&) = delete;  ///< would dangle

  /// The layers whose parent is `parent`, in forward order, without those beside the branch; "" is
  /// the main chain.
  const Chain& chain(std::string_view parent) const;
  /// The layers on the shortcut of a block, in forward order; none for an identity.
  const Chain& shortcut(std::string_view block) const;
  /// The linear layer of a highway's gate, or null.
  const LayerInfo* gate(std::string_view block) const;
  /// All layers in the order in which a forward pass computes them: a block after what is inside
  /// it.
  Chain forward_order() const;

 private:
  void append(const Chain& chain, Chain& order) const;

  std::unordered_map<std::string_view, Chain> chains_;
  std::unordered_map<std::string_view, Chain> shortcuts_;
  std::unordered_map<std::string_view, const LayerInfo*> gates_;
};

/// The name of a layer of a residual block beside its branch: "proj" of "5.proj", which is on the
/// shortcut of block "5", "gate" of "5.gate". Empty for layers of the branch, which have a number
/// there ("5.0"), and for those of the main chain.
std::string_view name_beside_branch(const LayerInfo& layer);

/// The role of a layer's output and of the gradient with respect to it: z for linear layers, a for
/// others.
Role output_role(const LayerInfo& layer);
Role grad_role(const LayerInfo& layer);

}  // namespace plumb
