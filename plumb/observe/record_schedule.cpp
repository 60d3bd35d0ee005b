// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/record_schedule.h"

#include <charconv>

#include "plumb/core/error.h"

namespace plumb {

namespace {
constexpr std::int64_t kLastPowerOfTwo = 64;
constexpr std::int64_t kMaxSpacing = 500;  // our choice: a measured step costs two others at most

/// True of 0 too.
bool is_power_of_two(std::int64_t step) { return (step & (step - 1)) == 0; }

}  // namespace

RecordSchedule RecordSchedule::parse(std::string_view text) {
  RecordSchedule schedule;
  if (text == "log") return schedule;
  if (text == "off") {
    schedule.kind_ = Kind::off;
    return schedule;
  }
  constexpr std::string_view kEvery = "every=";
  if (text.starts_with(kEvery)) {
    const std::string_view number = text.substr(kEvery.size());
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), schedule.every_);
    if (error == std::errc() && end == number.data() + number.size() && schedule.every_ > 0) {
      schedule.kind_ = Kind::every;
      return schedule;
    }
  }
  throw SpecError("record: '" + std::string(text) + "', expected log, every=K with K >= 1, or off");
}

bool RecordSchedule::due(std::int64_t step) const {
  switch (kind_) {
    case Kind::off: return false;
    case Kind::every: return step % every_ == 0 || (step < every_ && is_power_of_two(step));
    case Kind::log: break;
  }
  if (step <= kLastPowerOfTwo) return is_power_of_two(step);
  std::int64_t due = kLastPowerOfTwo;
  while (due < step && due / 4 < kMaxSpacing) due += due / 4;
  return due < step ? (step - due) % kMaxSpacing == 0 : due == step;
}

std::string RecordSchedule::to_string() const {
  switch (kind_) {
    case Kind::off: return "off";
    case Kind::every: return "every=" + std::to_string(every_);
    case Kind::log: break;
  }
  return "log";
}

}  // namespace plumb
