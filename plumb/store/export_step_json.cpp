// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <tuple>
#include <type_traits>

#include "plumb/record/step_metrics.h"
#include "plumb/store/export_json-inl.h"

namespace plumb::store {

namespace {

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

}  // namespace

Json step_json(const RunInfo& info, const StepRecord& step) {
  Json json;
  const auto add = [&](const auto& metric, bool optional) {
    const auto& value = step.*metric.value;
    using T = std::decay_t<decltype(value)>;
    if (std::is_same_v<T, std::optional<double>> != optional) return;
    if constexpr (std::is_same_v<T, std::optional<double>>) {
      if (value) json[std::string(metric.name)] = number(*value);
    } else if constexpr (std::is_same_v<T, double>) {
      json[std::string(metric.name)] = number(value);
    } else {
      json[std::string(metric.name)] = value;
    }
  };
  std::apply([&](const auto&... metric) { (add(metric, false), ...); }, kStepMetrics);
  json["measured"] = step.measured;
  std::apply([&](const auto&... metric) { (add(metric, true), ...); }, kStepMetrics);
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

}  // namespace plumb::store
