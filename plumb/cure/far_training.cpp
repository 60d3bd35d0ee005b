// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/far_training.h"

#include <nlohmann/json.hpp>

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string far_task(const TrainConfig& config, std::uint64_t seed) {
  Json values = Json::object();
  for (const Setting& setting : settings()) values[std::string(setting.key)] = setting.get(config);
  return Json{{"seed", seed}, {"settings", std::move(values)}}.dump();
}

FarTraining trainings_on(Ranks& ranks) {
  if (ranks.others() == 0) return {};
  return [&ranks](const TrainConfig& config, std::uint64_t seed) -> std::optional<ArmTraining> {
    const std::optional<std::string> line = ranks.ask(far_task(config, seed));
    if (!line) return std::nullopt;
    return training_of_line(*line);
  };
}

std::string answer_training(const std::string& task,
                            const std::function<const CureSplit&(const TrainConfig&)>& data_of) {
  const Json json = Json::parse(task);
  TrainConfig config;
  for (const auto& [key, value] : json.at("settings").items()) {
    if (const Setting* const setting = find_setting(key)) {
      setting->set(config, value.get<std::string>());
    }
  }
  const auto seed = json.at("seed").get<std::uint64_t>();
  return training_line({}, {}, train_arm(config, seed, data_of(config), nullptr, {}));
}

}  // namespace plumb
