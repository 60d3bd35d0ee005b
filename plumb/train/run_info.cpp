// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/run_info.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

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
  info.precision = config.precision;
  info.seed = config.seed;
  info.threads = config.threads;
  info.plumb_version = kVersion;
  info.machine = describe_machine();
  info.started_at = fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  info.settings = to_settings(config);
  describe_graph(network, info);
  return info;
}

}  // namespace plumb
