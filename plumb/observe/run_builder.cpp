// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/run_builder.h"

#include <algorithm>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

namespace {

bool keeps_size(LayerFamily family) {
  return family == LayerFamily::activation || family == LayerFamily::dropout ||
         family == LayerFamily::residual || family == LayerFamily::normalisation;
}

template <class Infos>
void require_new_path(const Infos& infos, const std::string& path, const char* what) {
  if (path.empty()) throw UsageError(std::string("RunBuilder: a ") + what + " without a path");
  if (std::any_of(infos.begin(), infos.end(), [&](const auto& one) { return one.path == path; })) {
    throw UsageError(std::string("RunBuilder: ") + what + " '" + path +
                     "' twice, expected a path of its own");
  }
}

}  // namespace

void RunBuilder::require_layer(LayerId id, const std::string& who) const {
  if (id >= 0 && static_cast<std::size_t>(id) < info_.layers.size()) return;
  throw UsageError("RunBuilder: " + who + " names layer " + std::to_string(id) +
                   ", which is not there: add_layer() it first");
}

LayerInfo& RunBuilder::layer(LayerId id) {
  require_layer(id, "layer()");
  return info_.layers[static_cast<std::size_t>(id)];
}

LayerId RunBuilder::add_input(const std::string& path, std::int64_t units) {
  LayerInfo input;
  input.path = path;
  input.kind = "input";
  input.family = LayerFamily::input;
  input.units = units;
  return add_layer(std::move(input));
}

LayerId RunBuilder::add_layer(const std::string& path, const std::string& kind, LayerFamily family,
                              std::vector<Edge> inputs) {
  LayerInfo layer;
  layer.path = path;
  layer.kind = kind;
  layer.family = family;
  layer.inputs = std::move(inputs);
  return add_layer(std::move(layer));
}

LayerId RunBuilder::add_layer(LayerInfo layer) {
  require_new_path(info_.layers, layer.path, "layer");
  const std::string who = "layer '" + layer.path + "'";
  layer.depth = 0;
  for (const Edge& edge : layer.inputs) {
    require_layer(edge.from, who);
    layer.depth = std::max(layer.depth, info_.layer(edge.from).depth);
  }
  layer.depth += layer.family == LayerFamily::linear ? 1 : 0;
  if (layer.block != kNoBlock &&
      !(layer.block >= 0 && static_cast<std::size_t>(layer.block) < info_.blocks.size())) {
    throw UsageError("RunBuilder: " + who + " stands in block " + std::to_string(layer.block) +
                     ", which is not there: add_block() it first");
  }
  if (layer.units == 0 && keeps_size(layer.family) && !layer.inputs.empty()) {
    layer.units = info_.layer(layer.inputs.front().from).units;
  }
  layer.first_step = step_;
  info_.layers.push_back(std::move(layer));
  return static_cast<LayerId>(info_.layers.size() - 1);
}

BlockId RunBuilder::add_block(const std::string& path, const std::string& kind, BlockId parent) {
  require_new_path(info_.blocks, path, "block");
  if (parent != kNoBlock &&
      !(parent >= 0 && static_cast<std::size_t>(parent) < info_.blocks.size())) {
    throw UsageError("RunBuilder: block '" + path + "' stands in block " + std::to_string(parent) +
                     ", which is not there: add_block() it first");
  }
  info_.blocks.push_back({path, kind, parent});
  return static_cast<BlockId>(info_.blocks.size() - 1);
}

ParamId RunBuilder::add_param(ParamInfo param) {
  require_new_path(info_.params, param.path, "parameter");
  for (const LayerId user : param.users) require_layer(user, "parameter '" + param.path + "'");
  if (param.shards < 1 || param.shard < 0 || param.shard >= param.shards) {
    throw UsageError("RunBuilder: parameter '" + param.path + "' is shard " +
                     std::to_string(param.shard) + " of " + std::to_string(param.shards) +
                     ", expected 0 or more and fewer than there are");
  }
  param.first_step = step_;
  info_.params.push_back(std::move(param));
  return static_cast<ParamId>(info_.params.size() - 1);
}

ParamId RunBuilder::add_weight(LayerId id, const std::string& path, const Extents& extents) {
  LayerInfo& user = layer(id);
  ParamInfo param;
  param.path = path;
  param.name = "weight";
  param.use = ParamUse::weight;
  param.users = {id};
  param.count = extents.outputs * extents.inputs * extents.taps;
  const ParamId weight = add_param(std::move(param));
  user.fan_in = extents.inputs * extents.taps;
  user.fan_out = extents.outputs * extents.taps;
  if (user.units == 0) user.units = extents.outputs;
  return weight;
}

void RunBuilder::add_output(LayerId layer) {
  require_layer(layer, "add_output()");
  info_.outputs.push_back(layer);
}

}  // namespace plumb
