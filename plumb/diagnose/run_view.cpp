// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/run_view.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "plumb/diagnose/rules/saturated_activation.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::atomic<std::uint64_t> booked{0};

bool is_linear(const RunInfo& info, LayerId layer) {
  return info.layer(layer).family == LayerFamily::linear;
}

const FlowPoint* point_of(const std::vector<FlowPoint>& profile, LayerId layer) {
  const auto it = std::find_if(profile.begin(), profile.end(),
                               [&](const FlowPoint& point) { return point.layer == layer; });
  return it == profile.end() ? nullptr : &*it;
}

double log2_learning(const std::vector<FlowPoint>& profile, const ChainEnds& ends) {
  const FlowPoint* first = point_of(profile, ends.first);
  const FlowPoint* last = point_of(profile, ends.last);
  if (first == nullptr || last == nullptr) return kNan;
  const double updates = first->log2_update_ratio - last->log2_update_ratio;
  if (std::isfinite(updates)) return updates;
  const double gradients =
      (first->log2_grad_weight - first->log2_weight) - (last->log2_grad_weight - last->log2_weight);
  return std::isfinite(gradients) ? gradients : kNan;
}

/// By layer, in one sweep from the output down: a linear reader is next itself, another one hands
/// on what is next to it.
std::vector<std::vector<LayerId>> find_next_linear(const LayerGraph& graph) {
  std::vector<std::vector<LayerId>> next(graph.info().layers.size());
  const LayerGraph::Chain& order = graph.forward_order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    std::vector<LayerId>& of = next[static_cast<std::size_t>(*it)];
    for (const LayerId reader : graph.readers(*it)) {
      if (is_linear(graph.info(), reader)) {
        of.push_back(reader);
        continue;
      }
      const std::vector<LayerId>& beyond = next[static_cast<std::size_t>(reader)];
      of.insert(of.end(), beyond.begin(), beyond.end());
    }
    std::sort(of.begin(), of.end());
    of.erase(std::unique(of.begin(), of.end()), of.end());
  }
  return next;
}

LayerId zero_above_weights(const LayerGraph& graph, const Ledger& ledger, LayerId last_linear) {
  if (!ledger.ends_in_zero()) return kNoLayer;
  if (ledger.ends_at == last_linear) return ledger.ends_at_output ? last_linear : kNoLayer;
  const LayerGraph::Chain& chain = graph.main_chain();
  const auto last = std::find(chain.begin(), chain.end(), last_linear);
  return std::find(last, chain.end(), ledger.ends_at) == chain.end() ? kNoLayer : ledger.ends_at;
}

}  // namespace

std::uint64_t steps_booked() { return booked; }

RunView::RunView(const RunInfo& info) {
  graph_.emplace(info);
  read_graph();
}

RunView::RunView(const Run& run) : RunView(run.info) {
  for (const StepRecord& step : run.steps) add(step);
}

void RunView::grow(const RunInfo& info) {
  graph_.emplace(info);
  read_graph();
}

void RunView::read_graph() {
  const RunInfo& info = graph_->info();
  params_ = owned_params(info);
  next_linear_ = find_next_linear(*graph_);
  units_.resize(info.layers.size());
  symmetry_.resize(info.layers.size());
  chain_ends_ = {};
  for (const LayerId layer : graph_->forward_order()) {
    if (!is_linear(info, layer) || !graph_->is_on_chain(layer)) continue;
    if (chain_ends_.first == kNoLayer) chain_ends_.first = layer;
    chain_ends_.last = layer;
  }
}

void RunView::add(const StepRecord& step) {
  losses_.add(step);
  growth_.add(step, reference_loss(info(), losses_));
  if (!step.measured) {
    nonfinite_.add(*graph_, params_, step, nullptr);
    return;
  }
  const StepIndex index(info(), step);
  nonfinite_.add(*graph_, params_, step, &index);
  add_measured(step, index);
}

void RunView::add_measured(const StepRecord& step, const StepIndex& index) {
  ++booked;
  last_profile_ = flow_profile(*graph_, index);
  zero_start_.add(*graph_, last_profile_);
  if (!measured_.empty()) {
    MeasuredStep& before = measured_.back();
    LeavingZero settled = zero_start_.before_last(*graph_);
    if (settled != before.leaving_zero) {
      before.leaving_zero = std::move(settled);
      before.flow = depth_flow(*graph_, last_, before.leaving_zero.layers);
    }
  }
  last_ = make_ledger(*graph_, index);
  saw_books_ = saw_books_ || !last_.is_empty();

  MeasuredStep& now = measured_.emplace_back();
  now.step = step.step;
  now.loss = step.loss;
  now.learning_rate = step.learning_rate;
  now.clip_factor = step.clip_factor;
  now.weight_decay = decay_of(info(), step);
  now.leaving_zero = zero_start_.last(*graph_);
  now.flow = depth_flow(*graph_, last_, now.leaving_zero.layers);
  now.odd = odd_layers(*graph_, last_, last_profile_, zero_start_.started_at_zero());
  now.paces = layer_paces(info(), step, last_profile_, index);
  now.log2_learning = log2_learning(last_profile_, chain_ends_);
  now.done = step.loss <= kDoneFraction * reference_loss(info(), losses_);
  if (info().has_half_gradients()) now.half = half_underflow(*graph_, index);
  now.zero_above = zero_above_weights(*graph_, last_, chain_ends_.last);
  for (const TimeRecord& record : step.times) {
    if (record.layer < 0 || static_cast<std::size_t>(record.layer) >= units_.size()) continue;
    now.times.push_back(time_flow(info(), step, record));
  }
  add_units(step, index);
  add_symmetry(index);
  last_forward_ = forward_step(info(), step);
  if (!first_forward_) first_forward_ = last_forward_;
  if (!step.signals.empty()) signals_.push_back({step.step, step.signals});
  for (std::size_t layer = 0; layer < units_.size() && !saw_gradients_; ++layer) {
    const auto id = static_cast<LayerId>(layer);
    const Sketch* sketch = index.find(id, grad_role(info().layer(id)));
    saw_gradients_ = sketch != nullptr && sketch->count > 0;
  }
}

void RunView::add_units(const StepRecord& step, const StepIndex& index) {
  constexpr auto kUnknown = std::numeric_limits<float>::quiet_NaN();
  for (const LayerId id : graph_->forward_order()) {
    const ActivationRecord* record = index.activation(id);
    if (record == nullptr) continue;
    UnitFacts facts{record->units,
                    record->dead_units,
                    record->window_samples,
                    record->saturated_fraction,
                    std::isfinite(step.loss),
                    kUnknown,
                    kUnknown,
                    kUnknown};
    const LayerInfo& layer = info().layer(id);
    const LayerId linear = layer.inputs.size() == 1 ? layer.inputs[0].from : kNoLayer;
    if (record->saturated_fraction >= kSaturatedFraction && linear != kNoLayer &&
        is_linear(info(), linear)) {
      const LayerInfo& before = info().layer(linear);
      facts.log2_z = static_cast<float>(log2_rms_or_nan(index.find(linear, Role::z)));
      if (before.fan_in > 0) {
        facts.log2_gain = static_cast<float>(log2_rms_or_nan(index.find(linear, Role::weight)) +
                                             0.5 * std::log2(static_cast<double>(before.fan_in)));
      }
      if (before.inputs.size() == 1) {
        const LayerId x = before.inputs[0].from;
        facts.log2_x =
            static_cast<float>(log2_rms_or_nan(index.find(x, output_role(info().layer(x)))));
      }
    }
    units_[static_cast<std::size_t>(id)].add(measured_.size() - 1, facts);
  }
}

void RunView::add_symmetry(const StepIndex& index) {
  for (const LayerId id : graph_->forward_order()) {
    const SymmetryRecord* record = is_linear(info(), id) ? index.symmetry(id) : nullptr;
    if (record == nullptr) continue;
    const double weight = log2_rms_or_nan(index.find(id, Role::weight));
    symmetry_[static_cast<std::size_t>(id)].add(
        measured_.size() - 1,
        {record->units, record->duplicate_units, std::isinf(weight) && weight < 0});
  }
}

double RunView::last_log2_weight(LayerId layer) const {
  const FlowPoint* point = point_of(last_profile_, layer);
  return point == nullptr ? kNan : point->log2_weight;
}

double RunView::last_log2_grad_weight(LayerId layer) const {
  const FlowPoint* point = point_of(last_profile_, layer);
  return point == nullptr ? kNan : point->log2_grad_weight;
}

Missing RunView::missing() const {
  if (measured_.empty()) return Missing::steps;
  const std::vector<LayerInfo>& layers = info().layers;
  if (layers.empty()) return Missing::layers;
  if (!saw_gradients_) return Missing::gradients;
  if (saw_books_) return Missing::nothing;
  // One layer alone has no gradient between layers to be recorded, nor has one that is trained
  // alone.
  std::vector<bool> is_frozen(layers.size(), false), is_trained(layers.size(), false);
  for (const ParamInfo& param : info().params) {
    for (const LayerId user : param.users) {
      (param.frozen ? is_frozen : is_trained)[static_cast<std::size_t>(user)] = true;
    }
  }
  std::ptrdiff_t linear = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool only_frozen = is_frozen[i] && !is_trained[i];
    linear += layers[i].family == LayerFamily::linear && !only_frozen ? 1 : 0;
  }
  if (linear < 2) return Missing::nothing;
  const bool connected = std::any_of(layers.begin(), layers.end(),
                                     [](const LayerInfo& layer) { return !layer.inputs.empty(); });
  return connected ? Missing::gradients : Missing::edges;
}

}  // namespace plumb
