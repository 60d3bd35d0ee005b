// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/run_info.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <thread>

#include "plumb/core/version.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/stats/sketch.h"

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

LayerInfo describe_layer(const Node& node) {
  LayerInfo info;
  info.path = node.path;
  info.kind = node.kind();
  info.family = node.family();
  info.text = node.text;
  info.parent = node.parent;
  info.depth = node.depth;
  info.units = node.y.shape().row_size();
  if (node.layer) {
    if (const auto traits = node.layer->traits()) {
      info.max_derivative = traits->max_derivative.value_or(1);
    }
    for (const Param& param : node.layer->params()) {
      if (param.name != "weight") continue;
      info.fan_in = param.fan_in;
      info.fan_out = param.fan_out;
      if (const double reached = node.layer->outputs_per_input(); reached > 0) {
        info.fan_out = std::max<std::int64_t>(1, std::llround(reached));
      }
    }
  }
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
  info.precision = config.precision;
  info.seed = config.seed;
  info.threads = config.threads;
  info.plumb_version = kVersion;
  info.machine = describe_machine();
  info.started_at = fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  info.settings = to_settings(config);
  network.visit([&](const Node& node) { info.layers.push_back(describe_layer(node)); });
  return info;
}

}  // namespace plumb
