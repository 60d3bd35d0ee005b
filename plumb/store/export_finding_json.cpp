// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/export_json-inl.h"

namespace plumb::store {

namespace {

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

}  // namespace

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

}  // namespace plumb::store
