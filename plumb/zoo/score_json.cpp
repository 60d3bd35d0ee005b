// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "plumb/core/json_number.h"
#include "plumb/core/version.h"
#include "plumb/zoo/score.h"

namespace plumb::zoo {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_number<Json>(value); }

Json count_json(const Count& count) { return {{"right", count.right}, {"of", count.of}}; }

Json tally_json(const Tally& tally) {
  return {{"class", count_json(tally.class_right)},
          {"place", count_json(tally.place_right)},
          {"cause", count_json(tally.cause_right)},
          {"missed", count_json(tally.missed)},
          {"false_alarms", count_json(tally.false_alarms)},
          {"healthy_at_baseline", count_json(tally.healthy_at_baseline)}};
}

Json answer_json(const Trial& trial, const Answer& answer) {
  const Judgement judgement = judge(trial, answer);
  Json findings = Json::array();
  for (const Said& said : answer.findings) {
    findings.push_back({{"rule", said.rule},
                        {"severity", to_string(said.severity)},
                        {"cause", said.cause},
                        {"depth", said.depth},
                        {"explained", said.is_explained}});
  }
  return {{"outcome", answer.outcome},
          {"alarmed", judgement.alarmed},
          {"class_right", judgement.class_right},
          {"place_right", judgement.place_right},
          {"cause_right", judgement.cause_right},
          {"findings", findings}};
}

Json trial_json(const Trial& trial) {
  const Truth& truth = trial.kind->truth;
  return {{"kind", trial.kind->name},
          {"family", to_string(trial.kind->family)},
          {"seed", trial.seed},
          {"twin", trial.is_twin},
          {"healthy", trial.is_healthy()},
          {"truth",
           {{"rules", truth.rules},
            {"causes", truth.causes},
            {"depth", trial.bad_depth},
            {"at_start", truth.at_start},
            {"curable", truth.curable}}},
          {"baseline", number(trial.baseline)},
          {"loss", number(trial.loss)},
          {"gained", number(trial.gained())},
          {"start", answer_json(trial, trial.at_start)},
          {"end", answer_json(trial, trial.at_end)}};
}

Json peers_json(const Score& score) {
  Json all = Json::object();
  for (std::size_t i = 0; i < peers().size(); ++i) {
    Json& entry = all[std::string(peers()[i].name)];
    for (const bool at_start : {true, false}) {
      const PeerTally tally = score.peer_tally(i, at_start);
      entry[at_start ? "start" : "end"] = {{"class", count_json(tally.class_right)},
                                           {"alone", count_json(tally.alone)},
                                           {"missed", count_json(tally.missed)},
                                           {"false_alarms", count_json(tally.false_alarms)}};
    }
  }
  return all;
}

Json summary(const Score& score) {
  Json json = {{"half", score.options.half ? Json(to_string(*score.options.half)) : Json(nullptr)},
               {"seeds", score.options.seeds},
               {"record", score.options.record},
               {"runs", score.trials.size()},
               {"start", tally_json(score.tally(true))},
               {"end", tally_json(score.tally(false))}};
  if (score.options.peers) json["peers"] = peers_json(score);
  return json;
}

}  // namespace

std::string score_json(const Score& score, int indent) {
  Json json = summary(score);
  for (const char* name : {"flow", "signal", "trainer", "data", "output", "norm", "time"}) {
    const auto family = parse_family(name);
    json["families"][name] = {{"start", tally_json(score.tally(true, family))},
                              {"end", tally_json(score.tally(false, family))}};
  }
  json["trials"] = Json::array();
  for (const Trial& trial : score.trials) json["trials"].push_back(trial_json(trial));
  return json.dump(indent);
}

std::string score_log_line(const Score& score, const std::string& note) {
  Json json = {{"plumb", kVersion}, {"note", note}};
  json.update(summary(score));
  return json.dump();
}

}  // namespace plumb::zoo
