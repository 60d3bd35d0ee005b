// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/reproduction.h"

#include <algorithm>
#include <iterator>

#include "plumb/proof/protocol.h"

namespace plumb {

namespace {

bool has_finding(const ArmTraining& training) {
  return std::any_of(training.findings.begin(), training.findings.end(),
                     [](const Finding& one) { return one.severity > Severity::note; });
}

}  // namespace

bool fails(const ArmTraining& training, double constant_score) {
  return training_fails({training.score, training.is_suspect(), has_finding(training)},
                        constant_score);
}

int failures_of(const Arm& untreated, double constant_score) {
  const auto& all = untreated.trainings;
  return static_cast<int>(std::count_if(
      all.begin(), all.end(), [&](const ArmTraining& one) { return fails(one, constant_score); }));
}

std::size_t first_failure_of(const Arm& untreated, double constant_score) {
  const auto& all = untreated.trainings;
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const ArmTraining& one) { return fails(one, constant_score); });
  return it == all.end() ? 0 : static_cast<std::size_t>(it - all.begin());
}

std::vector<std::uint64_t> screen_seeds_of(const Arm& untreated, double constant_score) {
  std::vector<std::uint64_t> seeds;
  for (const ArmTraining& one : untreated.trainings) seeds.push_back(one.seed);
  const auto place = static_cast<std::ptrdiff_t>(first_failure_of(untreated, constant_score));
  if (!seeds.empty()) {
    std::rotate(seeds.begin(), std::next(seeds.begin(), place),
                std::next(seeds.begin(), place + 1));
  }
  return seeds;
}

}  // namespace plumb
