// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/finding_json.h"

#include <variant>

#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/report/page_json-inl.h"

namespace plumb {

namespace {

using page::Json;

Json to_json(const Remedy& remedy, const std::string& text) {
  Json arguments = Json::object();
  for (const auto& [name, value] : remedy.arguments) {
    std::visit([&, key = name](const auto& one) { arguments[key] = one; }, value);
  }
  return {{"kind", to_string(remedy.kind)},
          {"layer", remedy.target.is_layer() ? page::id_json(remedy.target.id) : Json(nullptr)},
          {"arguments", std::move(arguments)},
          {"text", text}};
}

Json to_json(const Evidence& evidence, const std::string& name, const std::string& source) {
  return {{"quantity", to_string(evidence.fact.quantity)},
          {"name", name},
          {"value", page::number(evidence.fact.value)},
          {"threshold", page::number(evidence.threshold)},
          {"threshold_source", source}};
}

std::string path_of(const RunInfo& info, const Place& place) {
  if (place.of == Place::Of::loss) return "loss";
  const LayerId layer = layer_at(info, place);
  return layer == kNoLayer ? std::string() : info.layer(layer).path;
}

}  // namespace

std::string finding_json(const RunInfo& info, std::span<const Finding> all,
                         const Finding& finding) {
  const FindingWords words = words_of(info, all, finding);
  Json evidence = Json::array(), remedies = Json::array();
  for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
    evidence.push_back(
        to_json(finding.evidence[i], words.evidence_names[i], words.evidence_sources[i]));
  }
  for (std::size_t i = 0; i < finding.remedies.size(); ++i) {
    remedies.push_back(to_json(finding.remedies[i], words.remedies[i]));
  }
  const Json json{
      {"id", finding.id},
      {"rule", finding.rule},
      {"severity", to_string(finding.severity)},
      {"layer", page::id_json(layer_at(info, finding.place))},
      {"path", path_of(info, finding.place)},
      {"where", place_text(info, finding.place)},
      {"first_step", finding.first_step},
      {"last_step", finding.last_step},
      {"over", finding.over},
      {"symptom", words.symptom},
      {"evidence", std::move(evidence)},
      {"cause", words.cause},
      {"cause_kind", to_string(finding.cause.kind)},
      {"cause_share", page::number(finding.cause.share)},
      {"did_harm", finding.did_harm ? Json(*finding.did_harm) : Json(nullptr)},
      {"explained_by", finding.explained_by ? Json(*finding.explained_by) : Json(nullptr)},
      {"consequence", words.consequence},
      {"remedies", std::move(remedies)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace plumb
