// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb {

/// Which steps are measured.
///
///   log      steps 0, 1, 2, 4, 8, ..., 64, then every 100th: the first steps tell most, and the cost stays
///            near 1 % of the training
///   every=K  every K-th step
///   off      none
/// The last planned step is measured too unless recording is off.
/// Errors  SpecError naming the forms.
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
