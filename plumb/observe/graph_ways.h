// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plumb/record/run_info.h"

/// What check_graph() and check_run() share. Private to observe/.
namespace plumb::detail {

inline bool is_in(std::int64_t id, std::size_t count) {
  return id >= 0 && static_cast<std::size_t>(id) < count;
}

inline std::size_t at(std::int64_t id) { return static_cast<std::size_t>(id); }

inline std::string quoted(const std::string& path) { return "'" + path + "'"; }

inline bool is_linear(const LayerInfo& layer) { return layer.family == LayerFamily::linear; }

/// Says what is wrong with the ids of a graph; false where they lead nowhere, so that nothing can
/// follow them.
bool check_ids(const RunInfo& info, std::vector<std::string>& found);
/// Says what else is wrong with a graph whose ids are sound, or missing from it.
void check_facts(const RunInfo& info, std::vector<std::string>& found);

/// What follows from the edges, where they are sound.
struct Ways {
  std::vector<LayerId> outputs;
  std::vector<bool> leads_out;  ///< by layer: an output depends on it
  std::vector<bool> gets_grad;  ///< and a trained parameter stands at it or below
};

std::vector<LayerId> unread_layers(const RunInfo& info);
/// Layers in an order of the forward pass; fewer than there are where edges form a circle.
std::vector<LayerId> forward_order(const RunInfo& info);
Ways ways_of(const RunInfo& info);

}  // namespace plumb::detail
