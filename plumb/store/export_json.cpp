// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "plumb/store/run_file.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

// JSON has no word for these. NaN is a gap; an infinity is a measurement and must not look like
// one.
Json number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json flag(const std::optional<bool>& value) { return value ? Json(*value) : Json(nullptr); }

/// Paths stand beside ids, for people: an id is a place in the lists of `info`.
std::string layer_path(const RunInfo& info, LayerId id) {
  const auto place = static_cast<std::size_t>(id);
  return place < info.layers.size() ? info.layers[place].path : "";
}

std::string param_path(const RunInfo& info, ParamId id) {
  const auto place = static_cast<std::size_t>(id);
  return place < info.params.size() ? info.params[place].path : "";
}

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
          {"class_sizes", data.class_sizes}};
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

Json histogram_json(const Sketch& sketch) {
  const Histogram::Range touched = sketch.histogram.touched();
  Json counts = Json::array();
  for (std::size_t k = touched.begin; k < touched.end; ++k) counts.push_back(sketch.histogram[k]);
  const int first = static_cast<int>(touched.begin) + Sketch::kMinExponent;
  return {{"first_exponent", counts.empty() ? 0 : first}, {"counts", std::move(counts)}};
}

Json sketch_json(const RunInfo& info, const SketchRecord& record) {
  const Sketch& sketch = record.sketch;
  Json losses = Json::object();
  for (std::size_t i = 0; i < kNumberFormatCount; ++i) {
    const auto format = static_cast<NumberFormat>(i);
    const FormatLoss& loss = sketch.loss(format);
    losses[to_string(format)] = {
        {"flushed", loss.flushed}, {"subnormal", loss.subnormal}, {"overflowed", loss.overflowed}};
  }
  const Site& site = record.site;
  const bool of_param = site.is_of_parameter();
  return {{"site", info.name_of(site)},
          {of_param ? "param" : "layer", site.id},
          {"path", of_param ? param_path(info, site.id) : layer_path(info, site.id)},
          {"role", to_string(site.role)},
          {"output", site.output},
          {"count", sketch.count},
          {"nonfinite_count", sketch.nonfinite_count},
          {"zero_count", sketch.zero_count},
          {"mean", number(sketch.mean)},
          {"m2", number(sketch.m2)},
          {"var", number(sketch.var())},
          {"rms", number(sketch.rms())},
          {"abs_max", number(sketch.abs_max)},
          {"log2_scale", number(static_cast<double>(sketch.log2_scale))},
          {"true_log2_rms", number(sketch.true_log2_rms())},
          {"true_log2_abs_max", number(sketch.true_log2_abs_max())},
          {"true_log2_median", number(sketch.true_log2_median())},
          {"histogram", histogram_json(sketch)},
          {"format_loss", std::move(losses)}};
}

Json activations_json(const RunInfo& info, const StepRecord& step) {
  Json list = Json::array();
  for (const ActivationRecord& record : step.activations) {
    list.push_back({{"layer", record.layer},
                    {"path", layer_path(info, record.layer)},
                    {"log2_rms_derivative", number(record.log2_rms_derivative)},
                    {"saturated_fraction", number(record.saturated_fraction)},
                    {"active_fraction", number(record.active_fraction)},
                    {"units", record.units},
                    {"dead_units", record.dead_units},
                    {"window_samples", record.window_samples}});
  }
  return list;
}

Json joins_json(const RunInfo& info, const StepRecord& step) {
  Json list = Json::array();
  for (const JoinRecord& record : step.joins) {
    Json ways = Json::array();
    for (const JoinWay& way : record.ways) {
      ways.push_back({{"reader", way.reader},
                      {"path", layer_path(info, way.reader)},
                      {"input", way.input},
                      {"log2_rms", number(way.log2_rms)},
                      {"share", number(way.share)}});
    }
    Json& join = list.emplace_back(Json{{"layer", record.layer},
                                        {"path", layer_path(info, record.layer)},
                                        {"output", record.output}});
    if (record.through != kNoLayer) {
      join["through"] = record.through;
      join["through_path"] = layer_path(info, record.through);
      join["log2_rms"] = number(record.log2_rms);
    }
    join["ways"] = std::move(ways);
  }
  return list;
}

Json values_json(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(number(static_cast<double>(value)));
  return list;
}

Json times_json(const RunInfo& info, const StepRecord& step) {
  Json list = Json::array();
  for (const TimeRecord& record : step.times) {
    Json series = Json::array();
    for (const TimeSeries& one : record.series) {
      series.push_back({{"quantity", to_string(one.quantity)},
                        {"statistic", to_string(one.statistic)},
                        {"values", values_json(one.values)}});
    }
    list.push_back({{"layer", record.layer},
                    {"path", layer_path(info, record.layer)},
                    {"reverse", record.reverse},
                    {"time_steps", record.time_steps},
                    {"units", record.units},
                    {"series", std::move(series)}});
  }
  return list;
}

Json step_json(const RunInfo& info, const StepRecord& step) {
  Json json{{"step", step.step},
            {"epoch", step.epoch},
            {"time_s", number(step.time_s)},
            {"loss", number(step.loss)},
            {"accuracy", number(step.accuracy)},
            {"learning_rate", number(step.learning_rate)},
            {"grad_norm", number(step.grad_norm)},
            {"clip_factor", number(step.clip_factor)},
            {"weight_decay_norm", number(step.weight_decay_norm)},
            {"passes", step.passes},
            {"skipped", step.skipped},
            {"measured", step.measured}};
  if (step.validation_loss) json["validation_loss"] = number(*step.validation_loss);
  if (step.validation_accuracy) json["validation_accuracy"] = number(*step.validation_accuracy);
  if (step.inference_loss) json["inference_loss"] = number(*step.inference_loss);
  if (step.inference_accuracy) json["inference_accuracy"] = number(*step.inference_accuracy);
  json["sketches"] = Json::array();
  for (const SketchRecord& record : step.sketches) {
    json["sketches"].push_back(sketch_json(info, record));
  }
  json["activations"] = activations_json(info, step);
  json["joins"] = joins_json(info, step);
  json["signals"] = Json::array();
  for (const SignalRecord& record : step.signals) {
    json["signals"].push_back({{"layer", record.layer},
                               {"path", layer_path(info, record.layer)},
                               {"samples", record.samples},
                               {"similarity", number(record.similarity)},
                               {"directions", number(record.directions)}});
  }
  json["symmetries"] = Json::array();
  for (const SymmetryRecord& record : step.symmetries) {
    json["symmetries"].push_back({{"param", record.param},
                                  {"path", param_path(info, record.param)},
                                  {"units", record.units},
                                  {"duplicate_units", record.duplicate_units}});
  }
  json["times"] = times_json(info, step);
  json["inner"] = Json::array();
  for (const InnerRecord& record : step.inner) {
    json["inner"].push_back({{"layer", record.layer},
                             {"path", layer_path(info, record.layer)},
                             {"output", record.output},
                             {"name", record.name},
                             {"axis", to_string(record.axis)},
                             {"values", values_json(record.values)}});
  }
  json["blocks"] = Json::array();
  for (const BlockUse& use : step.blocks) {
    json["blocks"].push_back({{"block", use.block}, {"calls", use.calls}, {"tokens", use.tokens}});
  }
  return json;
}

Json place_json(const RunInfo& info, const Place& place) {
  Json json{{"of", to_string(place.of)}};
  if (place.id >= 0) {
    json["id"] = place.id;
    json["path"] =
        place.of == Place::Of::parameter ? param_path(info, place.id) : layer_path(info, place.id);
  }
  if (place.role) json["role"] = to_string(*place.role);
  if (place.reverse) json["reverse"] = true;
  return json;
}

Json fact_json(const RunInfo& info, const Fact& fact) {
  Json json{{"quantity", to_string(fact.quantity)},
            {"value", number(fact.value)},
            {"place", place_json(info, fact.place)}};
  if (fact.reference != Place{}) json["reference"] = place_json(info, fact.reference);
  return json;
}

Json facts_json(const RunInfo& info, const std::vector<Fact>& facts) {
  Json list = Json::array();
  for (const Fact& fact : facts) list.push_back(fact_json(info, fact));
  return list;
}

Json remedy_json(const RunInfo& info, const Remedy& remedy) {
  Json arguments = Json::object();
  for (const auto& [name, value] : remedy.arguments) {
    const auto* text = std::get_if<std::string>(&value);
    arguments[name] = text != nullptr ? Json(*text) : number(std::get<double>(value));
  }
  Json json{{"kind", to_string(remedy.kind)},
            {"target", place_json(info, remedy.target)},
            {"arguments", std::move(arguments)}};
  if (remedy.predicted_log2_reach) {
    json["predicted_log2_reach"] = number(*remedy.predicted_log2_reach);
  }
  return json;
}

Json finding_json(const RunInfo& info, const Finding& finding) {
  Json evidence = Json::array();
  for (const Evidence& one : finding.evidence) {
    evidence.push_back(fact_json(info, one.fact));
    evidence.back()["threshold"] = number(one.threshold);
  }
  Json remedies = Json::array();
  for (const Remedy& remedy : finding.remedies) remedies.push_back(remedy_json(info, remedy));
  return {{"id", finding.id},
          {"rule", finding.rule},
          {"severity", to_string(finding.severity)},
          {"place", place_json(info, finding.place)},
          {"first_step", finding.first_step},
          {"last_step", finding.last_step},
          {"over", finding.over},
          {"evidence", std::move(evidence)},
          {"facts", facts_json(info, finding.facts)},
          {"cause",
           {{"kind", to_string(finding.cause.kind)},
            {"place", place_json(info, finding.cause.place)},
            {"share", number(finding.cause.share)},
            {"facts", facts_json(info, finding.cause.facts)}}},
          {"explained_by", finding.explained_by ? Json(*finding.explained_by) : Json(nullptr)},
          {"did_harm", flag(finding.did_harm)},
          {"remedies", std::move(remedies)}};
}

// A text that is not UTF-8 (a path, say) gets replacement characters; JSON has no other way.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

// Put together from parts: one tree of all steps would take many times the memory of the run.
std::string export_json(const Run& run) {
  std::string text = R"({"format":"plumb-run","schema_version":)" + std::to_string(kSchemaVersion);
  text += ",\"info\":" + dump(info_json(run.info)) + ",\"steps\":[";
  const char* separator = "\n";
  for (const StepRecord& step : run.steps) {
    text += separator + dump(step_json(run.info, step));
    separator = ",\n";
  }
  text += "],\n\"findings\":";
  if (run.findings) {
    separator = "[\n";
    for (const Finding& finding : *run.findings) {
      text += separator + dump(finding_json(run.info, finding));
      separator = ",\n";
    }
    text += run.findings->empty() ? "[]" : "]";
  } else {
    text += "null";
  }
  text += ",\n\"end\":";
  text += run.end ? dump({{"reason", run.end->reason},
                          {"steps", run.end->steps},
                          {"time_s", number(run.end->time_s)}})
                  : "null";
  return text + "}\n";
}

}  // namespace plumb
