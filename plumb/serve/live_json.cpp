// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/live_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/core/json_number.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/report/finding_json.h"

namespace plumb::serve {

namespace {

using Json = nlohmann::ordered_json;

const double kLog10Of2 = std::log10(2.0);

Json number(double value) { return json_number<Json>(value); }
Json log10_of(double log2) { return number(log2 * kLog10Of2); }

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json row_object(const RunRow& row, std::size_t id) {
  Json reach = Json::array();
  for (const double value : row.reach_history) reach.push_back(log10_of(value));
  return {{"id", id},
          {"name", row.name},
          {"network", row.network},
          {"kind", row.kind},
          {"standing", to_string(row.standing)},
          {"end", row.end_reason},
          {"step", row.step},
          {"planned_steps", row.planned_steps},
          {"loss", number(row.loss)},
          {"accuracy", number(row.accuracy)},
          {"baseline_loss", number(row.baseline_loss)},
          {"log10_reach", log10_of(row.log2_reach)},
          {"reach_history", std::move(reach)},
          {"steps_per_s", number(row.steps_per_s)},
          {"seconds_left", number(row.seconds_left)},
          {"age_s", number(row.age_s)},
          {"nonfinite", row.nonfinite},
          {"outcome", row.outcome},
          {"severity", row.severity},
          {"verdict", verdict_words(row)}};
}

Json curve(const ThinSeries& series, double factor) {
  Json points = Json::array();
  for (const ThinSeries::Point& point : series.points())
    points.push_back({point.step, number(point.value * factor)});
  return points;
}

Json profile(const std::vector<FlowPoint>& points, const LayerNames& names, const RunInfo& info) {
  Json layers = Json::array();
  for (const FlowPoint& point : points) {
    layers.push_back({{"name", names.layer(point.layer)},
                      {"text", info.layer(point.layer).text},
                      {"flow", log10_of(point.log2_grad_z)},
                      {"weight_gradient", log10_of(point.log2_grad_weight)},
                      {"speed", log10_of(point.log2_update_ratio)}});
  }
  return layers;
}

}  // namespace

std::string row_json(const RunRow& row, std::size_t id) { return text(row_object(row, id)); }

std::string view_json(const LiveRun& run, const RunRow& row, std::size_t id) {
  const RunInfo& info = run.info();
  const LayerNames names(info);
  Json findings = Json::array();
  for (const Finding& finding : run.findings()) {
    Json one = Json::parse(finding_json(info, run.findings(), finding));
    one["headline"] = headline(info, finding);
    findings.push_back(std::move(one));
  }
  return text({{"row", row_object(row, id)},
               {"verdict", run.verdict()},
               {"loss", curve(run.losses(), 1)},
               {"reach", curve(run.reach(), kLog10Of2)},
               {"measured_step", run.last_measured()},
               {"first_profile", profile(run.first_profile(), names, info)},
               {"profile", profile(run.last_profile(), names, info)},
               {"findings", std::move(findings)}});
}

std::string news_json(const RunRow& row, std::size_t id, const Finding& finding,
                      const RunInfo& info) {
  return text({{"id", id},
               {"name", row.name},
               {"step", finding.first_step},
               {"severity", to_string(finding.severity)},
               {"finding", headline(info, finding)}});
}

}  // namespace plumb::serve
