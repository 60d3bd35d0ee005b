// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/judge.h"

#include <algorithm>

namespace plumb::zoo {

Judgement judge(const Trial& trial, const Answer& answer) {
  Judgement judgement;
  judgement.said_healthy = answer.outcome == to_string(Outcome::healthy);
  const Said* const first = answer.first_alarm();
  if (first == nullptr) return judgement;
  const Truth& truth = trial.kind->truth;
  judgement.alarmed = true;
  judgement.class_right = std::ranges::count(truth.rules, first->rule) > 0;
  judgement.cause_right = std::ranges::count(truth.causes, first->cause) > 0;
  judgement.place_right = trial.bad_depth > 0 && first->depth == trial.bad_depth;
  return judgement;
}

void Tally::add(const Tally& other) {
  class_right.add(other.class_right);
  place_right.add(other.place_right);
  cause_right.add(other.cause_right);
  missed.add(other.missed);
  false_alarms.add(other.false_alarms);
  healthy_at_baseline.add(other.healthy_at_baseline);
}

void add_to(Tally& tally, const Trial& trial, bool at_start) {
  const Judgement judgement = judge(trial, at_start ? trial.at_start : trial.at_end);
  if (!at_start && trial.gained() < kLearnedNothing) {
    tally.healthy_at_baseline.add(judgement.said_healthy);
  }
  if (trial.is_healthy()) {
    tally.false_alarms.add(judgement.alarmed);
    return;
  }
  if (at_start && !trial.kind->truth.at_start) return;
  tally.class_right.add(judgement.class_right);
  tally.cause_right.add(judgement.cause_right);
  tally.missed.add(!judgement.alarmed);
  if (trial.bad_depth > 0) tally.place_right.add(judgement.place_right);
}

void add_to(PeerTally& tally, const Trial& trial, std::size_t index, bool at_start) {
  const auto& all = at_start ? trial.peers_at_start : trial.peers_at_end;
  if (index >= all.size()) return;
  const Symptoms& found = all[index];
  if (trial.is_healthy()) {
    tally.false_alarms.add(!found.empty());
    return;
  }
  const Truth& truth = trial.kind->truth;
  if (at_start && !truth.at_start) return;
  const Peer& peer = peers()[index];
  const bool right = std::ranges::any_of(found, [&](const std::string& symptom) {
    const auto it = peer.means.find(symptom);
    return it != peer.means.end() && std::ranges::any_of(it->second, [&](std::string_view rule) {
             return std::ranges::count(truth.rules, rule) > 0;
           });
  });
  tally.class_right.add(right);
  tally.alone.add(right && found.size() == 1);
  tally.missed.add(found.empty());
}

}  // namespace plumb::zoo
