// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/nonfinite.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {

namespace {

bool broken(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

NonFiniteOrigin origin(CauseKind cause, Place place, const Sketch& sketch) {
  return {cause, place, sketch.nonfinite_count, sketch.count};
}

Place place_of(const Site& site) {
  return site.is_of_parameter() ? Place::param(site.id, site.role)
                                : Place::layer(site.id, site.role);
}

bool is_known(const RunInfo& info, const Site& site) {
  const std::size_t count = site.is_of_parameter() ? info.params.size() : info.layers.size();
  return site.id >= 0 && static_cast<std::size_t>(site.id) < count;
}

/// Looks for the first broken tensor along the passes of one step.
class Search {
 public:
  Search(const LayerGraph& graph, const OwnedParams& params, const StepIndex& index)
      : graph_(graph), params_(params), index_(index) {}

  std::optional<NonFiniteOrigin> forward() const {
    for (const LayerId layer : graph_.forward_order()) {
      const LayerInfo& info = graph_.info().layer(layer);
      const Role role = output_role(info);
      const Sketch* y = index_.find(layer, role);
      if (!broken(y)) continue;
      if (info.family == LayerFamily::input) {
        return origin(CauseKind::data, Place::layer(layer, role), *y);
      }
      // Blamed only if what it made is not finite either: a weight that is recorded after a broken
      // update is its victim.
      if (const auto weight = of_params(layer, Role::weight, CauseKind::broken_weight)) {
        return weight;
      }
      return origin(CauseKind::forward_overflow, Place::layer(layer, role), *y);
    }
    return std::nullopt;
  }

  std::optional<NonFiniteOrigin> backward() const {
    const LayerGraph::Chain& order = graph_.forward_order();
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
      const Role role = grad_role(graph_.info().layer(*it));
      const Sketch* flow = index_.find(*it, role);
      if (broken(flow)) {
        return origin(CauseKind::backward_overflow, Place::layer(*it, role), *flow);
      }
      const auto grad = of_params(*it, Role::grad_weight, CauseKind::backward_overflow);
      if (grad) return grad;
    }
    return std::nullopt;
  }

  std::optional<NonFiniteOrigin> update() const {
    for (const Role role : {Role::update, Role::weight}) {
      for (const LayerId layer : graph_.forward_order()) {
        const auto found = of_params(layer, role, CauseKind::optimiser_overflow);
        if (found) return found;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<NonFiniteOrigin> of_params(LayerId layer, Role role, CauseKind cause) const {
    for (const ParamId param : params_[static_cast<std::size_t>(layer)]) {
      const Sketch* sketch = index_.of_param(param, role);
      if (broken(sketch)) return origin(cause, Place::param(param, role), *sketch);
    }
    return std::nullopt;
  }

  const LayerGraph& graph_;
  const OwnedParams& params_;
  const StepIndex& index_;
};

}  // namespace

OwnedParams owned_params(const RunInfo& info) {
  OwnedParams owned(info.layers.size());
  for (std::size_t i = 0; i < info.params.size(); ++i) {
    const std::vector<LayerId>& users = info.params[i].users;
    if (users.empty() || users.front() < 0) continue;
    const auto owner = static_cast<std::size_t>(users.front());
    if (owner < owned.size()) owned[owner].push_back(static_cast<ParamId>(i));
  }
  return owned;
}

std::optional<NonFiniteOrigin> nonfinite_origin(const LayerGraph& graph, const OwnedParams& params,
                                                const StepIndex& index) {
  const StepRecord& step = index.step();
  const bool any = std::any_of(step.sketches.begin(), step.sketches.end(),
                               [](const SketchRecord& one) { return broken(&one.sketch); });
  if (!any && std::isfinite(step.loss)) return std::nullopt;
  const Search search(graph, params, index);
  if (const auto found = search.forward()) return found;
  if (!std::isfinite(step.loss)) return NonFiniteOrigin{CauseKind::loss_overflow, Place::loss()};
  if (step.skipped) return std::nullopt;
  if (const auto found = search.backward()) return found;
  if (const auto found = search.update()) return found;
  for (const SketchRecord& record : step.sketches) {
    if (broken(&record.sketch) && is_known(graph.info(), record.site)) {
      return origin(CauseKind::unknown, place_of(record.site), record.sketch);
    }
  }
  return std::nullopt;
}

void NonFiniteHistory::add(const LayerGraph& graph, const OwnedParams& params,
                           const StepRecord& step, const StepIndex* index) {
  const auto found = index != nullptr ? nonfinite_origin(graph, params, *index) : std::nullopt;
  // NaN there says that nobody took the norm.
  const bool norm_overflowed = index == nullptr && std::isinf(step.grad_norm) && !step.skipped;
  const Step now{step.step, std::isfinite(step.loss)};
  if (!found && now.finite_loss && !norm_overflowed) {
    if (first || index == nullptr) return;
    finite_before = step.step;
    largest = {};
    log2_largest = -std::numeric_limits<double>::infinity();
    for (const SketchRecord& record : step.sketches) {
      const double log2 = record.sketch.true_log2_abs_max();
      if (!std::isfinite(log2) || log2 <= log2_largest) continue;
      if (!is_known(graph.info(), record.site)) continue;
      largest = place_of(record.site);
      log2_largest = log2;
    }
    return;
  }
  if (!first) first = now;
  last = now;
  if (found && !at) {
    at = found;
    shown_by = now;
  }
}

}  // namespace plumb
