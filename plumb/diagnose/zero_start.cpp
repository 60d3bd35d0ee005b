// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/zero_start.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plumb/diagnose/layer_pace.h"

namespace plumb {

namespace {

bool is_zero(double log2) { return std::isinf(log2) && log2 < 0; }

/// Walks the chains from the loss down. Ways may share layers: each is walked at most twice, as one
/// that is behind and as one that is not.
class Upstream {
 public:
  Upstream(const LayerGraph& graph, LeavingZero& layers)
      : graph_(graph), layers_(layers), walked_(graph.info().layers.size()) {}

  void walk(const LayerGraph::Chain& chain, bool is_upstream) {
    for (std::size_t i = chain.size(); i-- > 0;) {
      const LayerId layer = chain[i];
      bool& walked = walked_[static_cast<std::size_t>(layer)][is_upstream ? 1 : 0];
      if (!walked) {
        walked = true;
        if (is_upstream) layers_.upstream.push_back(layer);
        for (const LayerGraph::WayThrough& way : graph_.ways(layer)) walk(way.chain, is_upstream);
      }
      is_upstream = is_upstream || layers_.is_leaving(layer);
    }
  }

 private:
  const LayerGraph& graph_;
  LeavingZero& layers_;
  std::vector<std::array<bool, 2>> walked_;
};

}  // namespace

bool LeavingZero::is_leaving(LayerId layer) const {
  return std::binary_search(layers.begin(), layers.end(), layer);
}

bool LeavingZero::is_upstream(LayerId layer) const {
  return std::binary_search(upstream.begin(), upstream.end(), layer);
}

void ZeroStart::add(const LayerGraph& graph, const std::vector<FlowPoint>& profile) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  seen_.resize(graph.info().layers.size(), false);
  for (Followed& one : followed_) {
    one.latest.push_back({kNan, kNan});
    if (one.latest.size() > 3) one.latest.erase(one.latest.begin());
  }
  for (const FlowPoint& point : profile) {
    const Sizes now{point.log2_weight, point.log2_grad_weight};
    const auto layer = static_cast<std::size_t>(point.layer);
    if (!seen_[layer] && !std::isnan(now.log2_weight)) {
      seen_[layer] = true;
      if (is_zero(now.log2_weight)) {
        followed_.push_back(
            {point.layer, log2_weight_floor(graph.info().layer(point.layer).fan_in), {now}});
      }
      continue;
    }
    const auto it = std::find_if(followed_.begin(), followed_.end(),
                                 [&](const Followed& one) { return one.layer == point.layer; });
    if (it != followed_.end()) it->latest.back() = now;
  }
}

template <class Judge>
LeavingZero ZeroStart::collect(const LayerGraph& graph, Judge judge) const {
  LeavingZero found;
  for (const Followed& one : followed_) {
    if (judge(one)) found.layers.push_back(one.layer);
  }
  if (found.layers.empty()) return found;
  std::sort(found.layers.begin(), found.layers.end());
  Upstream(graph, found).walk(graph.main_chain(), false);
  std::sort(found.upstream.begin(), found.upstream.end());
  return found;
}

namespace {

template <class Sizes>
bool grows_below(double log2_floor, const Sizes& now, const Sizes& before) {
  return now.log2_weight < log2_floor && now.log2_weight > before.log2_weight;
}

}  // namespace

LeavingZero ZeroStart::before_last(const LayerGraph& graph) const {
  return collect(graph, [](const Followed& one) {
    if (one.latest.size() < 2) return false;
    const Sizes& next = one.latest.back();
    const Sizes& now = one.latest[one.latest.size() - 2];
    if (is_zero(now.log2_weight)) return std::isfinite(next.log2_weight);
    return one.latest.size() > 2 && grows_below(one.log2_floor, now, one.latest.front());
  });
}

LeavingZero ZeroStart::last(const LayerGraph& graph) const {
  return collect(graph, [](const Followed& one) {
    const Sizes& now = one.latest.back();
    const Sizes* before = one.latest.size() > 1 ? &one.latest[one.latest.size() - 2] : nullptr;
    if (is_zero(now.log2_weight)) {
      // A gradient in the step before that did not move it says that it is frozen.
      return std::isfinite(now.log2_grad_weight) &&
             (before == nullptr || !std::isfinite(before->log2_grad_weight));
    }
    return before != nullptr && grows_below(one.log2_floor, now, *before);
  });
}

std::vector<LayerId> ZeroStart::started_at_zero() const {
  std::vector<LayerId> layers;
  for (const Followed& one : followed_) layers.push_back(one.layer);
  std::sort(layers.begin(), layers.end());
  return layers;
}

}  // namespace plumb
