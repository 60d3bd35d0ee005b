// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/export_json-inl.h"

namespace plumb::store {

namespace {

Json traits_json(const ActivationTraits& traits) {
  return {{"max_derivative", number(traits.max_derivative)},
          {"low_slope", number(traits.low_slope)},
          {"high_slope", number(traits.high_slope)},
          {"saturates", flag(traits.saturates)},
          {"can_die", flag(traits.can_die)},
          {"odd", flag(traits.odd)},
          {"usual_log2_derivative", number(traits.usual_log2_derivative)},
          {"critical_gain", number(traits.critical_gain)},
          {"gain_source", traits.gain_source}};
}

Json cell_json(const CellFacts& cell) {
  return {{"state_activation", cell.state_activation},
          {"truncated_steps", cell.truncated_steps},
          {"orthogonal_start", cell.orthogonal_start},
          {"identity_start", cell.identity_start},
          {"gain", number(cell.gain)},
          {"forget_bias", number(cell.forget_bias)},
          {"memory_steps", cell.memory_steps}};
}

Json layer_json(const LayerInfo& layer) {
  Json inputs = Json::array();
  for (const Edge& edge : layer.inputs) {
    inputs.push_back({{"from", edge.from},
                      {"output", edge.output},
                      {"way", to_string(edge.way)},
                      {"main", edge.main}});
  }
  Json json{{"path", layer.path},
            {"kind", layer.kind},
            {"family", to_string(layer.family)},
            {"text", layer.text},
            {"block", layer.block},
            {"inputs", std::move(inputs)},
            {"depth", layer.depth},
            {"units", layer.units},
            {"fan_in", layer.fan_in},
            {"fan_out", layer.fan_out},
            {"first_step", layer.first_step}};
  if (!layer.function.empty()) json["function"] = layer.function;
  if (layer.traits) json["traits"] = traits_json(*layer.traits);
  if (layer.cell) json["cell"] = cell_json(*layer.cell);
  if (layer.running_momentum) json["running_momentum"] = number(*layer.running_momentum);
  return json;
}

Json columns_json(const std::vector<ColumnInfo>& columns) {
  Json list = Json::array();
  for (const ColumnInfo& column : columns) {
    list.push_back({{"name", column.name},
                    {"mean", number(column.mean)},
                    {"deviation", number(column.deviation)},
                    {"smallest", number(column.smallest)},
                    {"largest", number(column.largest)}});
  }
  return list;
}

Json data_json(const DataInfo& data) {
  return {{"samples", data.samples},
          {"validation_samples", data.validation_samples},
          {"inputs", columns_json(data.inputs)},
          {"targets", columns_json(data.targets)},
          {"class_sizes", data.class_sizes},
          {"between_batches", number(data.between_batches)}};
}

Json optimiser_json(const OptimiserInfo& optimiser) {
  return {{"kind", optimiser.kind},
          {"momentum", number(optimiser.momentum)},
          {"nesterov", optimiser.nesterov},
          {"beta2", number(optimiser.beta2)},
          {"eps", number(optimiser.eps)},
          {"weight_decay", number(optimiser.weight_decay)},
          {"is_decay_decoupled", optimiser.is_decay_decoupled},
          {"clip_norm", number(optimiser.clip_norm)},
          {"clip_value", number(optimiser.clip_value)},
          {"learning_rate", number(optimiser.learning_rate)},
          {"schedule", optimiser.schedule},
          {"warmup_steps", optimiser.warmup_steps}};
}

}  // namespace

Json info_json(const RunInfo& info) {
  Json settings = Json::array();
  for (const auto& [key, value] : info.settings)
    settings.push_back({{"key", key}, {"value", value}});
  Json layers = Json::array();
  for (const LayerInfo& layer : info.layers) layers.push_back(layer_json(layer));
  Json blocks = Json::array();
  for (const BlockInfo& block : info.blocks) {
    blocks.push_back({{"path", block.path}, {"kind", block.kind}, {"parent", block.parent}});
  }
  Json params = Json::array();
  for (const ParamInfo& param : info.params) {
    params.push_back({{"path", param.path},
                      {"name", param.name},
                      {"use", to_string(param.use)},
                      {"reverse", param.reverse},
                      {"users", param.users},
                      {"count", param.count},
                      {"frozen", param.frozen},
                      {"shard", param.shard},
                      {"shards", param.shards},
                      {"first_step", param.first_step}});
  }
  Json json{{"kind", info.kind},
            {"network", info.network},
            {"data", info.data},
            {"loss", info.loss},
            {"optimiser", info.optimiser},
            {"precision", info.precision},
            {"seed", info.seed},
            {"batch", info.batch},
            {"classes", info.classes},
            {"planned_steps", info.planned_steps},
            {"threads", info.threads},
            {"plumb_version", info.plumb_version},
            {"machine", info.machine},
            {"started_at", info.started_at},
            {"settings", std::move(settings)}};
  if (info.data_info) json["data_info"] = data_json(*info.data_info);
  if (info.baseline) {
    json["baseline"] = {{"loss", number(info.baseline->loss)},
                        {"loss_deviation", number(info.baseline->loss_deviation)},
                        {"accuracy", number(info.baseline->accuracy)}};
  }
  if (info.optimiser_info) json["optimiser_info"] = optimiser_json(*info.optimiser_info);
  json["layers"] = std::move(layers);
  json["blocks"] = std::move(blocks);
  json["params"] = std::move(params);
  json["outputs"] = info.outputs;
  return json;
}

}  // namespace plumb::store
