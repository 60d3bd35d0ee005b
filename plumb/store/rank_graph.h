// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "plumb/record/run_info.h"

namespace plumb {

/// One graph of the graphs that the ranks of one training recorded, each on its own: layers, blocks
/// and parameters are the same where their paths are, whatever their ids (an expert may have been
/// called on one rank first, and on another never). Shards of a parameter become one.
///
/// Errors  StoreError, with the rank and the path, where a layer or a parameter of one path is of
///         another family, kind or use.
/// Threads Immutable after construction.
class RankGraph {
 public:
  /// names: of the runs, for messages; as many as ranks.
  RankGraph(std::span<const RunInfo> ranks, std::span<const std::string> names);

  const RunInfo& info() const { return info_; }
  std::size_t ranks() const { return maps_.size(); }
  /// The ids in info() of what a rank knows by its own.
  LayerId layer(std::size_t rank, LayerId id) const { return at(maps_[rank][0], id); }
  BlockId block(std::size_t rank, BlockId id) const { return at(maps_[rank][1], id); }
  ParamId param(std::size_t rank, ParamId id) const { return at(maps_[rank][2], id); }
  /// The ranks hold parts of the parameter, which together are all of it.
  bool is_sharded(ParamId id) const { return sharded_[static_cast<std::size_t>(id)]; }

 private:
  using Ids = std::vector<std::int32_t>;
  static std::int32_t at(const Ids& ids, std::int32_t id) {
    return id < 0 ? id : ids[static_cast<std::size_t>(id)];
  }

  RunInfo info_;
  std::vector<std::array<Ids, 3>> maps_;  ///< by rank: layers, blocks, parameters
  std::vector<bool> sharded_;             ///< by parameter of info_
};

}  // namespace plumb
