// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/zoo/kind.h"

namespace plumb::zoo {

/// A specimen as a user would have it: what is done to its weights stands in a file, which its
/// configuration names and which is gone with its owner.
class Patient {
 public:
  Patient(const Kind& kind, std::uint64_t seed, bool twin = false);
  ~Patient();
  Patient(const Patient&) = delete;
  Patient& operator=(const Patient&) = delete;

  Specimen& specimen() { return specimen_; }

 private:
  std::string path_;  ///< of the weights; empty for none
  Specimen specimen_;
};

}  // namespace plumb::zoo
