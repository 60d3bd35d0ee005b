// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/core/error.h"
#include "plumb/stats/magnitude.h"
#include "plumb/train/symmetry.h"

namespace plumb {

namespace {

Role output_role(const Node& node) {
  return node.family() == LayerFamily::linear ? Role::z : Role::a;
}

Role gradient_role(const Node& node) {
  return node.family() == LayerFamily::linear ? Role::grad_z : Role::grad_a;
}

double saturated_fraction(ConstView derivative, double limit) {
  return dispatch(derivative.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto values = derivative.as<T>();
    const T threshold = static_cast<T>(limit);
    // An int sum of 0/1 is a loop that the compiler turns into vector compares.
    std::int64_t count = 0;
    for (const T value : values) count += std::abs(value) < threshold ? 1 : 0;
    return values.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(values.size());
  });
}

}  // namespace

Probe::Probe(const Network& network) : network_(network) {
  std::int64_t largest = 0;
  network.visit([&](const Node& node) {
    if (node.family() == LayerFamily::activation) largest = std::max(largest, node.y.size());
  });
  if (largest > 0) derivative_ = Tensor(Shape{largest}, network.dtype());
}

void Probe::begin(StepRecord& record) {
  record_ = &record;
  record.measured = true;
  record.activations.clear();
  record.joins.clear();
  record.symmetries.clear();
  used_ = 0;
}

void Probe::finish() {
  record_->sketches.resize(used_);
  if (symmetry_due_) add_symmetries();
  record_ = nullptr;
}

void Probe::add(std::string path, Role role, std::string param, ConstView values, int log2_scale) {
  auto& sketches = record_->sketches;
  if (used_ == sketches.size()) sketches.emplace_back();
  SketchRecord& slot = sketches[used_++];
  slot.site.path = std::move(path);
  slot.site.role = role;
  slot.site.param = std::move(param);
  slot.sketch = sketch(values, log2_scale);
}

void Probe::on_output(const Node& node, ConstView x, ConstView y) {
  if (used_ == 0) add("input", Role::a, "", network_.input_view(), 0);
  add(node.path, output_role(node), "", y, 0);
  if (node.layer) {
    // The weights that this step's passes use: the optimiser has not been here yet.
    for (const Param& param : node.layer->params()) {
      add(node.path, Role::weight, param.name, param.value.view(), 0);
    }
  }
  if (node.family() == LayerFamily::activation) add_activation(node, x, y);
}

void Probe::add_activation(const Node& node, ConstView x, ConstView y) {
  const View derivative{derivative_.view().data, y.dtype, y.shape};
  if (!node.layer->derivative(x, y, derivative)) return;
  Window& window = windows_[node.path];
  if (window.younger.units() == 0) {
    window = {UnitActivity(y.shape.row_size()), UnitActivity(y.shape.row_size())};
  }
  window.younger.add(derivative);
  UnitActivity activity = window.older;
  activity.merge(window.younger);

  ActivationRecord record;
  record.path = node.path;
  record.log2_rms_derivative = log2_rms(derivative);
  record.saturated_fraction =
      saturated_fraction(derivative, kSaturatedDerivative * node.layer->max_derivative());
  record.active_fraction = activity.active_fraction();
  record.units = activity.units();
  record.dead_units = activity.dead_units();
  record.window_samples = activity.sample_count();
  record_->activations.push_back(std::move(record));

  if (window.younger.sample_count() >= kWindowSamples) {
    window.older = std::move(window.younger);
    window.younger = UnitActivity(y.shape.row_size());
  }
}

void Probe::on_gradient(const Node& node, ConstView grad_y, int log2_scale) {
  add(node.path, gradient_role(node), "", grad_y, log2_scale);
}

void Probe::on_join(const Node& node, ConstView branch, int branch_log2_scale, ConstView shortcut,
                    int shortcut_log2_scale) {
  JoinRecord join;
  join.path = node.path;
  join.log2_rms_branch = log2_rms(branch) + branch_log2_scale;
  join.log2_rms_shortcut = log2_rms(shortcut) + shortcut_log2_scale;
  const double norms = std::sqrt(dot(branch, branch)) * std::sqrt(dot(shortcut, shortcut));
  join.cosine =
      norms > 0 ? dot(branch, shortcut) / norms : std::numeric_limits<double>::quiet_NaN();
  record_->joins.push_back(std::move(join));
}

void Probe::on_input_gradient(ConstView grad_x, int log2_scale) {
  add("input", Role::grad_a, "", grad_x, log2_scale);
}

void Probe::on_update(std::size_t index, const Param& param, ConstView update) {
  const std::string& path = network_.param_paths()[index];
  add(path, Role::grad_weight, param.name, param.grad.view(), param.grad_log2_scale);
  add(path, Role::update, param.name, update, 0);
}

void Probe::on_parameters() {
  for (std::size_t index = 0; index < network_.params().size(); ++index) {
    const Param& param = *network_.params()[index];
    add(network_.param_paths()[index], Role::grad_weight, param.name, param.grad.view(),
        param.grad_log2_scale);
  }
}

void Probe::add_symmetries() {
  symmetry_due_ = false;
  for (std::size_t index = 0; index < network_.params().size(); ++index) {
    const Param& param = *network_.params()[index];
    if (param.name != "weight" || param.value.shape().rank() < 2) continue;
    SymmetryRecord record;
    record.path = network_.param_paths()[index];
    record.units = param.value.shape()[0];
    record.duplicate_units = duplicate_rows(param.value.view());
    symmetry_due_ = symmetry_due_ || record.duplicate_units > 0;
    record_->symmetries.push_back(std::move(record));
  }
}

}  // namespace plumb
