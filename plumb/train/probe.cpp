// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/probe.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "plumb/core/error.h"
#include "plumb/train/graph_info.h"

namespace plumb {

namespace {

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

RunInfo graph_of(const Network& network) {
  RunInfo info;
  if (!network.nodes().empty()) describe_graph(network, info);
  return info;
}

}  // namespace

Probe::Probe(const Network& network, std::int64_t window_steps)
    : network_(network),
      watch_(network.watch()),
      graph_(graph_of(network)),
      own_(std::in_place, graph_, window_steps),
      recorder_(&*own_) {
  find_nodes();
}

Probe::Probe(const Network& network, Recorder& recorder)
    : network_(network), watch_(network.watch()), graph_(graph_of(network)), recorder_(&recorder) {
  find_nodes();
}

void Probe::find_nodes() {
  network_.visit([&](const Node& node) {
    nodes_.push_back(&node);
    has_units_ = has_units_ || node.family() == LayerFamily::activation || is_relu_cell(node.id);
  });
  joins_.resize(graph_.layers.size());
  find_joins(network_.nodes(), kInput, false);
}

void Probe::find_joins(const NodeChain& nodes, LayerId from, bool is_way) {
  for (const Node& node : nodes) {
    Join& join = joins_[static_cast<std::size_t>(node.id)];
    join.from = from;
    join.begins_way = is_way && &node == &nodes.front();
    std::int32_t input = 0;
    for (const NodeWay& way : node.ways()) {
      const bool is_straight = way.chain.empty();
      const Node& reader = is_straight ? node : way.chain.front();
      const bool is_join = !is_straight && !reader.ways().empty();
      join.readers.push_back({reader.id, is_straight ? input : 0, is_join});
      find_joins(way.chain, from, true);
      ++input;
    }
    from = node.id;
  }
}

const Network& Probe::network() const {
  if (!watch_.holds()) {
    throw UsageError(
        "Probe of a network that was moved or destroyed: make the Probe of the network where it "
        "stays");
  }
  return network_;
}

void Probe::require_begun(const char* call) const {
  if (!recorder_->is_recording()) {
    throw UsageError(std::string("Probe::") + call + " before begin(): call begin(record) first");
  }
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
  recorder_->abandon();
  recorder_->begin(record);
  start();
}

void Probe::start() {
  network();
  next_node_ = 0;
  saw_output_ = in_backward_ = false;
  current_ = kNoLayer;
}

PassObserver* Probe::begin_units(std::int64_t step) {
  network();
  if (!has_units_) return nullptr;
  recorder_->abandon();
  recorder_->begin_units(step);
  return &unit_watch_;
}

void Probe::UnitWatch::on_output(const Node& node, ConstView x, ConstView y) {
  probe_.judge_units(node, x, y);
}

void Probe::finish() {
  require_begun("finish");
  recorder_->finish();
}

void Probe::begin_pass(const Node& node) {
  const bool is_next = in_backward_ || (saw_output_ && &node == nodes_.front());
  if (in_backward_) next_node_ = 0;
  in_backward_ = false;
  current_ = kNoLayer;
  expect_own(node);
  if (is_next) recorder_->next_pass();
  if (is_next || !saw_output_) recorder_->output(kInput, network().input_view());
  saw_output_ = true;
}

void Probe::on_output(const Node& node, ConstView x, ConstView y) {
  require_begun("on_output");
  begin_pass(node);
  recorder_->output(node.id, y);
  judge_units(node, x, y);
}

void Probe::judge_units(const Node& node, ConstView x, ConstView y) {
  if (node.family() == LayerFamily::activation) {
    judge_derivative(node, x, y);
  } else if (is_relu_cell(node.id)) {
    judge_cells(node, y);
  }
}

bool Probe::is_relu_cell(LayerId layer) const {
  const std::optional<CellFacts>& cell = graph_.layer(layer).cell;
  return cell && cell->state_activation == "relu";
}

// Of h = relu(z) the derivative is 1 where h is not zero.
void Probe::judge_cells(const Node& node, ConstView h) {
  const std::int64_t at_once = samples_at_once(h.shape);
  const std::int64_t needed = at_once * h.shape.row_size();
  if (derivative_.size() < needed) derivative_ = Tensor(Shape{needed}, h.dtype);
  for (std::int64_t begin = 0; begin < h.shape[0]; begin += at_once) {
    const std::int64_t count = std::min(at_once, h.shape[0] - begin);
    const View derivative{derivative_.view().data, h.dtype, h.shape.with_batch(count), h.layout};
    const ConstView part = samples_of(h, begin, count);
    dispatch(h.dtype, [&]<class T>(T) {
      const auto from = part.as<T>();
      const auto to = derivative.as<T>();
      std::transform(from.begin(), from.end(), to.begin(),
                     [](T value) { return value == T{} ? T{} : T{1}; });
    });
    recorder_->derivative(node.id, ConstView(derivative));
  }
}

void Probe::judge_derivative(const Node& node, ConstView x, ConstView y) {
  const std::int64_t batch = y.shape[0];
  const DerivativeScan scan =
      node.layer()->scan_derivative(x, y, recorder_->saturation_limit(node.id));
  if (scan.is_usual) {
    recorder_->derivative(node.id, y.shape, scan);
    return;
  }
  const std::int64_t at_once = samples_at_once(y.shape);
  const std::int64_t needed = at_once * y.shape.row_size();
  if (derivative_.size() < needed) derivative_ = Tensor(Shape{needed}, y.dtype);
  for (std::int64_t begin = 0; begin < batch; begin += at_once) {
    const std::int64_t count = std::min(at_once, batch - begin);
    const View derivative{derivative_.view().data, y.dtype, y.shape.with_batch(count), y.layout};
    const ConstView x_part = samples_of(x, begin, count), y_part = samples_of(y, begin, count);
    if (!node.layer()->derivative(x_part, y_part, derivative)) return;
    recorder_->derivative(node.id, ConstView(derivative));
  }
}

void Probe::on_gradient(const Node& node, ConstView grad_y, int log2_scale) {
  require_begun("on_gradient");
  if (!in_backward_) expect_own(node);
  in_backward_ = true;
  current_ = node.id;
  recorder_->gradient(node.id, grad_y, log2_scale);
}

void Probe::on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                         int log2_scale) {
  require_begun("on_time_step");
  recorder_->time_step(current_, t, reverse, quantity, values, log2_scale);
}

std::optional<double> Probe::largest_in_gradient() const {
  require_begun("largest_in_gradient");
  if (!in_backward_) return std::nullopt;
  const Sketch& sketch = recorder_->last();
  if (sketch.nonfinite_count > 0) return std::nullopt;
  return sketch.abs_max;
}

void Probe::on_join(const Node& node, std::span<const WayGradient> ways) {
  require_begun("on_join");
  const Join& join = joins_[static_cast<std::size_t>(node.id)];
  ways_.clear();
  // With a join at the front of a way, what comes back by it is the sum of that join's ways.
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Join::Reader& reader = join.readers[i];
    const ObservedView values = ObservedView(ways[i].values).scaled(ways[i].log2_scale);
    ways_.push_back({reader.layer, reader.input, values});
  }
  if (node.transform()) {
    const double carried = 1 - mean(node.transform());
    recorder_->inner(node.id, kCarriedMean, Axis::unit, {&carried, 1});
  }
  const bool has_inner = std::ranges::any_of(join.readers, &Join::Reader::is_join);
  if (!has_inner && !join.begins_way) {
    recorder_->join(join.from, ways_);
    return;
  }
  recorder_->join(join.from, ways_, 0, node.id);
  // Beside it the joint record of the tensor, whose ways stay until its own gradient is told.
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (!join.readers[i].is_join) recorder_->join_way(join.from, ways_[i]);
  }
}

void Probe::on_input_gradient(ConstView grad_x, int log2_scale) {
  require_begun("on_input_gradient");
  recorder_->gradient(kInput, grad_x, log2_scale);
  current_ = kNoLayer;  // the end of the backward pass
}

// The three sketches of a parameter stand one behind the other, in the order of Role; a large one's
// grow side by side, piece by piece.
void Probe::before_update(std::size_t index, const Param& param, ConstView value,
                          std::int64_t begin) {
  require_begun("before_update");
  expect_own(index, param);
  recorder_->parameter(static_cast<ParamId>(index), Role::weight, value, 0,
                       {begin, param.value.size()});
  if (begin == 0) compare_rows(index);
}

void Probe::on_update(std::size_t index, const Param& param, ConstView grad, ConstView update,
                      std::int64_t begin) {
  require_begun("on_update");
  expect_own(index, param);
  const auto id = static_cast<ParamId>(index);
  const Piece piece{begin, param.value.size()};
  recorder_->parameter(id, Role::grad_weight, grad, param.grad_log2_scale, piece);
  recorder_->parameter(id, Role::update, update, 0, piece);
}

void Probe::on_parameters() {
  require_begun("on_parameters");
  for (std::size_t index = 0; index < network().params().size(); ++index) {
    const Param& param = *network_.params()[index];
    const auto id = static_cast<ParamId>(index);
    recorder_->parameter(id, Role::weight, param.value.view());
    recorder_->parameter(id, Role::grad_weight, param.grad.view(), param.grad_log2_scale);
    compare_rows(index);
  }
}

void Probe::compare_rows(std::size_t index) {
  if (!recorder_->is_symmetry_due()) return;
  const Tensor& value = network_.params()[index]->value;
  const ParamInfo& info = graph_.params[index];
  const bool is_linear = graph_.layer(info.users.front()).family == LayerFamily::linear;
  if (!is_linear || info.use != ParamUse::weight || value.shape().rank() < 2) return;
  recorder_->symmetry(static_cast<ParamId>(index), value.view());
}

}  // namespace plumb
