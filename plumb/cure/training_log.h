// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "plumb/core/log_lines.h"
#include "plumb/cure/arm.h"
#include "plumb/cure/cure_data.h"

namespace plumb {

/// What tells one training from all others: every setting, the seed, the samples themselves, the
/// file of weights, and the version of plumb. 16 hexadecimal digits.
std::string training_key(const TrainConfig& config, std::uint64_t seed, const CureSplit& data);

/// One line of JSON for a training that is whole:
///
///   {"key", "arm", "seed", "score", "loss", "reach", "outcome", "findings": [{"rule", "severity",
///    "over", "explained"}]}
///
/// Of a finding no more than that is kept; numbers come back as they were.
std::string training_line(const std::string& key, const std::string& arm,
                          const ArmTraining& training);
/// Errors  any, for what is no such line.
ArmTraining training_of_line(const std::string& line);

/// Results of trainings in a file, a training_line() each, as they come: what is begun again with
/// the same file does not train again what stands there, and ends with the same result. A training
/// that was cut short is not kept.
/// Errors  DataError where the file cannot be read or written, or is of another kind (log_lines.h).
/// Threads Any.
class TrainingLog {
 public:
  explicit TrainingLog(const std::string& path);

  std::optional<ArmTraining> find(const std::string& key) const;
  void add(const std::string& key, const std::string& arm, const ArmTraining& training);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  LogLines lines_;
  std::unordered_map<std::string, ArmTraining> known_;
};

}  // namespace plumb
