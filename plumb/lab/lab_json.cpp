// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/lab_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/core/version.h"
#include "plumb/lab/lab_text.h"

namespace plumb::lab {

namespace {

using Json = nlohmann::ordered_json;

Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  // nlohmann writes what is not finite as null.
  for (const double v : values) out.push_back(v);
  return out;
}

Json to_json(const Paragraph& paragraph) { return {{"kind", "text"}, {"text", paragraph.text}}; }

Json to_json(const Table& table) {
  return {{"kind", "table"}, {"title", table.title}, {"head", table.head}, {"rows", table.rows}};
}

Json to_json(const Axis& axis) { return {{"name", axis.name}, {"log", axis.log}}; }

Json to_json(const Plot& plot) {
  constexpr const char* kKinds[] = {"line", "bars", "heat"};
  constexpr const char* kStyles[] = {"line", "dashed", "points"};
  Json series = Json::array();
  for (const Series& one : plot.series) {
    series.push_back({{"name", one.name},
                      {"style", kStyles[static_cast<int>(one.style)]},
                      {"x", numbers(one.x)},
                      {"y", numbers(one.y)}});
  }
  return {{"kind", kKinds[static_cast<int>(plot.kind)]},
          {"title", plot.title},
          {"how", plot.how},
          {"x", to_json(plot.x)},
          {"y", to_json(plot.y)},
          {"categories", plot.categories},
          {"series", series}};
}

Json to_json(const Check& check) {
  constexpr const char* kRelations[] = {"near", "at_most", "at_least"};
  return {{"claim", check.claim},
          {"what", check.what},
          {"measured", check.measured},
          {"relation", kRelations[static_cast<int>(check.relation)]},
          {"expected", check.expected},
          {"tolerance", check.tolerance},
          {"log10", check.log},
          {"measured_text", measured_text(check)},
          {"expected_text", expected_text(check)},
          {"source", check.source},
          {"ok", check.ok}};
}

Json to_json(const Finished& one) {
  constexpr const char* kJudgements[] = {"right", "inexact", "conditional", "wrong"};
  Json claims = Json::array(), parameters = Json::array(), parts = Json::array(),
       checks = Json::array();
  for (const Claim& claim : one.experiment->claims) {
    claims.push_back({{"number", claim.number},
                      {"said", claim.said},
                      {"judgement", kJudgements[static_cast<int>(claim.judgement)]},
                      {"truth", claim.truth}});
  }
  for (const Parameter& parameter : one.settings.parameters()) {
    parameters.push_back(
        {{"name", parameter.name}, {"value", parameter.value}, {"help", parameter.help}});
  }
  for (const Part& part : one.result.parts) {
    parts.push_back(std::visit([](const auto& p) { return to_json(p); }, part));
  }
  for (const Check& check : one.result.checks) checks.push_back(to_json(check));
  return {{"name", one.experiment->name},
          {"title", one.experiment->title},
          {"question", one.experiment->question},
          {"claims", claims},
          {"parameters", parameters},
          {"command", command_line(*one.experiment, one.settings)},
          {"seconds", one.result.seconds},
          {"agrees", one.result.agrees()},
          {"parts", parts},
          {"checks", checks}};
}

}  // namespace

std::string lab_json(std::span<const Finished> finished) {
  Json all = Json::array();
  for (const Finished& one : finished) all.push_back(to_json(one));
  return Json{{"schema", 1}, {"plumb", kVersion}, {"experiments", all}}.dump();
}

}  // namespace plumb::lab
