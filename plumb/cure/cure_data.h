// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "plumb/data/dataset.h"
#include "plumb/train/config.h"

namespace plumb {

/// A number for the bytes of a data set (FNV-1a, 64 bits): the same samples in the same order have
/// the same.
std::uint64_t fingerprint(const Dataset& data);

/// What a training reads, and what short ones are judged by: up to 512 samples of the training
/// part.
struct CureSplit {
  Split split;
  Dataset judged;
  std::uint64_t fingerprint = 0;  ///< of both parts
};

/// The settings that the data of a training depend on: trainings of the same key share them.
std::string data_key(const TrainConfig& config);

/// The data of a patient, once as they were given and once standardised, where a rewrite asks for
/// that. Every arm of a comparison reads the same samples in the same split, whatever its seed.
///
/// Threads Any; what is returned stays where it is.
class CureData {
 public:
  /// `split` was loaded with the data options of `config`.
  CureData(const TrainConfig& config, Split split);
  /// Loads them. Errors  as load_split().
  explicit CureData(const TrainConfig& config);

  /// As that training wants them: only `standardise` may differ from the patient's.
  const CureSplit& of(const TrainConfig& config);
  const CureSplit& given() const { return given_; }

 private:
  bool is_standardised_;
  CureSplit given_;
  std::mutex mutex_;
  std::optional<CureSplit> standardised_;
};

/// The first `count` samples, or all.
Dataset first_samples(const Dataset& data, std::int64_t count);

}  // namespace plumb
