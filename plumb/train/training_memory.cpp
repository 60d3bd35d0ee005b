// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/training_memory.h"

#include <fmt/format.h>

#include <vector>

#include "plumb/core/memory.h"

namespace plumb {

namespace {

/// The shape that a chain ends with; adds up the outputs on the way.
Shape add_outputs(const NodeChain& nodes, Shape x, double& values) {
  for (const Node& node : nodes) {
    for (const NodeWay& way : node.ways()) add_outputs(way.chain, x, values);
    x = node.output_shape(x);
    values += static_cast<double>(node.kept_values(x));
  }
  return x;
}

int moments_of(const OptimiserConfig& optimiser) {
  const bool has_momentum = optimiser.momentum > 0;
  if (optimiser.name == "adam" || optimiser.name == "adamw") return 2;
  return (optimiser.name == "rmsprop" ? 1 : 0) + (has_momentum ? 1 : 0);
}

Shape batch_of_one(const Shape& row) {
  std::vector<std::int64_t> extents{1};
  extents.insert(extents.end(), row.extents().begin(), row.extents().end());
  return Shape(std::span<const std::int64_t>(extents));
}

}  // namespace

TrainingMemory training_memory(const Network& network, std::int64_t batch,
                               const OptimiserConfig& optimiser) {
  const auto each = static_cast<double>(size_bytes(network.dtype()));
  TrainingMemory memory;
  for (const Param* const param : network.params()) memory.parameters += param->value.size();
  memory.parameter_bytes = each * static_cast<double>(memory.parameters);
  double values = 0;
  add_outputs(network.nodes(), batch_of_one(network.input_row_shape()), values);
  memory.output_bytes = each * values * static_cast<double>(batch);
  memory.optimiser_bytes = memory.parameter_bytes * moments_of(optimiser);
  return memory;
}

std::string memory_text(const TrainingMemory& memory, std::int64_t batch,
                        const OptimiserConfig& optimiser) {
  std::string text = fmt::format(
      "network: {} parameters; parameters {}, outputs of a batch of {} {}", memory.parameters,
      show_bytes(memory.parameter_bytes), batch, show_bytes(memory.output_bytes));
  if (memory.optimiser_bytes > 0) {
    text += fmt::format(", {} {}", optimiser.name, show_bytes(memory.optimiser_bytes));
  }
  return text;
}

}  // namespace plumb
