// SPDX-License-Identifier: Apache-2.0
// growing_runs RUN FOLDER COUNT PER_S STEPS: writes COUNT runs into FOLDER, run0.plumb and so on,
// all at once and with little work, as COUNT trainings would: each the run RUN, over and over,
// PER_S steps a second until it has STEPS. What is measured of the server beside it is the server's
// own.
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "plumb/store/run_file.h"

namespace {

using Clock = std::chrono::steady_clock;

void grow(const plumb::Run& run, const std::string& folder, int count, double per_s,
          std::int64_t steps) {
  std::vector<std::unique_ptr<plumb::RunWriter>> writers;
  for (int i = 0; i < count; ++i) {
    writers.push_back(std::make_unique<plumb::RunWriter>(fmt::format("{}/run{}.plumb", folder, i)));
    plumb::RunInfo info = run.info;
    info.planned_steps = steps;
    writers.back()->begin(info);
  }
  const auto begin = Clock::now();
  const std::chrono::duration<double> pause(1 / per_s);
  for (std::int64_t number = 0; number < steps; ++number) {
    plumb::StepRecord step = run.steps[static_cast<std::size_t>(number) % run.steps.size()];
    step.step = number;
    step.time_s = std::chrono::duration<double>(Clock::now() - begin).count();
    for (auto& writer : writers) writer->add(step);
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(
                                              pause * static_cast<double>(number + 1)));
  }
  const double time_s = std::chrono::duration<double>(Clock::now() - begin).count();
  for (auto& writer : writers) {
    writer->end({"finished", steps, time_s});
    writer->close();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: growing_runs RUN FOLDER COUNT PER_S STEPS\n");
    return 2;
  }
  try {
    grow(plumb::load_run(argv[1]), argv[2], std::stoi(argv[3]), std::stod(argv[4]),
         std::stoll(argv[5]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
