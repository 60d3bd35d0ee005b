// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/describe_run.h"

#include <fmt/format.h>

#include <fstream>
#include <thread>

#include "plumb/core/utc_time.h"
#include "plumb/core/version.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/stats/sketch.h"
#include "plumb/train/graph_info.h"

namespace plumb {

namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

OptimiserInfo describe_optimiser(const TrainConfig& config) {
  const OptimiserConfig& given = config.optimiser;
  const bool is_adam = given.name == "adam" || given.name == "adamw";
  OptimiserInfo info;
  info.kind = given.name;
  info.momentum = is_adam ? given.beta1 : given.momentum;
  info.nesterov = given.nesterov;
  if (is_adam) info.beta2 = given.beta2;
  if (given.name == "rmsprop") info.beta2 = given.rho;
  if (info.is_adaptive()) info.eps = given.eps;
  info.weight_decay = given.weight_decay;
  info.is_decay_decoupled = given.decoupled || given.name == "adamw";
  info.clip_norm = config.clip_norm;
  info.clip_value = config.clip_value;
  info.learning_rate = config.learning_rate;
  info.schedule = config.schedule;
  info.warmup_steps = config.warmup_steps;
  return info;
}

}  // namespace

std::string describe_machine() {
  return fmt::format("{}, {} hardware threads, {}", cpu_model(),
                     std::thread::hardware_concurrency(), sketch_target());
}

RunInfo describe_run(const TrainConfig& config, const Network& network) {
  RunInfo info;
  info.network = write_out_presets(parse_spec(config.network)).text;
  info.data = config.data;
  info.optimiser = config.optimiser.name;
  info.optimiser_info = describe_optimiser(config);
  info.precision = config.precision;
  info.seed = config.seed;
  info.threads = config.threads;
  info.plumb_version = kVersion;
  info.machine = describe_machine();
  info.started_at = utc_now();
  info.settings = to_settings(config);
  describe_graph(network, info);
  return info;
}

}  // namespace plumb
