// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/way_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

/// The layers that read the tensor in front of a chain whose first layer is `front`.
std::vector<LayerId> readers_on(const LayerGraph& graph, LayerId front) {
  std::vector<LayerId> seen{front};
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (const LayerGraph::WayThrough& way : graph.ways(seen[i])) {
      if (std::find(seen.begin(), seen.end(), way.reader) == seen.end()) {
        seen.push_back(way.reader);
      }
    }
  }
  return seen;
}

std::optional<JoinWay> sum_of(const std::vector<LayerId>& readers, const JoinRecord& join,
                              double log2_all) {
  JoinWay sum{readers.front(), 0, std::numeric_limits<double>::quiet_NaN(), 0};
  const JoinWay* one = nullptr;
  const JoinWay* other = nullptr;
  int inside = 0, outside = 0;
  for (const JoinWay& recorded : join.ways) {
    if (recorded.reader == kNoLayer) return std::nullopt;  // it may hold some of ours
    if (std::find(readers.begin(), readers.end(), recorded.reader) != readers.end()) {
      sum.share += recorded.share;
      one = &recorded;
      ++inside;
    } else {
      other = &recorded;
      ++outside;
    }
  }
  if (inside == 0) return std::nullopt;
  if (inside == 1) {
    sum.log2_rms = one->log2_rms;
  } else if (outside == 0) {
    sum.log2_rms = log2_all;
  } else if (outside == 1) {
    const double squares = std::exp2(2 * (other->log2_rms - log2_all));
    sum.log2_rms = log2_all + 0.5 * std::log2(1 - 2 * other->share + squares);
  }
  return sum;
}

}  // namespace

std::optional<JoinWay> way_gradient(const LayerGraph& graph, const StepIndex& index, LayerId layer,
                                    const LayerGraph::WayThrough& way) {
  const LayerId below = graph.below(layer);
  const JoinRecord* own = index.join_through(layer);
  const JoinRecord* join = own != nullptr ? own : below == kNoLayer ? nullptr : index.join(below);
  if (join == nullptr) return std::nullopt;
  if (own == nullptr && !way.chain.empty() && !graph.ways(way.chain.front()).empty()) {
    const Role role = grad_role(graph.info().layer(below));
    return sum_of(readers_on(graph, way.chain.front()), *join,
                  log2_rms_or_nan(index.find(below, role)));
  }
  // The layer itself may read the tensor by several of its inputs.
  const auto it = std::find_if(join->ways.begin(), join->ways.end(), [&](const JoinWay& one) {
    return one.reader == way.reader && (way.reader != layer || one.input == way.input);
  });
  if (it == join->ways.end()) return std::nullopt;
  return *it;
}

bool is_all_that_reads(const LayerGraph& graph, LayerId layer, LayerId below) {
  const std::vector<LayerId> inside = readers_on(graph, layer);
  return std::ranges::all_of(graph.readers(below), [&](LayerId reader) {
    return std::find(inside.begin(), inside.end(), reader) != inside.end();
  });
}

double log2_of_all_ways(const LayerGraph& graph, const StepIndex& index, LayerId layer) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (const JoinRecord* own = index.join_through(layer)) return own->log2_rms;
  const LayerId below = graph.below(layer);
  if (below == kNoLayer || !is_all_that_reads(graph, layer, below)) return kNaN;
  return log2_rms_or_nan(index.find(below, grad_role(graph.info().layer(below))));
}

}  // namespace plumb
