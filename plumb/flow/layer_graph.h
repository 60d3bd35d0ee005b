// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plumb/record/run_info.h"

namespace plumb {

/// The layers of a run as the books go through them, made once from the edges alone.
///
/// A layer of one input follows the layer it reads. A layer that brings several tensors together
/// (a sum, a concatenation, an attention) follows the tensor where all its ways meet again: its
/// immediate dominator, the last layer that every way from the input to it goes through. The layers
/// in between stand on its ways. So the main chain is the way from the input to the loss on which
/// each block is one link, and each way of a block is a chain of its own, with blocks again.
///
/// Errors   UsageError where an edge names a layer that is not there, or edges form a circle.
/// Refers to the RunInfo and must not outlive it.
/// Threads  Immutable once made.
class LayerGraph {
 public:
  using Chain = std::vector<LayerId>;

  /// One way through a layer of several inputs.
  struct WayThrough {
    Way way = Way::unnamed;
    std::int32_t input = 0;     ///< the place of its edge among the inputs
    bool main = false;          ///< marked by the producer; at most one of a layer
    LayerId reader = kNoLayer;  ///< which reads the tensor where the ways meet: the first of the
                                ///< chain, or the layer of several inputs itself
    Chain chain;                ///< input side first, without both ends; empty for an identity
  };

  explicit LayerGraph(const RunInfo& info);
  explicit LayerGraph(RunInfo&&) = delete;

  const RunInfo& info() const { return *info_; }

  /// Input side first, without the input; ends with the layer whose output the loss reads. Of
  /// several outputs it is the way of the last.
  const Chain& main_chain() const { return main_chain_; }
  /// Every layer in an order in which a forward pass can compute them: those it reads before it.
  const Chain& forward_order() const { return order_; }
  /// What precedes the layer on its chain: what it reads, or where its ways meet; where they come
  /// from different inputs and never meet, what its main way begins with. kNoLayer for an input.
  LayerId below(LayerId layer) const { return below_[index(layer)]; }
  /// Of a layer of several inputs, in the order of the inputs; empty for others.
  std::span<const WayThrough> ways(LayerId layer) const { return ways_[index(layer)]; }
  /// The one of that name, or null.
  const WayThrough* way(LayerId layer, Way name) const;
  /// The way that the layers counted by depth stand on: the branch; where none has that name, the
  /// one with the most linear layers. Null for a layer of one input.
  const WayThrough* deepest_way(LayerId layer) const;
  /// The layers that read the layer's output, in forward order.
  std::span<const LayerId> readers(LayerId layer) const { return readers_[index(layer)]; }
  /// Whether the layer stands on the main chain, or on the deepest way of a layer there, and so on:
  /// what follows the gradient from layer to layer takes these alone.
  bool is_on_chain(LayerId layer) const { return beside_[index(layer)] == kOnChain; }
  /// "shortcut", "gate", "way", for a layer beside the chain; empty on it. Layers that the loss
  /// does not depend on are beside it too.
  std::string_view beside(LayerId layer) const;

 private:
  static constexpr int kOnChain = -1;
  static constexpr int kUnseen = -2;
  static constexpr std::size_t index(LayerId layer) { return static_cast<std::size_t>(layer); }
  void find_readers();
  void sort();
  LayerId meet(LayerId a, LayerId b) const;
  void find_ways(LayerId layer);
  void note_beside(const Chain& chain, int beside);
  Chain chain_between(LayerId top, LayerId end) const;
  LayerId output() const;

  const RunInfo* info_;
  Chain order_, main_chain_;
  std::vector<int> rank_;           ///< by layer: its place in order_
  std::vector<LayerId> dominator_;  ///< the immediate one; kNoLayer where there is none
  std::vector<LayerId> below_;
  std::vector<int> linear_;   ///< linear layers of the layer itself or on its deepest way
  std::vector<int> deepest_;  ///< of its ways; -1 without any
  std::vector<std::vector<LayerId>> readers_;
  std::vector<std::vector<WayThrough>> ways_;
  std::vector<int> beside_;  ///< kOnChain, or the Way it stands on
};

/// The role of a layer's output and of the gradient with respect to it: z for linear layers, a for
/// others.
Role output_role(const LayerInfo& layer);
Role grad_role(const LayerInfo& layer);

}  // namespace plumb
