// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/cure_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "plumb/data/standardise.h"

namespace plumb {

namespace {

constexpr std::int64_t kJudgedSamples = 512;
constexpr std::uint64_t kFnvPrime = 1099511628211U;
constexpr std::uint64_t kFnvStart = 14695981039346656037U;

void hash(std::uint64_t& state, const void* data, std::size_t bytes) {
  const auto* const at = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < bytes; ++i) state = (state ^ at[i]) * kFnvPrime;
}

void hash(std::uint64_t& state, const Tensor& tensor) {
  if (!tensor || tensor.size() == 0) return;
  const auto values = tensor.as<float>();
  hash(state, values.data(), values.size_bytes());
}

CureSplit taken_apart(Split split) {
  CureSplit result;
  result.judged = first_samples(split.train, kJudgedSamples);
  result.fingerprint = fingerprint(split.train) * kFnvPrime ^ fingerprint(split.validation);
  result.split = std::move(split);
  return result;
}

}  // namespace

std::uint64_t fingerprint(const Dataset& data) {
  std::uint64_t state = kFnvStart;
  const std::int64_t sizes[] = {data.size(), data.classes, data.labels_per_sample};
  hash(state, sizes, sizeof sizes);
  hash(state, data.x);
  hash(state, data.y);
  hash(state, data.labels.data(), data.labels.size() * sizeof(data.labels[0]));
  return state;
}

std::string data_key(const TrainConfig& config) {
  const DataOptions options = config.data_options();
  return fmt::format("{}\n{} {} {} {} {}", config.data, options.limit, options.validation_fraction,
                     options.standardise, options.seed, options.standardise_targets);
}

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
