// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cure/arm.h"
#include "plumb/cure/make_training.h"

namespace plumb {

/// One thing that is varied: a setting by its key or alias ("lr", "init"), or a word that stands in
/// braces in the network or in another setting of text ("dense {width}", "glyphs?n={n}").
struct SweepAxis {
  std::string name;
  std::vector<std::string> values;
};

/// "NAME=V,V,..."; a part V may be a range of numbers, "FIRST:LAST:STEP" by addition (2:10:2 is 2,
/// 4, 6, 8, 10) or "FIRST:LAST:xFACTOR" by multiplication (0.01:1:x10). The last value is part of
/// it where a step meets it (within 1e-9 of the step). Values keep at most 12 digits.
/// Errors  SpecError for a text without name or values, a step that leads away or nowhere, more than
///         10000 values.
SweepAxis parse_sweep_axis(std::string_view text);

/// A training of the grid, and what came of it.
struct SweepPoint {
  std::vector<std::string> values;  ///< by axis
  TrainConfig config;               ///< without the seed below
  ArmTraining training;             ///< with its seed
  std::string problem;              ///< why there is no such training (a shape, a file); else empty
};

struct SweepOptions {
  int seeds = 1;  ///< trainings of each combination: the configuration's seed and those after it
  int jobs = 1;
  TrainingLog* log = nullptr;        ///< where results are kept and looked up; null for nowhere
  ArmSink sink;                      ///< of each training; empty for none
  std::function<bool()> keep_going;  ///< false ends it; what is not finished says so
  FarTraining elsewhere;             ///< other processes that make trainings; empty for none
  std::function<void(std::size_t done, std::size_t all)> progress;  ///< from any thread
};

/// All combinations of the axes' values, the last axis fastest, with the seeds fastest of all: each
/// trained on one thread and scored as an arm of a cure is (arm.h). Data are loaded once for all
/// trainings that share them; seeds change the start and the order of the batches alone, unless the
/// seed is an axis itself, which then changes what is held out too.
///
/// Errors  Before anything is trained: SpecError for an axis that is neither a setting nor in braces
///         anywhere, a word in braces without an axis, a value that its setting refuses, two axes of
///         one name, more than 1e6 trainings. A combination whose network, data or file do not go
///         together is no error: its point says why.
/// Same       for any number of jobs.
std::vector<SweepPoint> sweep(const TrainConfig& base, const std::vector<SweepAxis>& axes,
                              const SweepOptions& options = {});

/// One line a training: the axes, seed, score, loss, log2_reach, outcome, rules (of warnings and
/// above, with ; between), problem. What is no number is empty.
std::string sweep_csv(const std::vector<SweepAxis>& axes, const std::vector<SweepPoint>& points);
/// {"axes": [{"name", "values"}], "points": [{"values": {NAME: TEXT}, "seed", "score", "loss",
/// "log2_reach", "outcome", "rules", "finished", "problem", "command"}]}.
std::string sweep_json(const std::vector<SweepAxis>& axes, const std::vector<SweepPoint>& points);
/// A line for each combination: its values, mean score with the least and the largest of its seeds,
/// mean reach.
std::vector<std::string> sweep_lines(const std::vector<SweepAxis>& axes,
                                     const std::vector<SweepPoint>& points);

}  // namespace plumb
