// SPDX-License-Identifier: Apache-2.0
// OpGraph: where a tensor is read more than once, which edge of autograd's graph brings the
// gradient of which reader.
#include <algorithm>
#include <utility>

#include "plumb/attach/op_graph.h"

namespace plumb {

namespace {

struct AboveEdge {
  AutogradNode node;
  std::size_t edge;
};

}  // namespace

void OpGraph::find_ways(AutogradNode root) {
  std::unordered_map<AutogradNode, std::vector<AboveEdge>> above;
  std::set<AutogradNode> seen;
  std::vector<AutogradNode> stack{root};
  while (!stack.empty()) {
    const AutogradNode node = stack.back();
    stack.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    if (const std::string path = reader_.parameter(node); !path.empty()) reached_.insert(path);
    const std::vector<AutogradNode> edges = reader_.edges(node);
    for (std::size_t k = 0; k < edges.size(); ++k) {
      if (edges[k] == nullptr) continue;
      above[edges[k]].push_back({node, k});
      stack.push_back(edges[k]);
    }
  }

  using Reader = std::pair<OpId, std::int32_t>;
  std::map<OpId, std::vector<Reader>> readers;
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    if (ops_[i].layer == kNoLayer) continue;
    for (std::size_t k = 0; k < ops_[i].inputs.size(); ++k) {
      readers[ops_[i].inputs[k]].emplace_back(static_cast<OpId>(i), static_cast<std::int32_t>(k));
    }
  }
  // The Ops that read the tensor of `id` through this node, which may be a view of it.
  const auto readers_through = [&](AutogradNode from, OpId id) {
    std::set<OpId> found;
    std::set<AutogradNode> passed{from};
    std::vector<AutogradNode> waiting{from};
    while (!waiting.empty()) {
      const AutogradNode node = waiting.back();
      waiting.pop_back();
      const auto owned = owner_.find(node);
      const OpId by = owned == owner_.end() ? kNone : owned->second.op;
      const auto known = of_node_.find(node);
      const bool is_view = by == kNone && known != of_node_.end() && known->second == id;
      if (by != id && !is_view) {
        found.insert(by);
        continue;
      }
      for (const AboveEdge& edge : above[node]) {
        if (passed.insert(edge.node).second) waiting.push_back(edge.node);
      }
    }
    return found;
  };

  for (const auto& [id, reads] : readers) {
    if (reads.size() < 2 || op(id).family == LayerFamily::input || op(id).node == nullptr) continue;
    const std::vector<AboveEdge>& edges = above[op(id).node];
    if (edges.size() < 2) continue;
    std::vector<Reader> expected = reads;
    std::vector<Way> found;
    for (const AboveEdge& edge : edges) {
      const std::set<OpId> by = readers_through(edge.node, id);
      const auto owned = owner_.find(edge.node);
      const auto match =
          by.size() != 1 ? expected.end()
                         : std::find_if(expected.begin(), expected.end(), [&](const Reader& one) {
                             return one.first == *by.begin();
                           });
      if (match == expected.end() || owned == owner_.end() || owned->second.event >= made_.size()) {
        found.clear();
        break;
      }
      found.push_back({owned->second.event, owned->second.inside, edge.edge, op(id).layer,
                       op(match->first).layer, match->second});
      expected.erase(match);
    }
    ways_.insert(ways_.end(), found.begin(), found.end());
  }
}

}  // namespace plumb
