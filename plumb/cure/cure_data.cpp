// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_data.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "plumb/data/standardise.h"

namespace plumb {

namespace {

constexpr std::int64_t kJudgedSamples = 512;

CureSplit taken_apart(Split split) {
  CureSplit result;
  result.judged = first_samples(split.train, kJudgedSamples);
  result.split = std::move(split);
  return result;
}

}  // namespace

CureData::CureData(const TrainConfig& config, Split split)
    : is_standardised_(config.standardise), given_(taken_apart(std::move(split))) {}

CureData::CureData(const TrainConfig& config)
    : CureData(config, load_split(config.data, config.data_options())) {}

const CureSplit& CureData::of(const TrainConfig& config) {
  if (is_standardised_ || !config.standardise) return given_;
  const std::lock_guard lock(mutex_);
  if (!standardised_) {
    const Split& given = given_.split;
    Split split{first_samples(given.train, given.train.size()),
                first_samples(given.validation, given.validation.size())};
    standardise(split, config.data_options().standardise_targets);
    standardised_.emplace(taken_apart(std::move(split)));
  }
  return *standardised_;
}

Dataset first_samples(const Dataset& data, std::int64_t count) {
  if (data.size() == 0) return {};
  std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(count, data.size())));
  std::iota(rows.begin(), rows.end(), 0);
  return data.select(rows);
}

}  // namespace plumb
