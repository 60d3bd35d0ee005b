// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plumb {

/// What is known of how a recurrent layer was built. Absent or 0 where it is not known or not so.
struct CellFacts {
  std::string state_activation;       ///< of a plain recurrence: "tanh", "relu", "identity"
  std::int64_t truncated_steps = 0;   ///< the gradient is cut after so many time steps; 0: never
  bool orthogonal_start = false;      ///< of the recurrent weight
  bool identity_start = false;        ///< likewise (irnn)
  std::optional<double> gain;         ///< of that start, if one was asked for
  std::optional<double> forget_bias;  ///< of an lstm's start, if one was asked for
  std::int64_t memory_steps = 0;      ///< that a chrono start spreads memories over; 0: none
  friend bool operator==(const CellFacts&, const CellFacts&) = default;
};

}  // namespace plumb
