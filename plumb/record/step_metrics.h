// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include "plumb/record/step_record.h"

namespace plumb {

/// One scalar of a StepRecord: its name in run files, JSON and Python, and where it stands.
template <class T>
struct StepMetric {
  std::string_view name;
  T StepRecord::*value;
};

/// All scalars of a StepRecord but `measured`, which says whether there is more than these. What
/// copies, stores or writes them goes through this table: a new one is a member of StepRecord, a
/// row here, a column of a new schema (store/schema.cpp), and a rule by which the ranks of one
/// training give one (store/rank_step.cpp).
///
///   std::apply([&](const auto&... metric) { (print(metric.name, step.*metric.value), ...); },
///              kStepMetrics);
inline constexpr std::tuple kStepMetrics{
    StepMetric<std::int64_t>{"step", &StepRecord::step},
    StepMetric<std::int64_t>{"epoch", &StepRecord::epoch},
    StepMetric<double>{"time_s", &StepRecord::time_s},
    StepMetric<double>{"loss", &StepRecord::loss},
    StepMetric<double>{"accuracy", &StepRecord::accuracy},
    StepMetric<double>{"learning_rate", &StepRecord::learning_rate},
    StepMetric<double>{"grad_norm", &StepRecord::grad_norm},
    StepMetric<double>{"clip_factor", &StepRecord::clip_factor},
    StepMetric<double>{"weight_decay_norm", &StepRecord::weight_decay_norm},
    StepMetric<std::int64_t>{"passes", &StepRecord::passes},
    StepMetric<bool>{"skipped", &StepRecord::skipped},
    StepMetric<std::optional<double>>{"validation_loss", &StepRecord::validation_loss},
    StepMetric<std::optional<double>>{"validation_accuracy", &StepRecord::validation_accuracy},
    StepMetric<std::optional<double>>{"inference_loss", &StepRecord::inference_loss},
    StepMetric<std::optional<double>>{"inference_accuracy", &StepRecord::inference_accuracy},
};

}  // namespace plumb
