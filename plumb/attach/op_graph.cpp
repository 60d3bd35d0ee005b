// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace plumb {

namespace {

std::int64_t product(const std::vector<std::int64_t>& sizes, std::size_t from = 0) {
  return std::accumulate(sizes.begin() + static_cast<std::ptrdiff_t>(std::min(from, sizes.size())),
                         sizes.end(), std::int64_t{1}, std::multiplies<>());
}

template <class T>
void add_new(std::vector<T>& to, const T& one) {
  if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

OpGraph::OpGraph(Session& session, const AutogradReader& reader, std::vector<ModuleFacts> modules,
                 std::vector<ParamFacts> params)
    : session_(session),
      reader_(reader),
      modules_(std::move(modules)),
      params_(std::move(params)),
      param_ids_(params_.size(), kNoParam),
      users_(params_.size()) {
  for (std::size_t i = 0; i < modules_.size(); ++i) module_at_.emplace(modules_[i].path, i);
  for (std::size_t i = 0; i < params_.size(); ++i) param_at_.emplace(params_[i].path, i);
}

void OpGraph::begin() {
  ops_.clear();
  made_.clear();
  taken_.clear();
  ways_.clear();
  forget();
}

void OpGraph::forget() {
  of_node_.clear();
  of_params_.clear();
  owner_.clear();
}

OpGraph::OpId OpGraph::make(Op op) {
  ops_.push_back(std::move(op));
  return static_cast<OpId>(ops_.size() - 1);
}

bool OpGraph::is_part(OpId id) const {
  const Op& one = op(id);
  return one.layer == kNoLayer && one.family != LayerFamily::input;
}

// What stands behind the event's node, down to what is known.
OpGraph::Source OpGraph::read(AutogradNode node, std::size_t event) {
  Source source;
  visited_.clear();
  struct Waiting {
    AutogradNode node;
    std::vector<std::size_t> inside;
  };
  std::vector<Waiting> stack{{node, {}}};
  std::set<AutogradNode> seen;
  while (!stack.empty()) {
    const Waiting top = std::move(stack.back());
    stack.pop_back();
    if (!seen.insert(top.node).second) continue;
    if (top.node != node) {
      if (const auto known = of_node_.find(top.node); known != of_node_.end()) {
        add_new(source.ops, known->second);
        continue;
      }
      if (const auto known = of_params_.find(top.node); known != of_params_.end()) {
        for (const std::string& path : known->second) add_new(source.params, path);
        continue;
      }
      if (const std::string path = reader_.parameter(top.node); !path.empty()) {
        add_new(source.params, path);
        continue;
      }
    }
    owner_[top.node] = {event, top.inside, kNone};
    visited_.push_back(top.node);
    const std::vector<AutogradNode> edges = reader_.edges(top.node);
    for (std::size_t i = edges.size(); i-- > 0;) {
      if (edges[i] == nullptr) continue;
      std::vector<std::size_t> inside = top.inside;
      inside.push_back(i);
      stack.push_back({edges[i], std::move(inside)});
    }
  }
  return source;
}

OpGraph::OpId OpGraph::input_of(const OpEvent& event) {
  const std::int64_t count = product(event.data_sizes);
  int inputs = 0;
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    if (ops_[i].family != LayerFamily::input) continue;
    ++inputs;
    if (ops_[i].data == event.data && ops_[i].data_count == count) return static_cast<OpId>(i);
  }
  Op one;
  one.family = LayerFamily::input;
  one.name = "input";
  one.path = inputs == 0 ? "input" : "input_" + std::to_string(inputs);
  one.data = event.data;
  one.data_count = count;
  one.layout = event.data_sizes.size() >= 4 ? AxisLayout::channels_first : AxisLayout::rows;
  one.units = event.data_sizes.empty() ? 1 : count / std::max<std::int64_t>(event.data_sizes[0], 1);
  return make(std::move(one));
}

std::set<OpGraph::OpId> OpGraph::ancestors(OpId id) const {
  std::set<OpId> seen{id};
  std::vector<OpId> stack{id};
  while (!stack.empty()) {
    const OpId top = stack.back();
    stack.pop_back();
    for (const OpId read : op(top).inputs) {
      if (seen.insert(read).second) stack.push_back(read);
    }
  }
  return seen;
}

std::vector<OpGraph::OpId> OpGraph::residual_ways(OpId a, OpId b) const {
  const std::set<OpId> above_a = ancestors(a), above_b = ancestors(b);
  if (above_b.count(a) > 0) return {b, a};
  if (above_a.count(b) > 0) return {a, b};
  const bool meet =
      std::any_of(above_a.begin(), above_a.end(), [&](OpId one) { return above_b.count(one) > 0; });
  if (!meet || op(a).depth == op(b).depth) return {};
  return op(a).depth > op(b).depth ? std::vector{a, b} : std::vector{b, a};
}

// softmax(q k^T) v written out, with or without a mask, a scale and dropout between.
std::optional<OpGraph::Op> OpGraph::attention(const OpEvent& event, const std::vector<OpId>& data) {
  const auto through = [&](OpId from, std::initializer_list<std::string_view> names,
                           std::vector<OpId>& inner) {
    while (op(from).inputs.size() == 1 && is_one_of(op(from).name, names)) {
      inner.push_back(from);
      from = op(from).inputs[0];
    }
    return from;
  };
  for (const OpId weights : data) {
    std::vector<OpId> inner;
    const OpId top = through(
        weights, {"mul", "div", "dropout", "native_dropout", "where", "masked_fill"}, inner);
    if (op(top).name != "softmax" && op(top).name != "_softmax") continue;
    inner.push_back(top);
    const OpId scores =
        through(op(top).inputs.at(0), {"mul", "div", "where", "masked_fill", "add"}, inner);
    if (!is_one_of(op(scores).name, {"bmm", "baddbmm", "matmul", "mm"})) continue;
    inner.push_back(scores);
    Op one;
    one.family = LayerFamily::attention;
    one.name = "scaled_dot_product_attention";
    for (const OpId read : op(scores).inputs)
      add_new(one.inputs, through(read, {"mul", "div"}, inner));
    for (const OpId value : data) {
      if (value == weights) continue;
      add_new(one.inputs, value);
      one.layout = op(value).layout;
    }
    one.node = event.node;
    const OpId next = static_cast<OpId>(ops_.size());  // which make() will give it
    for (auto& [node, owned] : owner_) {
      if (std::find(inner.begin(), inner.end(), owned.op) != inner.end()) owned.op = next;
    }
    for (auto& [node, known] : of_node_) {
      if (std::find(inner.begin(), inner.end(), known) != inner.end()) known = next;
    }
    return one;
  }
  return std::nullopt;
}

OpGraph::Op OpGraph::understand(const OpEvent& event, Source& source) {
  Op one;
  one.kind = op_kind(event.name);
  one.kind.name = {};  // may stand in the event
  one.family = one.kind.family;
  one.name = event.name;
  one.function = event.function;
  one.inputs = source.ops;
  one.params = source.params;
  one.node = event.node;
  one.transposed = event.transposed;
  one.running_momentum = event.running_momentum;
  if (one.kind.role == OpRole::product) {
    if (!one.params.empty() && one.inputs.size() <= 1) {
      one.kind.role = OpRole::layer;
      return one;
    }
    one.kind.role = OpRole::part;
    one.family = LayerFamily::other;
    if (one.inputs.size() >= 2) {
      if (std::optional<Op> found = attention(event, one.inputs)) {
        found->kind.role = OpRole::layer;
        return *found;
      }
    }
  }
  if (one.family == LayerFamily::other && one.inputs.size() >= 2 && one.kind.role == OpRole::part) {
    one.family = LayerFamily::join;
    if (one.inputs.size() == 2 && is_one_of(event.name, {"add", "sub"})) {
      const std::vector<OpId> ways = residual_ways(one.inputs[0], one.inputs[1]);
      if (!ways.empty()) {
        one.inputs = ways;
        one.family = LayerFamily::residual;
      }
    }
  }
  if (is_one_of(event.name, {"softmax", "_softmax"})) one.function = "softmax";
  return one;
}

AxisLayout OpGraph::layout_of(const Op& one, const OpEvent& event) const {
  if (one.family == LayerFamily::recurrent) {
    return event.batch_first ? AxisLayout::time_rows : AxisLayout::time_first;
  }
  const AxisLayout read = one.inputs.empty() ? AxisLayout::rows : op(one.inputs[0]).layout;
  const bool is_timed = read == AxisLayout::time_rows || read == AxisLayout::time_first;
  if (one.family == LayerFamily::linear && event.name.find("conv") != std::string::npos) {
    return AxisLayout::channels_first;
  }
  if (one.family == LayerFamily::linear || one.family == LayerFamily::embedding ||
      event.name.find("layer_norm") != std::string::npos) {
    return is_timed && event.sizes.size() == 3 ? read : AxisLayout::rows;
  }
  if (one.family == LayerFamily::normalisation || event.sizes.size() >= 4) {
    return AxisLayout::channels_first;
  }
  if (event.sizes.size() == 2) return AxisLayout::rows;
  return read;
}

void OpGraph::set_sizes(Op& one, const OpEvent& event) const {
  const bool outer = one.layout == AxisLayout::time_first && event.sizes.size() >= 3;
  const std::int64_t samples =
      event.sizes.empty() ? 1 : std::max<std::int64_t>(event.sizes[outer ? 1 : 0], 1);
  const std::int64_t count = product(event.sizes);
  one.units = count / samples;
  if (one.family != LayerFamily::linear) return;
  for (const std::string& path : one.params) {
    const auto found = param_at_.find(path);
    if (found == param_at_.end()) continue;
    const std::vector<std::int64_t>& weight = params_[found->second].sizes;
    if (weight.size() < 2) continue;
    const std::int64_t own = product(weight, 1), read = std::max<std::int64_t>(event.read_count, 1);
    const auto ratio = [](std::int64_t value, std::int64_t times, std::int64_t by) {
      const double exact = static_cast<double>(value) * static_cast<double>(times);
      return std::max<std::int64_t>(
          1, std::llround(exact / static_cast<double>(std::max<std::int64_t>(by, 1))));
    };
    one.fan_in = one.transposed ? ratio(own, read, count) : own;
    one.fan_out = one.transposed ? own : ratio(own, count, read);
    return;
  }
}

std::vector<OpGraph::OpId> OpGraph::add(const OpEvent& event) {
  const std::size_t index = made_.size();
  made_.push_back(kNone);
  Source source = read(event.node, index);
  for (const std::string& path : event.params) add_new(source.params, path);
  std::vector<OpId> named;
  const OpKind kind = op_kind(event.name);
  const bool reads_data =
      event.data != nullptr && source.ops.empty() &&
      (source.params.empty() || kind.role == OpRole::layer || kind.role == OpRole::product);
  if (reads_data) {
    source.ops.push_back(input_of(event));
    name(source.ops[0], named);
  }
  if (source.ops.empty()) {
    if (kind.role != OpRole::layer && kind.role != OpRole::product) {
      of_params_[event.node] = source.params;  // made of parameters alone
      return named;
    }
  } else {
    const bool passes_on = kind.role == OpRole::plumbing ||
                           (kind.role == OpRole::part && kind.family == LayerFamily::other &&
                            source.params.empty() && is_one_of(event.name, {"add", "sub"}));
    const bool is_bias = is_one_of(event.name, {"add", "sub"}) && source.ops.size() == 1 &&
                         op(source.ops[0]).family == LayerFamily::linear && !source.params.empty();
    if (is_bias) {
      ops_[static_cast<std::size_t>(source.ops[0])].node = event.node;
      for (const std::string& path : source.params) {
        add_new(ops_[static_cast<std::size_t>(source.ops[0])].params, path);
        if (const LayerId layer = op(source.ops[0]).layer; layer != kNoLayer) {
          add_new(users_[param_at_.at(path)], layer);
        }
      }
    }
    if (source.ops.size() == 1 && (passes_on || is_bias)) {
      of_node_[event.node] = source.ops[0];
      for (const AutogradNode node : event.further_nodes) of_node_.try_emplace(node, source.ops[0]);
      return named;
    }
  }
  Op one = understand(event, source);
  if (one.family != LayerFamily::attention || one.kind.role != OpRole::layer ||
      one.name == event.name) {
    one.layout = layout_of(one, event);
  }
  set_sizes(one, event);
  for (const OpId read : one.inputs) one.depth = std::max(one.depth, op(read).depth);
  if (one.family == LayerFamily::linear) ++one.depth;
  const bool at_once = one.kind.role == OpRole::layer;
  const OpId id = make(std::move(one));
  made_[index] = id;
  of_node_[event.node] = id;
  for (const AutogradNode node : event.further_nodes) of_node_.try_emplace(node, id);
  for (const AutogradNode node : visited_) owner_[node].op = id;
  if (at_once) name(id, named);
  return named;
}

std::vector<OpGraph::OpId> OpGraph::finish(AutogradNode root) {
  std::vector<OpId> named, outputs, stack;
  std::set<OpId> seen;
  if (of_node_.count(root) == 0 && of_params_.count(root) == 0) {
    for (const OpId id : read(root, made_.size()).ops) stack.push_back(id);
  } else if (const auto found = of_node_.find(root); found != of_node_.end()) {
    stack.push_back(found->second);
  }
  std::string loss;
  bool has_log = false;
  for (std::size_t next = 0; next < stack.size(); ++next) {
    const OpId id = stack[next];
    if (!seen.insert(id).second) continue;
    const Op& one = op(id);
    if (one.kind.role == OpRole::layer || one.family == LayerFamily::input) {
      outputs.push_back(id);
      continue;
    }
    has_log = has_log || one.name == "log";
    const bool is_known = one.kind.role == OpRole::loss && !one.kind.loss.empty();
    if (is_known && loss.empty()) loss = one.kind.loss;
    for (const OpId read : one.inputs) {
      // What a loss function reads is what the model gives, but for a logarithm between.
      if (is_known && op(read).kind.role == OpRole::part && op(read).name != "log") {
        add_new(outputs, read);
        seen.insert(read);
      } else {
        stack.push_back(read);
      }
    }
  }
  if (loss == "cross_entropy" && has_log) loss = "negative_log_likelihood";
  std::stable_sort(outputs.begin(), outputs.end(),
                   [&](OpId a, OpId b) { return op(a).depth < op(b).depth; });
  std::vector<LayerId> ends;
  for (const OpId id : outputs) {
    name(id, named);
    ends.push_back(op(id).layer);
  }
  session_.draft().outputs = std::move(ends);
  if (!loss.empty()) session_.draft().loss = loss;
  session_.touch();
  find_ways(root);
  declare_params();
  return named;
}

}  // namespace plumb
