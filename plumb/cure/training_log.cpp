// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/training_log.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/core/json_number.h"
#include "plumb/core/version.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kFnvPrime = 1099511628211U;
constexpr std::uint64_t kFnvStart = 14695981039346656037U;

void hash(std::uint64_t& state, const std::string& text) {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * kFnvPrime;
  state *= kFnvPrime;  // an end of its own, so that no two texts run into each other
}

Json number(double value) { return json_number<Json>(value); }

double number_of(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

std::optional<Outcome> parse_outcome(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(Outcome::not_recorded); ++i) {
    if (to_string(static_cast<Outcome>(i)) == text) return static_cast<Outcome>(i);
  }
  return std::nullopt;
}

Json to_json(const std::string& key, const std::string& arm, const ArmTraining& training) {
  Json findings = Json::array();
  for (const Finding& finding : training.findings) {
    findings.push_back({{"rule", finding.rule},
                        {"severity", to_string(finding.severity)},
                        {"over", finding.over},
                        {"explained", finding.is_explained()}});
  }
  return {{"key", key},
          {"arm", arm},
          {"seed", training.seed},
          {"score", training.score},
          {"loss", number(training.loss)},
          {"reach", training.log2_reach ? number(*training.log2_reach) : Json(nullptr)},
          {"outcome", to_string(training.outcome)},
          {"findings", std::move(findings)}};
}

ArmTraining training_of(const Json& json) {
  ArmTraining training;
  training.seed = json.at("seed").get<std::uint64_t>();
  training.score = json.at("score").get<double>();
  training.loss = number_of(json.at("loss"));
  training.diverged = !std::isfinite(training.loss);
  training.finished = true;
  if (!json.at("reach").is_null()) training.log2_reach = json.at("reach").get<double>();
  const auto outcome = parse_outcome(json.at("outcome").get<std::string>());
  if (!outcome) throw std::invalid_argument("outcome");
  training.outcome = *outcome;
  for (const Json& one : json.at("findings")) {
    Finding finding;
    finding.id = static_cast<int>(training.findings.size());
    finding.rule = one.at("rule").get<std::string>();
    const auto severity = parse_severity(one.at("severity").get<std::string>());
    if (!severity) throw std::invalid_argument("severity");
    finding.severity = *severity;
    finding.over = one.at("over").get<bool>();
    if (one.at("explained").get<bool>()) finding.explained_by = -1;
    training.findings.push_back(std::move(finding));
  }
  return training;
}

}  // namespace

std::string training_line(const std::string& key, const std::string& arm,
                          const ArmTraining& training) {
  return to_json(key, arm, training).dump();
}

ArmTraining training_of_line(const std::string& line) { return training_of(Json::parse(line)); }

std::string training_key(const TrainConfig& config, std::uint64_t seed, const CureSplit& data) {
  std::uint64_t state = kFnvStart;
  hash(state, kVersion);
  for (const Setting& setting : settings()) {
    // Neither changes what is trained: the seed is given, a training of a cure has one thread.
    if (setting.key == "seed" || setting.key == "threads") continue;
    hash(state, std::string(setting.key) + "=" + setting.get(config));
  }
  hash(state, fmt::format("seed={}", seed));
  hash(state, fmt::format("data={:x}", data.fingerprint));
  if (!config.weights.empty()) {
    std::ifstream in(config.weights, std::ios::binary);
    hash(state, {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  }
  return fmt::format("{:016x}", state);
}

TrainingLog::TrainingLog(const std::string& path) : lines_(path) {
  std::size_t line = 0;
  for (const std::string& text : lines_.found()) {
    ++line;
    try {
      const Json json = Json::parse(text);
      known_.emplace(json.at("key").get<std::string>(), training_of(json));
    } catch (const std::exception&) {
      throw DataError(fmt::format(
          "{}: line {} is no result of a training, expected a log that plumb wrote", path, line));
    }
  }
}

std::optional<ArmTraining> TrainingLog::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(key);
  return it == known_.end() ? std::nullopt : std::optional(it->second);
}

void TrainingLog::add(const std::string& key, const std::string& arm, const ArmTraining& training) {
  const std::lock_guard lock(mutex_);
  if (!known_.emplace(key, training).second) return;
  lines_.add(training_line(key, arm, training));
}

std::size_t TrainingLog::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace plumb
