// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "plumb/core/error.h"

namespace plumb {

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view expected) {
  throw SpecError("schedule: '" + std::string(text) + "', expected " + std::string(expected));
}

template <class T>
bool read_whole(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

bool read_fraction(std::string_view text, double& value) {
  return read_whole(text, value) && value >= 0 && value <= 1;
}

void check_steps(std::string_view what, std::int64_t steps) {
  if (steps >= 0) return;
  throw SpecError("schedule: " + std::string(what) + " is " + std::to_string(steps) +
                  ", expected 0 or more");
}

}  // namespace

double Schedule::at(std::int64_t step) const {
  const double warm =
      step < warmup_steps ? static_cast<double>(step + 1) / static_cast<double>(warmup_steps) : 1.0;
  double decay = 1;
  if (kind == "step") {
    const std::int64_t drops = step / every;
    decay = std::pow(factor, static_cast<double>(drops));
  }
  if (kind == "cosine" && step >= warmup_steps) {
    const double length =
        static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
    const double progress = std::min(1.0, static_cast<double>(step - warmup_steps) / length);
    const double wave = (1 + std::cos(std::numbers::pi * progress)) / 2;
    decay = final_fraction + (1 - final_fraction) * wave;
  }
  return learning_rate * warm * decay;
}

Schedule parse_schedule(std::string_view text, double learning_rate, std::int64_t warmup_steps,
                        std::int64_t total_steps) {
  if (!(learning_rate >= 0 && std::isfinite(learning_rate))) {
    throw SpecError("schedule: the learning rate is " + std::to_string(learning_rate) +
                    ", expected a finite number that is not negative");
  }
  check_steps("warmup_steps", warmup_steps);
  check_steps("total_steps", total_steps);

  const std::size_t colon = text.find(':');
  const bool has_values = colon != std::string_view::npos;
  const std::string_view values = has_values ? text.substr(colon + 1) : std::string_view();
  Schedule schedule;
  schedule.kind = text.substr(0, colon);
  schedule.learning_rate = learning_rate;
  schedule.warmup_steps = warmup_steps;
  schedule.total_steps = total_steps;
  if (schedule.kind == "constant") {
    if (has_values) refuse(text, "constant without a value");
  } else if (schedule.kind == "step") {
    const std::size_t comma = std::min(values.find(','), values.size());
    const std::string_view factor = values.substr(std::min(comma + 1, values.size()));
    if (!read_whole(values.substr(0, comma), schedule.every) || schedule.every < 1 ||
        !read_fraction(factor, schedule.factor)) {
      refuse(text, "step:EVERY,FACTOR with EVERY at least 1 and FACTOR from 0 to 1");
    }
  } else if (schedule.kind == "cosine") {
    if (has_values && !read_fraction(values, schedule.final_fraction)) {
      refuse(text, "cosine or cosine:FINAL_FRACTION from 0 to 1");
    }
    if (total_steps == 0) refuse(text, "total_steps, the length of the cosine");
  } else {
    refuse(text, "constant, step:EVERY,FACTOR or cosine[:FINAL_FRACTION]");
  }
  return schedule;
}

}  // namespace plumb
