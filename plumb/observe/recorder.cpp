// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/recorder.h"

#include <algorithm>
#include <string>

#include "plumb/core/error.h"
#include "plumb/observe/symmetry.h"

namespace plumb {

namespace {

Role output_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::z : Role::a;
}

Role gradient_role(const LayerInfo& layer) {
  return layer.family == LayerFamily::linear ? Role::grad_z : Role::grad_a;
}

/// "7, expected 0..5".
std::string out_of(std::int64_t id, std::size_t count) {
  return std::to_string(id) + ", expected " +
         (count == 0 ? "none: the graph has none" : "0.." + std::to_string(count - 1));
}

bool is_in(std::int64_t id, std::size_t count) {
  return id >= 0 && id < static_cast<std::int64_t>(count);
}

}  // namespace

std::int64_t Recorder::window_steps(std::int64_t batch) {
  if (batch <= 0) return kMostWindowSteps;
  return std::clamp<std::int64_t>((kWindowSamples + batch - 1) / batch, 1, kMostWindowSteps);
}

Recorder::Recorder(const RunInfo& info, std::int64_t window_steps)
    : info_(info), activations_(window_steps) {}

void Recorder::begin_units(std::int64_t step) {
  if (record_ != nullptr) {
    throw UsageError("Recorder::begin_units within a step: call finish() first");
  }
  watches_units_ = true;
  activations_.begin(info_, step);
}

void Recorder::finish_units() { watches_units_ = false; }

void Recorder::begin(StepRecord& record) {
  if (record_ != nullptr) {
    throw UsageError("Recorder::begin within a step: call finish(), or abandon() where it failed");
  }
  record_ = &record;
  watches_units_ = false;
  record.measured = true;
  record.passes = 1;
  record.symmetries.clear();
  record.blocks.clear();
  sites_.begin(info_, record.sketches);
  activations_.begin(info_, record.step);
  joins_.begin();
  parameters_.begin(info_);
  times_.begin();
  inner_.begin();
  signals_.begin(info_, record.step, record.signals);
  symmetry_found_ = symmetry_asked_ = false;
}

void Recorder::require_step(const char* call) const {
  if (record_ != nullptr) return;
  throw UsageError(std::string("Recorder::") + call + " outside a step: call begin(record) first");
}

void Recorder::require_activation(LayerId layer, const char* call) const {
  if (watches_units_ && is_in(layer, info_.layers.size())) return;
  layer_of(layer, call);
}

const LayerInfo& Recorder::layer_of(LayerId layer, const char* call) const {
  require_step(call);
  if (!is_in(layer, info_.layers.size())) {
    throw UsageError(std::string("Recorder::") + call + " of layer " +
                     out_of(layer, info_.layers.size()));
  }
  return info_.layer(layer);
}

void Recorder::require_param(ParamId param, Role role, const char* call) const {
  require_step(call);
  if (!is_in(param, info_.params.size())) {
    throw UsageError(std::string("Recorder::") + call + " of parameter " +
                     out_of(param, info_.params.size()));
  }
  if (is_of_parameter(role)) return;
  throw UsageError(std::string("Recorder::") + call + " of role " + std::string(to_string(role)) +
                   ", expected weight, grad_weight or update");
}

void Recorder::next_pass() {
  require_step("next_pass");
  joins_.close_all();
  sites_.next_pass();
  ++record_->passes;
}

void Recorder::finish() {
  require_step("finish");
  StepRecord& record = *record_;
  record_ = nullptr;
  parameters_.finish();
  sites_.finish(inner_);
  activations_.finish(record.activations);
  joins_.finish(record.joins);
  times_.finish(info_, record.times);
  inner_.finish(record.inner);
  signals_.finish();
  if (symmetry_asked_) symmetry_due_ = symmetry_found_;
}

void Recorder::output(LayerId layer, ConstView values, Use use) {
  const LayerInfo& info = layer_of(layer, "output");
  sites_.add(Site::layer(layer, output_role(info), use.output), values, 0, use.call);
  if (use.output == 0) signals_.add(layer, values);
  if (info.family == LayerFamily::recurrent) times_.on_output(layer);
}

void Recorder::output(LayerId layer, const ObservedView& values, Use use) {
  const LayerInfo& info = layer_of(layer, "output");
  const Site site = Site::layer(layer, output_role(info), use.output);
  sites_.add(site, values, use.call);
  if (use.output == 0) signals_.add(layer, values);
  add_slices(site, values);
  if (info.family == LayerFamily::recurrent) times_.on_output(layer);
}

void Recorder::gradient(LayerId layer, ConstView values, double log2_scale, Use use) {
  const LayerInfo& info = layer_of(layer, "gradient");
  sites_.add(Site::layer(layer, gradient_role(info), use.output), values, log2_scale, use.call);
  joins_.close(layer, use.output);
}

void Recorder::gradient(LayerId layer, const ObservedView& values, Use use) {
  const LayerInfo& info = layer_of(layer, "gradient");
  const Site site = Site::layer(layer, gradient_role(info), use.output);
  sites_.add(site, values, use.call);
  add_slices(site, values);
  joins_.close(layer, use.output);
}

void Recorder::output(LayerId layer, const Sketch& sketch, Use use) {
  const LayerInfo& info = layer_of(layer, "output");
  sites_.add(Site::layer(layer, output_role(info), use.output), sketch, use.call);
}

void Recorder::gradient(LayerId layer, const Sketch& sketch, Use use) {
  const LayerInfo& info = layer_of(layer, "gradient");
  sites_.add(Site::layer(layer, gradient_role(info), use.output), sketch, use.call);
}

void Recorder::parameter(ParamId param, Role role, const Sketch& sketch) {
  require_param(param, role, "parameter");
  parameters_.add(param, role, sketch);
}

void Recorder::samples(LayerId layer, const ObservedView& values) {
  layer_of(layer, "samples");
  signals_.add(layer, values);
}

void Recorder::derivative(LayerId layer, const DerivativeCounts& counts) {
  require_activation(layer, "derivative");
  activations_.add(layer, counts);
}

void Recorder::join(LayerId layer, std::span<const JoinProducts> ways, std::int32_t output) {
  layer_of(layer, "join");
  joins_.add(layer, output, ways);
}

void Recorder::add_slices(const Site& site, const ObservedView& values) {
  for (const Axis what : {Axis::head, Axis::expert}) {
    const int axis = values.find(what);
    if (axis < 0) continue;
    const std::int64_t count = values.values.sizes[static_cast<std::size_t>(axis)];
    for (std::int64_t i = 0; i < count; ++i) {
      inner_.size({site.id, site.output, slice_name(site.role), what}, static_cast<std::size_t>(i),
                  mean_square(values.slice(axis, i)));
    }
  }
}

void Recorder::derivative(LayerId layer, ConstView derivative) {
  require_activation(layer, "derivative");
  activations_.add(layer, derivative);
}

void Recorder::derivative(LayerId layer, const ObservedView& derivative) {
  require_activation(layer, "derivative");
  activations_.add(layer, derivative);
}

void Recorder::derivative(LayerId layer, const Shape& shape, const DerivativeScan& scan) {
  require_activation(layer, "derivative");
  activations_.add(layer, shape, scan);
}

double Recorder::saturation_limit(LayerId layer) const {
  require_activation(layer, "saturation_limit");
  return activations_.limit(layer);
}

void Recorder::join(LayerId layer, std::span<const JoinGradient> ways, std::int32_t output,
                    LayerId through) {
  layer_of(layer, "join");
  if (through != kNoLayer) layer_of(through, "join");
  joins_.add(layer, output, ways, through);
}

void Recorder::join_way(LayerId layer, const JoinGradient& way, std::int32_t output,
                        LayerId through) {
  layer_of(layer, "join_way");
  if (through != kNoLayer) layer_of(through, "join_way");
  joins_.keep(layer, output, way, through);
}

void Recorder::parameter(ParamId param, Role role, ConstView values, double log2_scale,
                         Piece piece) {
  require_param(param, role, "parameter");
  parameters_.add(param, role, values, log2_scale, piece);
}

void Recorder::parameter(ParamId param, Role role, const ObservedView& values, Piece piece) {
  require_param(param, role, "parameter");
  parameters_.add(param, role, values, piece);
}

void Recorder::symmetry(ParamId param, const StridedView& weight, int unit_axis) {
  require_param(param, Role::weight, "symmetry");
  if (unit_axis < 0 || unit_axis >= weight.rank) {
    throw UsageError("Recorder::symmetry of '" + info_.param(param).path + "': axis " +
                     out_of(unit_axis, static_cast<std::size_t>(weight.rank)));
  }
  symmetry_asked_ = true;
  SymmetryRecord record;
  record.param = param;
  record.units = weight.sizes[static_cast<std::size_t>(unit_axis)];
  record.duplicate_units = duplicate_rows(weight, unit_axis);
  symmetry_found_ = symmetry_found_ || record.duplicate_units > 0;
  record_->symmetries.push_back(record);
}

void Recorder::time_step(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                         ConstView values, double log2_scale) {
  if (layer != kNoLayer) layer_of(layer, "time_step");
  require_step("time_step");
  times_.tell(layer, t, reverse, quantity, values, log2_scale);
}

void Recorder::time_step(LayerId layer, std::int64_t t, bool reverse, TimeQuantity quantity,
                         const ObservedView& values) {
  if (layer != kNoLayer) layer_of(layer, "time_step");
  require_step("time_step");
  times_.tell(layer, t, reverse, quantity, values);
}

void Recorder::inner(LayerId layer, std::string_view name, Axis axis,
                     std::span<const double> values, std::int32_t output) {
  layer_of(layer, "inner");
  inner_.values({layer, output, name, axis}, values);
}

void Recorder::block_use(BlockId block, std::int64_t tokens, std::int64_t calls) {
  require_step("block_use");
  if (!is_in(block, info_.blocks.size())) {
    throw UsageError("Recorder::block_use of block " + out_of(block, info_.blocks.size()));
  }
  auto& blocks = record_->blocks;
  auto use = std::find_if(blocks.begin(), blocks.end(),
                          [&](const BlockUse& one) { return one.block == block; });
  if (use == blocks.end()) use = blocks.insert(blocks.end(), {block, 0, 0});
  use->calls += calls;
  use->tokens += tokens;
}

}  // namespace plumb
