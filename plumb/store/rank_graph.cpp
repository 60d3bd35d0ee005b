// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/rank_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

namespace {

/// Gives the same id to what has the same path, and new ones in the order of appearance. A path
/// that stands twice in one graph counts as two.
class Union {
 public:
  struct Place {
    std::int32_t id = -1;
    bool is_new = false;
  };
  void begin_rank() { seen_.clear(); }
  Place place(const std::string& path) {
    const auto next = static_cast<std::int32_t>(ids_.size());
    const auto [at, is_new] = ids_.try_emplace({path, seen_[path]++}, next);
    return {at->second, is_new};
  }

 private:
  std::map<std::pair<std::string, int>, std::int32_t> ids_;
  std::map<std::string, int> seen_;
};

/// What has to be the same on all ranks.
struct Check {
  std::span<const std::string> names;
  std::size_t rank = 0;

  template <class T>
  void same(const std::string& what, const T& first, const T& here) const {
    if (first == here) return;
    throw StoreError(
        fmt::format("{}: {} is {}, in {} it is {}: expected runs of the ranks of one training",
                    names[rank], what, here, names[0], first));
  }
};

void add_up(std::int64_t& sum, std::int64_t more) { sum = sum > 0 && more > 0 ? sum + more : 0; }

}  // namespace

RankGraph::RankGraph(std::span<const RunInfo> ranks, std::span<const std::string> names)
    : info_(ranks.front()), maps_(ranks.size()) {
  info_.layers.clear();
  info_.blocks.clear();
  info_.params.clear();
  Union layers, blocks, params;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RunInfo& from = ranks[rank];
    const Check check{names, rank};
    if (rank > 0) {
      add_up(info_.batch, from.batch);
      info_.planned_steps = std::max(info_.planned_steps, from.planned_steps);
      info_.started_at = std::min(info_.started_at, from.started_at);
    }
    auto& [layer_ids, block_ids, param_ids] = maps_[rank];
    for (Union* const one : {&layers, &blocks, &params}) one->begin_rank();

    for (const BlockInfo& block : from.blocks) {
      const auto [id, is_new] = blocks.place(block.path);
      block_ids.push_back(id);
      if (is_new) info_.blocks.push_back(block);
    }
    for (const LayerInfo& layer : from.layers) {
      const auto [id, is_new] = layers.place(layer.path);
      layer_ids.push_back(id);
      if (is_new) {
        info_.layers.push_back(layer);
        info_.layers.back().inputs.clear();
        continue;
      }
      LayerInfo& known = info_.layers[static_cast<std::size_t>(id)];
      check.same("the kind of layer " + layer.path, known.kind, layer.kind);
      check.same("the family of layer " + layer.path, std::string(to_string(known.family)),
                 std::string(to_string(layer.family)));
      known.first_step = std::min(known.first_step, layer.first_step);
    }
    for (const ParamInfo& param : from.params) {
      const auto [id, is_new] = params.place(param.path);
      param_ids.push_back(id);
      if (is_new) {
        info_.params.push_back(param);
        info_.params.back().users.clear();
        sharded_.push_back(param.shards > 1);
        continue;
      }
      ParamInfo& known = info_.params[static_cast<std::size_t>(id)];
      check.same("the use of parameter " + param.path, std::string(to_string(known.use)),
                 std::string(to_string(param.use)));
      check.same("the number of values of parameter " + param.path, known.count, param.count);
      check.same("the number of shards of parameter " + param.path, known.shards, param.shards);
      known.first_step = std::min(known.first_step, param.first_step);
    }

    // What refers to others, in the ids of the whole.
    for (std::size_t i = 0; i < from.blocks.size(); ++i) {
      info_.blocks[static_cast<std::size_t>(block_ids[i])].parent =
          block(rank, from.blocks[i].parent);
    }
    for (std::size_t i = 0; i < from.layers.size(); ++i) {
      LayerInfo& to = info_.layers[static_cast<std::size_t>(layer_ids[i])];
      to.block = block(rank, from.layers[i].block);
      std::vector<Edge> inputs = from.layers[i].inputs;
      for (Edge& edge : inputs) edge.from = layer(rank, edge.from);
      // A rank that saw more of what the layer reads knows better.
      if (inputs.size() > to.inputs.size()) to.inputs = std::move(inputs);
      to.depth = std::max(to.depth, from.layers[i].depth);
    }
    for (std::size_t i = 0; i < from.params.size(); ++i) {
      std::vector<LayerId>& users = info_.params[static_cast<std::size_t>(param_ids[i])].users;
      for (const LayerId user : from.params[i].users) {
        const LayerId id = layer(rank, user);
        if (std::find(users.begin(), users.end(), id) == users.end()) users.push_back(id);
      }
    }
  }
  for (LayerId& output : info_.outputs) output = layer(0, output);
  for (ParamInfo& param : info_.params) param.shard = 0, param.shards = 1;
  info_.settings.emplace_back("ranks", std::to_string(ranks.size()));
}

}  // namespace plumb
