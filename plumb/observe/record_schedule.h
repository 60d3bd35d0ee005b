// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb {

/// Which steps are measured.
///
///   log      steps 0, 1, 2, 4, 8, ..., 64, then each a quarter further (80, 100, 125, 156, ...), at
///            most 500 after the one before: the first steps tell most, 24 are measured in a training
///            of 2000, and the cost is near 2 % of a small network's training, less of a large one's
///   every=K  every K-th step, and 1, 2, 4, ... below K: what the first steps do to a network shows in
///            no later one, and what is found must not depend on how often one looks
///   off      none
/// The last planned step is measured too unless recording is off.
/// Errors  SpecError naming the forms.
/// Threads Made once; then any thread may ask it.
class RecordSchedule {
 public:
  static RecordSchedule parse(std::string_view text);

  bool due(std::int64_t step) const;
  bool is_off() const { return kind_ == Kind::off; }
  std::string to_string() const;

 private:
  enum class Kind : std::uint8_t { log, every, off };
  Kind kind_ = Kind::log;
  std::int64_t every_ = 0;
};

}  // namespace plumb
