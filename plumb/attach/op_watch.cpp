// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_watch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "plumb/stats/sketch.h"

namespace plumb {

namespace {

// Parameters whose values are compared from step to step: how many, of at most how many bytes.
constexpr std::size_t kSentinels = 4;
constexpr std::int64_t kMostBytes = 32768;

std::int64_t count_of(const ParamFacts& param) {
  std::int64_t count = 1;
  for (const std::int64_t size : param.sizes) count *= size;
  return count;
}

// Up to kSentinels of those that are trained, over the whole depth: small ones, or else any.
std::vector<std::size_t> choose_sentinels(const std::vector<ParamFacts>& params) {
  std::vector<std::size_t> small, trained;
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (params[i].frozen) continue;
    trained.push_back(i);
    if (count_of(params[i]) * 8 <= kMostBytes) small.push_back(i);
  }
  if (small.empty()) small = trained;
  std::vector<std::size_t> chosen;
  const std::size_t apart = std::max<std::size_t>(1, (small.size() + kSentinels - 1) / kSentinels);
  // From the last on: what stands next to the loss has a gradient.
  for (std::size_t i = small.size(); i > 0; i -= std::min(i, apart)) chosen.push_back(small[i - 1]);
  return chosen;
}

// Of fewer values of a column little can be said; more columns than that are no table.
constexpr std::int64_t kFewestValues = 8, kMostColumns = 4096;

// Each channel of images, each feature of rows and of sequences; none if one is not finite.
std::vector<ColumnInfo> columns_of(const StridedView& view, AxisLayout layout) {
  if (view.rank < 2) return {};
  const int axis = layout == AxisLayout::channels_first ? 1 : view.rank - 1;
  const std::int64_t width = view.sizes[static_cast<std::size_t>(axis)];
  if (width <= 0 || width > kMostColumns || view.size() < kFewestValues * width) return {};
  std::vector<ColumnInfo> columns;
  std::vector<double> values(static_cast<std::size_t>(view.size() / width));
  for (std::int64_t i = 0; i < width; ++i) {
    KeptReader reader(ObservedView(view.narrow(axis, i, 1)));
    std::size_t read = 0;
    while (const std::size_t more = reader.next(std::span(values).subspan(read))) read += more;
    double sum = 0, squares = 0;
    for (const double x : values) sum += x;
    const double mean = sum / static_cast<double>(values.size());
    for (const double x : values) squares += (x - mean) * (x - mean);
    if (!std::isfinite(squares)) return {};
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    columns.push_back({.name = {},
                       .mean = mean,
                       .deviation = std::sqrt(squares / static_cast<double>(values.size())),
                       .smallest = *low,
                       .largest = *high});
  }
  return columns;
}

bool is_zero(const StridedView& view) {
  const Sketch all = sketch(view);
  return all.zero_count == all.count;
}

// Rows of weights are compared along the axis that counts the units.
int unit_axis(const ParamInfo& param, const RunInfo& info) {
  if (param.name != "weight" || param.users.empty()) return -1;
  const LayerInfo& user = info.layer(param.users.front());
  if (user.family != LayerFamily::linear) return -1;
  return user.kind.find("ranspose") == std::string::npos ? 0 : 1;
}

}  // namespace

OpWatch::OpWatch(const SessionOptions& options, const TrainingReader& reader,
                 std::vector<ModuleFacts> modules, std::vector<ParamFacts> params)
    : reader_(reader), session_(options), graph_(session_, reader, std::move(modules), params) {
  for (const std::size_t param : choose_sentinels(params)) sentinels_.push_back({param, {}});
}

bool OpWatch::wants_operations() const {
  if (session_.has_ended()) return false;
  if (!session_.in_step()) return session_.is_due(step_);
  // What the optimiser and the caller compute until after_step() is no pass of the model.
  if (saw_backward_ && uses_after_step_ && !accumulates_) return false;
  // A further pass of a step that is measured, or the first one of the next step.
  return is_recording() || (saw_backward_ && session_.is_due(step_ + 1));
}

void OpWatch::open(std::optional<bool> measure) {
  session_.begin_step(step_, measure);
  losses_ = 0;
  backwards_ = 0;
  is_further_ = saw_forward_ = saw_backward_ = told_weights_ = told_gradients_ = false;
  ++pass_;
}

void OpWatch::pass_begins() {
  if (saw_backward_) settle();
  if (!session_.in_step()) {
    open({});
  } else {
    is_further_ = saw_forward_;
  }
  in_forward_ = saw_forward_ = true;
  next_ = 0;
  learning_ = is_recording() && must_learn_;
  if (!learning_) return;
  begin_further_pass();
  graph_.begin();
  plan_.clear();
  nodes_.clear();
  event_of_.clear();
}

void OpWatch::begin_further_pass() {
  if (is_further_ && is_recording()) {
    session_.recorder().next_pass();
    ++pass_;
  }
  is_further_ = false;
}

// Forward.

void OpWatch::tell_new(OpGraph::OpId id) {
  const OpGraph::Op& op = graph_.op(id);
  const auto at = static_cast<std::size_t>(id);
  if (at >= event_of_.size()) return;
  PlannedOp& planned = plan_[event_of_[at]];
  const bool is_input = op.family == LayerFamily::input;
  (is_input ? planned.input : planned.layer) = op.layer;
  (is_input ? planned.input_layout : planned.layout) = op.layout;
  const auto view = is_input ? reader_.data(event_of_[at]) : reader_.result(event_of_[at]);
  if (view && is_input && !session_.draft().data_info) {
    session_.draft().data_info.emplace().inputs = columns_of(*view, op.layout);
  }
  const auto values = view ? observed(*view, op.layout) : std::nullopt;
  if (values) session_.recorder().output(op.layer, *values);
}

void OpWatch::learn(const OpEvent& event, const char* name, const OpTensors& tensors) {
  const std::size_t index = nodes_.size();
  nodes_.push_back(event.node);
  plan_.push_back({});
  plan_.back().name = name;
  const std::vector<OpGraph::OpId> named = graph_.add(event);
  event_of_.resize(graph_.size(), index);
  for (const OpGraph::OpId id : named) tell_new(id);
  const OpGraph::OpId made = graph_.made_by(index);
  if (made == OpGraph::kNone) return;
  const OpGraph::Op& op = graph_.op(made);
  if (op.family != LayerFamily::activation || op.function.empty() || op.layer == kNoLayer) return;
  plan_.back().judge = std::make_shared<DerivativeJudge>(op.function);
  tell_derivative(plan_.back(), tensors);
}

const PlannedOp* OpWatch::next(const char* name) {
  if (!is_recording()) return nullptr;
  const bool is_as_planned = next_ < plan_.size() && (plan_[next_].name == name ||
                                                      std::strcmp(plan_[next_].name, name) == 0);
  if (is_as_planned) {
    begin_further_pass();
    return &plan_[next_++];
  }
  if (next_ == 0) return nullptr;  // something else that reads a parameter, before the pass begins
  drop_measurement();
  return nullptr;
}

void OpWatch::drop_measurement() {
  is_further_ = false;
  must_learn_ = learns_always_ = true;
  learning_ = false;
  session_.drop_step();
  session_.begin_step(step_, false);
  ++pass_;
}

void OpWatch::tell(const PlannedOp& op, const OpTensors& tensors) {
  Recorder& recorder = session_.recorder();
  if (op.input != kNoLayer && tensors.data) {
    if (const auto view = observed(*tensors.data, op.input_layout))
      recorder.output(op.input, *view);
  }
  if (op.layer == kNoLayer || !tensors.result) return;
  if (const auto view = observed(*tensors.result, op.layout)) recorder.output(op.layer, *view);
  if (op.judge) tell_derivative(op, tensors);
}

void OpWatch::tell_derivative(const PlannedOp& op, const OpTensors& tensors) {
  if (!tensors.result) return;
  const bool is_kept = tensors.read && tensors.read->data != tensors.result->data;
  const auto view = observed(is_kept ? *tensors.read : *tensors.result, op.layout);
  if (view) op.judge->tell(session_.recorder(), op.layer, *view, !is_kept);
}

// Backward.

void OpWatch::make_plan() {
  std::unordered_map<AutogradNode, std::size_t> event_of_node;
  for (std::size_t i = 0; i < nodes_.size(); ++i) event_of_node.emplace(nodes_[i], i);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const OpGraph::OpId id = graph_.made_by(i);
    if (id == OpGraph::kNone || graph_.op(id).layer == kNoLayer) continue;
    const OpGraph::Op& op = graph_.op(id);
    plan_[i].layer = op.layer;
    plan_[i].layout = op.layout;
    const auto found = event_of_node.find(op.node);
    if (found == event_of_node.end()) continue;
    plan_[found->second].gradient = op.layer;
    plan_[found->second].gradient_layout = op.layout;
  }
  for (const OpGraph::Way& way : graph_.ways()) plan_[way.event].ways.push_back(way);
}

void OpWatch::before_backward(double loss, AutogradNode root) {
  if (session_.has_ended()) return;
  if (saw_backward_ && !in_forward_ && !is_recording()) settle();
  if (saw_backward_ && uses_after_step_ && !in_forward_) accumulates_ = true;
  if (!session_.in_step()) open(false);  // no forward pass was to be seen
  losses_ += loss;
  ++backwards_;
  if (learning_) {
    for (const OpGraph::OpId id : graph_.finish(root)) tell_new(id);
    make_plan();
    graph_.forget();
    learning_ = false;
    must_learn_ = learns_always_;
  } else if (is_recording() && next_ != plan_.size()) {
    must_learn_ = learns_always_ = true;
  }
  in_forward_ = false;
  saw_backward_ = true;
  if (!uses_after_step_) keep_sentinels();
}

void OpWatch::gradient(LayerId layer, const StridedView& values, AxisLayout layout) {
  if (const auto view = observed(values, layout)) session_.recorder().gradient(layer, *view);
}

void OpWatch::join_way(const OpGraph::Way& way, const StridedView& values) {
  if (const auto view = observed(values, AxisLayout::rows)) {
    session_.recorder().join_way(way.layer, {way.reader, way.input, *view});
  }
}

void OpWatch::tell_gradients() {
  Recorder& recorder = session_.recorder();
  if (told_gradients_) recorder.retake_gradients();
  told_gradients_ = true;
  for (std::size_t i = 0; i < graph_.params().size(); ++i) {
    const ParamId id = graph_.param_at(i);
    const auto view = id == kNoParam ? std::nullopt : reader_.gradient(i);
    if (view) recorder.parameter(id, Role::grad_weight, ObservedView(*view));
  }
}

void OpWatch::after_backward() {
  if (!is_recording() || !saw_backward_) return;
  Recorder& recorder = session_.recorder();
  if (!told_weights_) {
    told_weights_ = true;
    updates_.begin();
    const bool compares = recorder.is_symmetry_due();
    for (std::size_t i = 0; i < graph_.params().size(); ++i) {
      const ParamId id = graph_.param_at(i);
      const auto view = id == kNoParam ? std::nullopt : reader_.value(i);
      if (!view) continue;
      if (graph_.params()[i].frozen) {
        recorder.parameter(id, Role::weight, ObservedView(*view));
      } else {
        updates_.tell_and_keep(recorder, id, *view);
      }
      const int axis = compares ? unit_axis(session_.draft().param(id), session_.draft()) : -1;
      if (axis >= 0) recorder.symmetry(id, *view, axis);
    }
  }
  if (!uses_after_step_) tell_gradients();
}

// The step.

void OpWatch::keep_sentinels() {
  for (Sentinel& one : sentinels_) {
    const auto view = reader_.value(one.param);
    one.bytes.clear();
    if (!view || !is_dense(*view)) continue;
    const auto* const begin = static_cast<const unsigned char*>(view->data);
    one.bytes.assign(begin, begin + std::min(view->size() * size_bytes(view->type), kMostBytes));
  }
}

bool OpWatch::has_stepped() const {
  bool has_gradient = false;
  for (const Sentinel& one : sentinels_) {
    const auto view = reader_.value(one.param);
    if (!view || !is_dense(*view) || one.bytes.empty()) continue;
    if (std::memcmp(view->data, one.bytes.data(), one.bytes.size()) != 0) return true;
    const auto gradient = reader_.gradient(one.param);
    has_gradient = has_gradient || (gradient && !is_zero(*gradient));
  }
  return !has_gradient;
}

void OpWatch::settle() {
  if (!session_.in_step() || !saw_backward_ || uses_after_step_) return;
  if (has_stepped()) end_step();
}

void OpWatch::after_step() {
  if (session_.has_ended() || !session_.in_step() || !saw_backward_) return;
  uses_after_step_ = true;
  accumulates_ = accumulates_ || backwards_ > 1;
  if (is_recording()) tell_gradients();
  end_step();
}

void OpWatch::end_step() {
  StepRecord& record = session_.record();
  if (is_recording() && told_weights_) {
    for (std::size_t i = 0; i < graph_.params().size(); ++i) {
      const ParamId id = graph_.param_at(i);
      const auto view = id == kNoParam ? std::nullopt : reader_.value(i);
      if (view) updates_.tell(session_.recorder(), id, *view);
    }
  }
  if (std::isnan(record.loss)) record.loss = losses_;
  if (const double rate = reader_.learning_rate(); !std::isnan(rate)) record.learning_rate = rate;
  session_.end_step();
  ++step_;
  ++pass_;
  saw_forward_ = saw_backward_ = in_forward_ = false;
}

void OpWatch::close(const std::string& reason) {
  if (session_.has_ended()) return;
  if (session_.in_step() && saw_backward_) end_step();
  learning_ = false;
  ++pass_;
  session_.end(reason);
}

}  // namespace plumb
