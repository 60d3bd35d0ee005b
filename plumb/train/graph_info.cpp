// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/graph_info.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "plumb/kernels/activations/table.h"
#include "plumb/nn/layers/batch_norm.h"
#include "plumb/nn/recurrent/recurrent.h"

namespace plumb {

namespace {

std::optional<CellFacts> describe_cell(const Layer& layer) {
  const auto* const recurrent = dynamic_cast<const Recurrent*>(&layer);
  if (recurrent == nullptr) return std::nullopt;
  constexpr std::string_view kActivations[] = {"tanh", "relu", "sigmoid", "identity"};
  const RecurrentOptions& options = recurrent->options();
  CellFacts facts = {};
  if (options.kind == RecurrentKind::rnn) {
    facts.state_activation = kActivations[static_cast<std::size_t>(options.activation)];
  }
  facts.truncated_steps = options.bptt;
  facts.orthogonal_start = options.start.orthogonal;
  facts.identity_start = options.start.identity;
  facts.gain = options.start.gain;
  facts.forget_bias = options.start.forget_bias;
  facts.memory_steps = options.start.memory_steps;
  return facts;
}

std::optional<double> running_momentum(const Layer& layer) {
  const auto* const norm = dynamic_cast<const BatchNorm*>(&layer);
  return norm == nullptr ? std::nullopt : std::optional(norm->options().momentum);
}

ParamUse use_of(const Node& node, std::string_view name) {
  const bool is_weight = name.starts_with("weight");
  switch (node.family()) {
    case LayerFamily::normalisation: return is_weight ? ParamUse::scale : ParamUse::shift;
    case LayerFamily::activation: return ParamUse::slope;
    case LayerFamily::residual: return ParamUse::scale;
    case LayerFamily::recurrent:
      if (name.starts_with("weight_hh")) return ParamUse::recurrent_weight;
      if (name.starts_with("bias_hh")) return ParamUse::recurrent_bias;
      [[fallthrough]];
    default: return is_weight ? ParamUse::weight : ParamUse::bias;
  }
}

/// Not one of the caller's own.
bool has_known_function(std::string_view kind) {
  return kind == "softmax" || find_activation(kind) != nullptr;
}

class GraphWriter {
 public:
  GraphWriter(const Network& network, RunInfo& info) : network_(network), info_(info) {
    info_.layers.clear();
    info_.blocks.clear();
    info_.params.assign(network.params().size(), {});
  }

  void write() {
    LayerInfo input;
    input.path = input.kind = "input";
    input.family = LayerFamily::input;
    input.units = network_.input_row_shape().size();
    info_.layers.push_back(input);
    const LayerId end = add_chain(network_.nodes(), 0, kNoBlock);
    info_.outputs = {end};
  }

 private:
  /// Returns the layer at its end.
  LayerId add_chain(const NodeChain& nodes, LayerId from, BlockId block) {
    for (const Node& node : nodes) {
      from = node.ways().empty() ? add(node, {{from}}, block) : add_join(node, from, block);
    }
    return from;
  }

  LayerId add_join(const Node& node, LayerId from, BlockId parent) {
    info_.blocks.push_back({node.path, std::string(node.kind()), parent});
    const auto block = static_cast<BlockId>(info_.blocks.size() - 1);
    std::vector<Edge> inputs;
    for (const NodeWay& way : node.ways()) {
      const LayerId end = add_chain(way.chain, from, block);
      inputs.push_back({end, 0, parse_way(way.name).value_or(Way::unnamed), way.is_main});
    }
    return add(node, std::move(inputs), parent);
  }

  LayerId add(const Node& node, std::vector<Edge> inputs, BlockId block) {
    LayerInfo info;
    info.path = node.path;
    info.kind = node.kind();
    info.family = node.family();
    info.text = node.text;
    if (has_known_function(info.kind)) info.function = node.text;
    info.block = block;
    info.inputs = std::move(inputs);
    info.depth = node.depth;
    info.units = node.y.shape().row_size();
    const Layer* const layer = node.layer();
    if (layer != nullptr) {
      info.traits = layer->traits();
      info.cell = describe_cell(*layer);
      info.running_momentum = running_momentum(*layer);
    }
    for (std::size_t i = 0; i < node.params().size(); ++i) {
      const Param& param = node.params()[i];
      const std::size_t index = node.first_param + i;
      ParamInfo& to = info_.params[index];
      to.path = network_.param_names()[index];
      to.name = param.name;
      to.use = use_of(node, param.name);
      to.reverse = to.name.ends_with("_reverse");
      to.users = {node.id};
      to.count = param.value.size();
      if (to.use != ParamUse::weight || node.family() == LayerFamily::recurrent) continue;
      info.fan_in = param.fan_in;
      info.fan_out = param.fan_out;
      const double reached = layer == nullptr ? 0 : layer->outputs_per_input();
      if (reached > 0) {
        info.fan_out = std::max<std::int64_t>(1, std::llround(reached));
      }
    }
    info_.layers.push_back(std::move(info));
    return node.id;
  }

  const Network& network_;
  RunInfo& info_;
};

}  // namespace

void describe_graph(const Network& network, RunInfo& info) { GraphWriter(network, info).write(); }

}  // namespace plumb
