// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/cure_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "plumb/core/error.h"
#include "plumb/core/json_number.h"
#include "plumb/core/version.h"
#include "plumb/zoo/patient.h"

namespace plumb::zoo {

namespace {

using Json = nlohmann::ordered_json;

std::optional<double> score_of(const Arm& arm) {
  if (arm.trainings.empty()) return std::nullopt;
  return arm.mean_score();
}

/// The mean over the trainings; -infinity where it ends in one.
std::optional<double> measured_reach(const Arm& arm) {
  double sum = 0;
  for (const ArmTraining& training : arm.trainings) {
    if (!training.log2_reach || std::isnan(*training.log2_reach)) return std::nullopt;
    sum += *training.log2_reach;
  }
  if (arm.trainings.empty()) return std::nullopt;
  return sum / static_cast<double>(arm.trainings.size());
}

std::vector<CandidateReach> reaches_of(const CureReport& report) {
  std::vector<CandidateReach> reaches;
  for (const CureCandidate& one : report.candidates) {
    const RewriteEntry& rewrite = *one.change.prescription.rewrite;
    const std::optional<double> measured = measured_reach(one.screen);
    if (!changes_reach(rewrite.group) || !one.change.log2_reach || !measured) continue;
    if (std::isnan(*one.change.log2_reach)) continue;
    reaches.push_back({std::string(rewrite.id), *one.change.log2_reach, *measured});
  }
  return reaches;
}

void train_twin(CureTrial& trial, const std::vector<ArmTraining>& like) {
  Patient twin(*trial.kind, trial.seed, true);
  const TrainConfig config = twin.specimen().config;
  CureData data(config, std::move(twin.specimen().data));
  Arm arm{"twin", config, {}};
  for (const ArmTraining& training : like) {
    arm.trainings.push_back(train_arm(config, training.seed, data.given(), nullptr, {}));
  }
  trial.twin = arm.mean_score();
  trial.twin_constant = constant_score(data.given());
}

CureTrial trial_of(const Kind& kind, std::uint64_t seed, const CureOptions& options,
                   const CureObserver& observer) {
  CureTrial trial;
  trial.kind = &kind;
  trial.seed = seed;
  Patient patient(kind, seed);
  const TrainConfig config = patient.specimen().config;
  CureData data(config, std::move(patient.specimen().data));
  const CureReport report = cure(config, data, options);
  if (observer) observer(kind, seed, report);
  trial.ending = report.ending;
  trial.trainings = report.trainings;
  trial.constant = report.constant_score;
  const bool is_proven = !report.proof_cured.trainings.empty();
  trial.untreated = score_of(is_proven ? report.proof_untreated : report.untreated);
  trial.cured = score_of(report.proof_cured);
  trial.random = score_of(report.proof_random);
  trial.rate = score_of(report.proof_rate);
  trial.reaches = reaches_of(report);
  if (report.winner) {
    const CureCandidate& winner = report.candidates[*report.winner];
    trial.rewrite = winner.change.prescription.rewrite->id;
    for (const RewriteEntry* const more : winner.more) {
      trial.second += (trial.second.empty() ? "" : " and ") + std::string(more->id);
    }
    const auto first = std::find_if(
        report.candidates.begin(), report.candidates.end(), [&](const CureCandidate& one) {
          return one.change.prescription.rewrite == winner.change.prescription.rewrite &&
                 one.change.prescription.arguments == winner.change.prescription.arguments;
        });
    trial.rank = 1 + static_cast<int>(first - report.candidates.begin());
  }
  if (!kind.is_healthy()) {
    train_twin(trial, (is_proven ? report.proof_cured : report.untreated).trainings);
  }
  return trial;
}

/// What the result depends on beside kind and seed.
Json options_json(const CureOptions& options) {
  return {{"version", kVersion},
          {"budget", options.budget},
          {"screen_seeds", options.screen_seeds},
          {"proof_seeds", options.proof_seeds},
          {"screened", options.screened},
          {"search_s", options.search.budget_s}};
}

Json number(const std::optional<double>& value) { return json_number<Json>(value); }

std::optional<double> number_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

CureEnding ending_of(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(CureEnding::interrupted); ++i) {
    if (to_string(static_cast<CureEnding>(i)) == text) return static_cast<CureEnding>(i);
  }
  throw std::invalid_argument("ending");
}

}  // namespace

bool CureTrial::is_changed() const {
  return ending == CureEnding::cured || ending == CureEnding::better ||
         ending == CureEnding::any_rate;
}

bool CureTrial::comes_to_twin(double score) const {
  const auto way = [](double one, double from) { return (one - from) / (1 - from); };
  const bool is_same = constant > 0 && score >= twin - kSamePoints;
  return is_same || way(score, constant) >= kTwinsWay * way(twin, twin_constant);
}

bool CureTrial::is_as_good() const { return untreated && comes_to_twin(*untreated); }

bool CureTrial::is_cured() const { return is_changed() && cured && comes_to_twin(*cured); }

CureTrial run_cure_trial(const Kind& kind, std::uint64_t seed, const CureOptions& options,
                         const CureObserver& observer) {
  try {
    return trial_of(kind, seed, options, observer);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("zoo: {}, seed {}: {}", kind.name, seed, error.what()));
  }
}

Json reaches_json(const std::vector<CandidateReach>& reaches) {
  Json json = Json::array();
  for (const CandidateReach& one : reaches) {
    json.push_back({one.rewrite, number(one.predicted), number(one.measured)});
  }
  return json;
}

/// What is no number in the line is a gradient that ends.
std::vector<CandidateReach> reaches_of(const Json& json) {
  constexpr double kEnds = -std::numeric_limits<double>::infinity();
  std::vector<CandidateReach> reaches;
  for (const Json& one : json) {
    reaches.push_back({one.at(0).get<std::string>(), number_of(one.at(1)).value_or(kEnds),
                       number_of(one.at(2)).value_or(kEnds)});
  }
  return reaches;
}

std::string to_line(const CureTrial& trial, const CureOptions& options) {
  return Json{{"kind", trial.kind->name},
              {"seed", trial.seed},
              {"ending", to_string(trial.ending)},
              {"rewrite", trial.rewrite},
              {"second", trial.second},
              {"rank", trial.rank},
              {"trainings", trial.trainings},
              {"constant", number(trial.constant)},
              {"untreated", number(trial.untreated)},
              {"cured", number(trial.cured)},
              {"random", number(trial.random)},
              {"rate", number(trial.rate)},
              {"twin_constant", number(trial.twin_constant)},
              {"twin", number(trial.twin)},
              {"reach", reaches_json(trial.reaches)},
              {"options", options_json(options)}}
      .dump();
}

std::optional<CureTrial> trial_of_line(const std::string& line, const CureOptions& options) {
  try {
    const Json json = Json::parse(line);
    const bool is_whole = json.contains("reach");  // lines of 0.2 lack it
    if (json.at("options") != options_json(options) || !is_whole) return std::nullopt;
    CureTrial trial;
    trial.kind = &find_kind(json.at("kind").get<std::string>());
    trial.seed = json.at("seed").get<std::uint64_t>();
    trial.ending = ending_of(json.at("ending").get<std::string>());
    trial.rewrite = json.at("rewrite").get<std::string>();
    trial.second = json.at("second").get<std::string>();
    trial.rank = json.at("rank").get<int>();
    trial.trainings = json.at("trainings").get<int>();
    trial.constant = number_of(json.at("constant")).value_or(0);
    trial.untreated = number_of(json.at("untreated"));
    trial.cured = number_of(json.at("cured"));
    trial.random = number_of(json.at("random"));
    trial.rate = number_of(json.at("rate"));
    trial.twin_constant = number_of(json.at("twin_constant")).value_or(0);
    trial.twin = number_of(json.at("twin")).value_or(0);
    trial.reaches = reaches_of(json.at("reach"));
    return trial;
  } catch (const std::exception& error) {
    throw DataError(fmt::format("no result of a cure ({}): {}", error.what(), line));
  }
}

}  // namespace plumb::zoo
