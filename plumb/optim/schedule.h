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
///
///   constant  learning_rate
///   step      learning_rate * factor^floor(s / every), warm-up included   (torch.optim.lr_scheduler.StepLR)
///   cosine    learning_rate * (f + (1 - f) (1 + cos(pi p)) / 2), p = (s - warmup_steps) / (total_steps -
///             warmup_steps) in [0, 1], f = final_fraction                  (Loshchilov and Hutter 2017, eq. 5)
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

/// Errors  SpecError naming the forms; for a rate that is negative or not finite, EVERY < 1, a FACTOR
///         or FINAL_FRACTION outside [0, 1], negative steps, or cosine without total_steps.
Schedule parse_schedule(std::string_view text, double learning_rate, std::int64_t warmup_steps,
                        std::int64_t total_steps);

}  // namespace plumb
