// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/probe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

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

/// All records of a step are more than a second-level cache keeps beside the network; a sketch
/// takes long enough for its place to arrive meanwhile.
void prefetch_to_write(const Sketch& sketch) {
  constexpr std::size_t kLineBytes = 64;
  const char* const begin = reinterpret_cast<const char*>(&sketch);
  for (std::size_t at = 0; at < sizeof(Sketch); at += kLineBytes) __builtin_prefetch(begin + at, 1);
}

/// Of a batch whose derivatives are taken and judged at once: few enough that they are written to
/// the first-level cache and read from there, many enough that sums down the samples are worth it.
std::int64_t samples_at_once(const Shape& shape) {
  constexpr std::int64_t kElements = 4096;
  const std::int64_t samples =
      std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, shape.row_size()));
  return std::min(samples, shape[0]);
}

/// Samples [begin, begin + count): the batch is the outermost axis in every layout.
ConstView samples_of(ConstView all, std::int64_t begin, std::int64_t count) {
  const std::int64_t offset = begin * all.shape.row_size() * size_bytes(all.dtype);
  return {static_cast<const char*>(all.data) + offset, all.dtype, all.shape.with_batch(count),
          all.layout};
}

double mean(ConstView values) {
  return dispatch(values.dtype, [&]<class T>(T) {
    const auto all = values.as<T>();
    return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  });
}

const std::string kInput = "input";
const std::string kNoParam;

}  // namespace

Probe::Probe(const Network& network) : network_(network), watch_(network.watch()) {
  network.visit([&](const Node& node) { nodes_.push_back(&node); });
  // Output and its gradient; input; weight, grad_weight, update.
  sketch_count_ = 2 * nodes_.size() + 2 + 3 * network.params().size();
}

const Network& Probe::network() const {
  if (!watch_.holds()) {
    throw UsageError(
        "Probe of a network that was moved or destroyed: make the Probe of the network where it "
        "stays");
  }
  return network_;
}

StepRecord& Probe::begun(const char* call) const {
  if (record_ == nullptr) {
    throw UsageError(std::string("Probe::") + call + " before begin(): call begin(record) first");
  }
  return *record_;
}

void Probe::expect_own(const Node& node) {
  if (next_node_ == nodes_.size() || nodes_[next_node_] != &node) {
    const auto found = std::ranges::find(nodes_, &node);
    if (found == nodes_.end()) {
      throw UsageError("Probe observes another network than it was made of, at path " + node.path +
                       ": make a Probe for that one");
    }
    next_node_ = static_cast<std::size_t>(found - nodes_.begin());
  }
  ++next_node_;
}

void Probe::expect_own(std::size_t index, const Param& param) const {
  const auto params = network().params();
  if (index < params.size() && params[index] == &param) return;
  throw UsageError("Probe is shown a parameter '" + param.name +
                   "' of another network than it was made of: make a Probe for that one");
}

void Probe::begin(StepRecord& record) {
  network();
  record_ = &record;
  next_node_ = 0;
  in_backward_ = false;
  // A record of another step, or one that was emptied, has other names or none.
  const bool same = named_ == record_;
  names_.resize(same ? std::min(names_.size(), record.sketches.size()) : 0);
  named_ = record_;
  if (!same) record.sketches.reserve(sketch_count_);
  record.measured = true;
  record.joins.clear();
  record.symmetries.clear();
  used_ = 0;
  gradient_squares_ = {};
  activations_used_ = 0;
  time_.begin();
}

void Probe::finish() {
  begun("finish");
  record_->sketches.resize(used_);
  names_.resize(used_);
  record_->activations.resize(activations_used_);
  time_.finish(record_->times);
  if (symmetry_due_) add_symmetries();
  record_ = nullptr;
}

// Steps repeat their order of sites, so that the names of the last one nearly always stand already;
// comparing the strings themselves would take a tenth of the time of a small network's sketches.
Sketch& Probe::next_sketch(const std::string& path, Role role, const std::string& param) {
  auto& sketches = record_->sketches;
  if (used_ == sketches.size()) sketches.emplace_back();
  SketchRecord& slot = sketches[used_++];
  prefetch_to_write(slot.sketch);
  if (used_ > names_.size()) names_.resize(used_);
  Names& names = names_[used_ - 1];
  if (names != Names{&path, &param, role}) {
    slot.site = {path, role, param};
    names = {&path, &param, role};
  }
  return slot.sketch;
}

void Probe::add(const std::string& path, Role role, const std::string& param, ConstView values,
                int log2_scale) {
  sketch_into(next_sketch(path, role, param), values, log2_scale);
}

void Probe::on_output(const Node& node, ConstView x, ConstView y) {
  begun("on_output");
  if (in_backward_) next_node_ = 0;
  in_backward_ = false;
  expect_own(node);
  if (used_ == 0) add(kInput, Role::a, kNoParam, network().input_view(), 0);
  add(node.path, output_role(node), kNoParam, y, 0);
  if (node.family() == LayerFamily::activation) add_activation(node, x, y);
  if (node.family() == LayerFamily::recurrent) time_.on_output(node);
}

void Probe::add_activation(const Node& node, ConstView x, ConstView y) {
  const std::size_t index = activations_used_;
  const std::int64_t units = UnitActivity::units_of(y.shape);
  if (index == windows_.size()) {
    windows_.emplace_back(units, kWindowSamples);
    const auto traits = node.layer->traits();  // with a string, which is not for every step
    max_derivatives_.push_back(traits ? traits->max_derivative.value_or(1) : 1);
  }
  ActivityWindow& window = windows_[index];
  // An observer between may have handed on other layers at the last step.
  if (window.units() != units) window = ActivityWindow(units, kWindowSamples);
  const double limit = kSaturatedDerivative * max_derivatives_[index];
  const std::optional<DerivativeStats> stats = judge_derivative(node, x, y, limit, window);
  if (!stats) return;
  ++activations_used_;
  auto& activations = record_->activations;
  if (index == activations.size()) activations.emplace_back();
  ActivationRecord& record = activations[index];
  if (record.path != node.path) record.path = node.path;
  record.log2_rms_derivative = stats->log2_rms;
  record.saturated_fraction = stats->below_fraction;
  record.active_fraction = window.active_fraction();
  record.units = window.units();
  record.dead_units = window.dead_units();
  record.window_samples = window.sample_count();
}

std::optional<DerivativeStats> Probe::judge_derivative(const Node& node, ConstView x, ConstView y,
                                                       double limit, ActivityWindow& window) {
  const std::int64_t batch = y.shape[0];
  const DerivativeSurvey survey = node.layer->survey_derivative(x, y, limit);
  if (survey.is_usual)
    return window.add_all_active(batch, y.shape.size(), survey.below, survey.squares);

  const std::int64_t at_once = samples_at_once(y.shape);
  const std::int64_t needed = at_once * y.shape.row_size();
  if (derivative_.size() < needed) derivative_ = Tensor(Shape{needed}, y.dtype);
  DerivativeStats stats;
  for (std::int64_t begin = 0; begin < batch; begin += at_once) {
    const std::int64_t count = std::min(at_once, batch - begin);
    const View derivative{derivative_.view().data, y.dtype, y.shape.with_batch(count), y.layout};
    const ConstView x_part = samples_of(x, begin, count), y_part = samples_of(y, begin, count);
    if (!node.layer->derivative(x_part, y_part, derivative)) return std::nullopt;
    stats.merge(window.add(derivative, limit));
  }
  return stats;
}

void Probe::on_gradient(const Node& node, ConstView grad_y, int log2_scale) {
  begun("on_gradient");
  if (!in_backward_) expect_own(node);
  in_backward_ = true;
  last_gradient_ = used_;
  add(node.path, gradient_role(node), kNoParam, grad_y, log2_scale);
  if (node.family() == LayerFamily::recurrent) time_.on_gradient(node);
}

void Probe::on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                         int log2_scale) {
  begun("on_time_step");
  time_.tell(t, reverse, quantity, values, log2_scale);
}

std::optional<double> Probe::largest_in_gradient() const {
  const StepRecord& record = begun("largest_in_gradient");
  if (!in_backward_) return std::nullopt;
  const Sketch& sketch = record.sketches[last_gradient_].sketch;
  if (sketch.nonfinite_count > 0) return std::nullopt;
  return sketch.abs_max;
}

void Probe::on_join(const Node& node, const JoinGradients& gradients) {
  const auto& [branch, branch_log2_scale, shortcut, shortcut_log2_scale, gate, gate_log2_scale] =
      gradients;
  begun("on_join");
  JoinRecord join;
  join.path = node.path;
  join.log2_rms_branch = log2_rms(branch) + branch_log2_scale;
  join.log2_rms_shortcut = log2_rms(shortcut) + shortcut_log2_scale;
  const double norms = std::sqrt(dot(branch, branch)) * std::sqrt(dot(shortcut, shortcut));
  join.cosine =
      norms > 0 ? dot(branch, shortcut) / norms : std::numeric_limits<double>::quiet_NaN();
  if (gate) {
    join.log2_rms_gate = log2_rms(gate) + gate_log2_scale;
    join.carry_mean = 1 - mean(node.transform.view());
  }
  record_->joins.push_back(std::move(join));
}

void Probe::on_input_gradient(ConstView grad_x, int log2_scale) {
  begun("on_input_gradient");
  add(kInput, Role::grad_a, kNoParam, grad_x, log2_scale);
}

// The three sketches of a parameter stand one behind the other, in the order of Role; a large one's
// grow side by side, piece by piece.
void Probe::add_piece(PiecewiseSketch& sketch, const Piece& piece, Role role, ConstView values,
                      int log2_scale) {
  const std::string& path = network_.param_paths()[piece.index];
  const std::int64_t end = piece.begin + values.shape.size(), all = piece.param.value.size();
  if (piece.begin == 0 && end == all) {
    add(path, role, piece.param.name, values, log2_scale);
    return;
  }
  if (piece.begin == 0)
    sketch.begin(next_sketch(path, role, piece.param.name), values.dtype, log2_scale);
  sketch.add(values, role == Role::update ? 0 : all - end);
  if (end == all) sketch.finish();
}

void Probe::before_update(std::size_t index, const Param& param, ConstView value,
                          std::int64_t begin) {
  begun("before_update");
  expect_own(index, param);
  add_piece(weight_, {index, param, begin}, Role::weight, value, 0);
}

void Probe::on_update(std::size_t index, const Param& param, ConstView grad, ConstView update,
                      std::int64_t begin) {
  begun("on_update");
  expect_own(index, param);
  const Piece piece{index, param, begin};
  add_piece(gradient_, piece, Role::grad_weight, grad, param.grad_log2_scale);
  add_piece(update_, piece, Role::update, update, 0);
  const bool is_last = begin + grad.shape.size() == param.value.size();
  if (is_last) add_to_norm(record_->sketches[used_ - 2].sketch);
}

void Probe::add_to_norm(const Sketch& gradient) {
  const auto count = static_cast<double>(gradient.count);
  const double squares = gradient.nonfinite_count > 0
                             ? std::numeric_limits<double>::quiet_NaN()
                             : gradient.m2 + count * gradient.mean * gradient.mean;
  gradient_squares_.add(squares, gradient.log2_scale);
}

void Probe::on_parameters() {
  begun("on_parameters");
  for (std::size_t index = 0; index < network().params().size(); ++index) {
    const Param& param = *network_.params()[index];
    const std::string& path = network_.param_paths()[index];
    add(path, Role::weight, param.name, param.value.view(), 0);
    add(path, Role::grad_weight, param.name, param.grad.view(), param.grad_log2_scale);
  }
}

void Probe::add_symmetries() {
  symmetry_due_ = false;
  for (std::size_t index = 0; index < network().params().size(); ++index) {
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
