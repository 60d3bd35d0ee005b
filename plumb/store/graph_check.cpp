// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/graph_check.h"

#include <fmt/format.h>

namespace plumb::store {

namespace {

bool is_within(std::int32_t id, std::size_t size) {
  return id >= 0 && static_cast<std::size_t>(id) < size;
}

/// -1 stands for none.
bool is_none_or_within(std::int32_t id, std::size_t size) {
  return id == -1 || is_within(id, size);
}

std::string unknown(const char* what, std::int32_t id, std::size_t size) {
  return fmt::format("{} {}, the graph has {}", what, id, size);
}

std::string check_place(const GraphSize& size, const Place& place) {
  const bool of_param = place.of == Place::Of::parameter;
  const std::size_t all = of_param ? size.params : size.layers;
  if (is_none_or_within(place.id, all)) return {};
  return unknown(of_param ? "parameter" : "layer", place.id, all);
}

}  // namespace

std::string check_graph(const RunInfo& info) {
  const GraphSize size = GraphSize::of(info);
  for (std::size_t i = 0; i < size.layers; ++i) {
    const LayerInfo& layer = info.layers[i];
    if (!is_none_or_within(layer.block, size.blocks)) {
      return fmt::format("layer {} names {}", i, unknown("block", layer.block, size.blocks));
    }
    for (const Edge& edge : layer.inputs) {
      if (!is_none_or_within(edge.from, size.layers)) {
        return fmt::format("layer {} reads {}", i, unknown("layer", edge.from, size.layers));
      }
    }
  }
  for (std::size_t i = 0; i < size.blocks; ++i) {
    if (!is_none_or_within(info.blocks[i].parent, size.blocks)) {
      return fmt::format("block {} names {}", i,
                         unknown("block", info.blocks[i].parent, size.blocks));
    }
  }
  for (std::size_t i = 0; i < size.params; ++i) {
    for (const LayerId user : info.params[i].users) {
      if (!is_within(user, size.layers)) {
        return fmt::format("parameter {} names {}", i, unknown("layer", user, size.layers));
      }
    }
  }
  for (const LayerId output : info.outputs) {
    if (!is_within(output, size.layers)) {
      return "an output names " + unknown("layer", output, size.layers);
    }
  }
  return {};
}

std::string check_findings(const RunInfo& info, std::span<const Finding> findings) {
  const GraphSize size = GraphSize::of(info);
  for (const Finding& finding : findings) {
    std::vector<Place> places{finding.place, finding.cause.place};
    for (const Evidence& one : finding.evidence) {
      places.insert(places.end(), {one.fact.place, one.fact.reference});
    }
    for (const auto* facts : {&finding.facts, &finding.cause.facts}) {
      for (const Fact& one : *facts) places.insert(places.end(), {one.place, one.reference});
    }
    for (const Remedy& remedy : finding.remedies) places.push_back(remedy.target);
    for (const Place& place : places) {
      const std::string problem = check_place(size, place);
      if (!problem.empty()) return fmt::format("finding {} names {}", finding.rule, problem);
    }
  }
  return {};
}

std::string check_layout(RecordKind kind, const Columns& keys, const GraphSize& size,
                         std::span<const Site> sites) {
  const auto check = [&](std::size_t column, const char* what, std::size_t all, bool or_none) {
    if (!keys.has(column, sizeof(std::int32_t))) return std::string("lacks a column");
    for (const std::int32_t id : keys.column<std::int32_t>(column)) {
      if (!(or_none ? is_none_or_within(id, all) : is_within(id, all))) {
        return "names " + unknown(what, id, all);
      }
    }
    return std::string();
  };
  switch (kind) {
    case RecordKind::sketches:
      for (const Site& site : sites) {
        const std::size_t all = site.is_of_parameter() ? size.params : size.layers;
        if (!is_within(site.id, all)) {
          const char* what = site.is_of_parameter() ? "parameter" : "layer";
          return "names " + unknown(what, site.id, all);
        }
      }
      return {};
    case RecordKind::symmetries: return check(0, "parameter", size.params, false);
    case RecordKind::blocks: return check(0, "block", size.blocks, false);
    case RecordKind::inner: return check(0, "layer", size.layers, true);
    case RecordKind::joins: {
      constexpr std::size_t kReader = 3, kThrough = 5;
      std::string problem = check(0, "layer", size.layers, false);
      if (problem.empty()) problem = check(kReader, "layer", size.layers, true);
      const bool has_blocks = keys.size() > kThrough;
      if (problem.empty() && has_blocks) problem = check(kThrough, "layer", size.layers, true);
      return problem;
    }
    case RecordKind::signals:
    case RecordKind::activations:
    case RecordKind::times: return check(0, "layer", size.layers, false);
  }
  return {};
}

}  // namespace plumb::store
