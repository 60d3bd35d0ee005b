// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb {

/// The learning rate over steps, as text:
///   constant | step:EVERY,FACTOR | cosine[:FINAL_FRACTION]
/// with a linear warm-up over the first `warmup_steps` steps (step s of the warm-up has
/// (s+1)/warmup_steps of the rate).
struct Schedule {
  std::string kind = "constant";
  double learning_rate = 0.1;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;  ///< of cosine
  std::int64_t every = 0;        ///< of step
  double factor = 0.1;           ///< of step
  double final_fraction = 0;     ///< of cosine

  double at(std::int64_t step) const;
};

/// Errors  SpecError naming the forms.
Schedule parse_schedule(std::string_view text, double learning_rate, std::int64_t warmup_steps,
                        std::int64_t total_steps);

}  // namespace plumb
