// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

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

Json info_json(const RunInfo& info) {
  Json settings = Json::array();
  for (const auto& [key, value] : info.settings)
    settings.push_back({{"key", key}, {"value", value}});
  Json layers = Json::array();
  for (const LayerInfo& layer : info.layers) {
    layers.push_back({{"path", layer.path},
                      {"kind", layer.kind},
                      {"family", to_string(layer.family)},
                      {"text", layer.text},
                      {"parent", layer.parent},
                      {"depth", layer.depth},
                      {"units", layer.units},
                      {"fan_in", layer.fan_in},
                      {"fan_out", layer.fan_out},
                      {"max_derivative", number(layer.max_derivative)}});
  }
  return {{"kind", info.kind},
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
          {"settings", std::move(settings)},
          {"layers", std::move(layers)}};
}

Json histogram_json(const Sketch& sketch) {
  const Histogram::Range touched = sketch.histogram.touched();
  Json counts = Json::array();
  for (std::size_t k = touched.begin; k < touched.end; ++k) counts.push_back(sketch.histogram[k]);
  const int first = static_cast<int>(touched.begin) + Sketch::kMinExponent;
  return {{"first_exponent", counts.empty() ? 0 : first}, {"counts", std::move(counts)}};
}

Json sketch_json(const SketchRecord& record) {
  const Sketch& sketch = record.sketch;
  Json losses = Json::object();
  for (std::size_t i = 0; i < kNumberFormatCount; ++i) {
    const auto format = static_cast<NumberFormat>(i);
    const FormatLoss& loss = sketch.loss(format);
    losses[to_string(format)] = {
        {"flushed", loss.flushed}, {"subnormal", loss.subnormal}, {"overflowed", loss.overflowed}};
  }
  return {{"path", record.site.path},
          {"role", to_string(record.site.role)},
          {"param", record.site.param},
          {"count", sketch.count},
          {"nonfinite_count", sketch.nonfinite_count},
          {"zero_count", sketch.zero_count},
          {"mean", number(sketch.mean)},
          {"m2", number(sketch.m2)},
          {"var", number(sketch.var())},
          {"rms", number(sketch.rms())},
          {"abs_max", number(sketch.abs_max)},
          {"log2_scale", sketch.log2_scale},
          {"true_log2_rms", number(sketch.true_log2_rms())},
          {"true_log2_abs_max", number(sketch.true_log2_abs_max())},
          {"true_log2_median", number(sketch.true_log2_median())},
          {"histogram", histogram_json(sketch)},
          {"format_loss", std::move(losses)}};
}

Json step_json(const StepRecord& step) {
  Json json{{"step", step.step},
            {"epoch", step.epoch},
            {"time_s", number(step.time_s)},
            {"loss", number(step.loss)},
            {"accuracy", number(step.accuracy)},
            {"learning_rate", number(step.learning_rate)},
            {"grad_norm", number(step.grad_norm)},
            {"clip_factor", number(step.clip_factor)},
            {"weight_decay_norm", number(step.weight_decay_norm)},
            {"measured", step.measured}};
  if (step.validation_loss) json["validation_loss"] = number(*step.validation_loss);
  if (step.validation_accuracy) json["validation_accuracy"] = number(*step.validation_accuracy);
  json["sketches"] = Json::array();
  for (const SketchRecord& record : step.sketches) json["sketches"].push_back(sketch_json(record));
  json["activations"] = Json::array();
  for (const ActivationRecord& record : step.activations) {
    json["activations"].push_back({{"path", record.path},
                                   {"log2_rms_derivative", number(record.log2_rms_derivative)},
                                   {"saturated_fraction", number(record.saturated_fraction)},
                                   {"active_fraction", number(record.active_fraction)},
                                   {"units", record.units},
                                   {"dead_units", record.dead_units},
                                   {"window_samples", record.window_samples}});
  }
  json["joins"] = Json::array();
  for (const JoinRecord& record : step.joins) {
    json["joins"].push_back({{"path", record.path},
                             {"log2_rms_branch", number(record.log2_rms_branch)},
                             {"log2_rms_shortcut", number(record.log2_rms_shortcut)},
                             {"cosine", number(record.cosine)}});
    if (std::isnan(record.log2_rms_gate)) continue;
    json["joins"].back()["log2_rms_gate"] = number(record.log2_rms_gate);
    json["joins"].back()["carry_mean"] = number(record.carry_mean);
  }
  json["symmetries"] = Json::array();
  for (const SymmetryRecord& record : step.symmetries) {
    json["symmetries"].push_back({{"path", record.path},
                                  {"units", record.units},
                                  {"duplicate_units", record.duplicate_units}});
  }
  json["times"] = Json::array();
  for (const TimeRecord& record : step.times) {
    Json series = Json::array();
    for (const TimeSeries& one : record.series) {
      Json values = Json::array();
      for (const float value : one.values) values.push_back(number(static_cast<double>(value)));
      series.push_back({{"quantity", to_string(one.quantity)},
                        {"statistic", to_string(one.statistic)},
                        {"values", std::move(values)}});
    }
    json["times"].push_back({{"path", record.path},
                             {"reverse", record.reverse},
                             {"time_steps", record.time_steps},
                             {"units", record.units},
                             {"series", std::move(series)}});
  }
  return json;
}

Json finding_json(const Finding& finding) {
  Json evidence = Json::array();
  for (const Evidence& fact : finding.evidence) {
    evidence.push_back({{"quantity", fact.quantity},
                        {"value", number(fact.value)},
                        {"threshold", number(fact.threshold)},
                        {"threshold_source", fact.threshold_source}});
  }
  return {{"rule", finding.rule},
          {"severity", to_string(finding.severity)},
          {"path", finding.path},
          {"first_step", finding.first_step},
          {"last_step", finding.last_step},
          {"symptom", finding.symptom},
          {"evidence", std::move(evidence)},
          {"cause", finding.cause},
          {"consequence", finding.consequence},
          {"remedies", finding.remedies}};
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
    text += separator + dump(step_json(step));
    separator = ",\n";
  }
  text += "],\n\"findings\":[";
  separator = "\n";
  for (const Finding& finding : run.findings) {
    text += separator + dump(finding_json(finding));
    separator = ",\n";
  }
  text += "],\n\"end\":";
  text += run.end ? dump({{"reason", run.end->reason},
                          {"steps", run.end->steps},
                          {"time_s", number(run.end->time_s)}})
                  : "null";
  return text + "}\n";
}

}  // namespace plumb
