// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/activation_recorder.h"

#include <array>
#include <limits>
#include <string>

#include "plumb/core/error.h"

namespace plumb {

namespace {

std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }

void check_mask(const ObservedView& view) {
  if (view.kept == nullptr) return;
  for (int axis = 0; axis < view.values.rank; ++axis) {
    const Axis what = view.axes[at(axis)];
    if (!ObservedView::tells_units(what) || view.kept_strides[at(axis)] == 0) continue;
    throw UsageError(
        "Recorder::derivative: the mask differs between the units of one sample, expected a stride "
        "of 0 along their axis");
  }
}

}  // namespace

void ActivationRecorder::begin(const RunInfo& info, std::int64_t step) {
  info_ = &info;
  step_ = step;
  ++begun_;
  recorded_.clear();
  if (states_.size() < info.layers.size()) states_.resize(info.layers.size());
}

double ActivationRecorder::limit(LayerId layer) const {
  const std::optional<ActivationTraits>& traits = info_->layer(layer).traits;
  return traits ? kSaturatedDerivative * traits->max_derivative.value_or(0) : 0;
}

ActivationRecorder::State& ActivationRecorder::state(LayerId layer, std::int64_t units) {
  if (at(layer) >= states_.size()) states_.resize(at(layer) + 1);
  State& state = states_[at(layer)];
  if (!state.window) {
    state.window.emplace(units, window_steps_);
    state.units = units;
  }
  if (state.units != units) {
    throw UsageError("Recorder::derivative of '" + info_->layer(layer).path +
                     "': " + std::to_string(units) + " units, expected " +
                     std::to_string(state.units) + " as before");
  }
  if (state.begun != begun_) {
    state.begun = begun_;
    state.stats = {};
    state.window->begin(step_);
    recorded_.push_back(layer);
  }
  return state;
}

void ActivationRecorder::add(LayerId layer, ConstView derivative) {
  if (derivative.shape.rank() == 3) {
    add(layer, ObservedView(derivative));  // its time steps are no units
    return;
  }
  State& to = state(layer, UnitActivity::units_of(derivative.shape));
  to.stats.merge(to.window->add(derivative, limit(layer)));
}

void ActivationRecorder::add(LayerId layer, const Shape& shape, const DerivativeScan& scan) {
  const std::int64_t units = shape.rank() == 3 ? shape[2] : UnitActivity::units_of(shape);
  State& to = state(layer, units);
  to.stats.merge(to.window->add_all_active(shape[0], shape.size(), scan.below, scan.squares));
}

void ActivationRecorder::add(LayerId layer, const DerivativeCounts& counts) {
  State& to = state(layer, static_cast<std::int64_t>(counts.active.size()));
  to.stats.merge(to.window->add(counts));
}

void ActivationRecorder::add(LayerId layer, const ObservedView& derivative) {
  check_mask(derivative);
  State& to = state(layer, derivative.units());
  if (derivative.values.size() == 0) return;
  const int sample = derivative.find(Axis::sample);
  if (derivative.kept != nullptr) {
    const std::int64_t samples = sample < 0 ? 1 : derivative.values.sizes[at(sample)];
    for (std::int64_t i = 0; i < samples; ++i) {
      add_kept(to, sample < 0 ? derivative : derivative.slice(sample, i), limit(layer));
    }
    return;
  }
  std::array<int, StridedView::kMaxRank> units{};
  std::size_t count = 0;
  for (int axis = 0; axis < derivative.values.rank; ++axis) {
    if (ObservedView::tells_units(derivative.axes[at(axis)])) units[count++] = axis;
  }
  const UnitAxes axes{sample, std::span(units).first(count)};
  to.stats.merge(to.window->add(derivative.values, axes, limit(layer)));
}

// The places that count, one behind the other.
void ActivationRecorder::add_kept(State& to, const ObservedView& sample, double limit) {
  const ObservedView rows = sample.units_last();
  if (scratch_.size() < at(rows.values.size())) scratch_.resize(at(rows.values.size()));
  KeptReader reader(rows);
  const auto count = static_cast<std::int64_t>(reader.next(std::span(scratch_)));
  if (count == 0) return;
  const std::int64_t sizes[] = {count / to.units, to.units}, strides[] = {to.units, 1};
  const int units[] = {1};
  const StridedView kept(scratch_.data(), ElementType::f32, sizes, strides);
  to.stats.merge(to.window->add(kept, {-1, units}, limit));
}

void ActivationRecorder::finish(std::vector<ActivationRecord>& records) {
  records.resize(recorded_.size());
  for (std::size_t i = 0; i < recorded_.size(); ++i) {
    const State& from = states_[at(recorded_[i])];
    const bool knows_limit = limit(recorded_[i]) > 0;
    ActivationRecord& to = records[i];
    to.layer = recorded_[i];
    to.log2_rms_derivative = from.stats.log2_rms;
    to.saturated_fraction =
        knows_limit ? from.stats.below_fraction : std::numeric_limits<double>::quiet_NaN();
    to.active_fraction = from.window->active_fraction();
    to.units = from.units;
    to.dead_units = from.window->dead_units();
    to.window_samples = from.window->sample_count();
  }
}

}  // namespace plumb
