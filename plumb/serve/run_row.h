// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/report/setting_differences.h"
#include "plumb/serve/live_run.h"

namespace plumb::serve {

/// One run in a table: facts, of which words are made last.
struct RunRow {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::string name;  ///< the file's, below the folder that is watched, without ".plumb"
  std::string path;
  std::string network;  ///< as it was asked for
  std::string kind;     ///< "train" or "probe"
  RunSettings settings;
  Standing standing = Standing::ended;
  std::string end_reason;  ///< of one that ended
  std::int64_t step = 0;   ///< how many steps it has made
  std::int64_t planned_steps = 0;
  double loss = kNone;
  double accuracy = kNone;
  double baseline_loss = kNone;
  double log2_reach = kNone;
  std::vector<double> reach_history;  ///< log2, at most kReachPoints, oldest first
  double steps_per_s = kNone;
  double seconds_left = kNone;
  double age_s = 0;  ///< since the file was last written
  bool nonfinite = false;
  std::string outcome;  ///< to_string(Outcome)
  std::string
      severity;  ///< of the worst finding: "critical", "warning", "note", or "" where none is
  std::string finding;  ///< the worst finding's name and place: "Vanishing gradient at layer 1"
  std::string problem;  ///< why it cannot be read, if it cannot

  static constexpr std::size_t kReachPoints = 40;
};

RunRow row_of(const LiveRun& run, const std::string& name, const FileStatus& status);
/// A file that cannot be read.
RunRow broken_row(const std::string& path, const std::string& name, const std::string& problem);

/// "Vanishing gradient at layer 1"
std::string headline(const RunInfo& info, const Finding& finding);

/// What a reader wants to know of a run in a word or two: "healthy", "Vanishing gradient at layer
/// 1", "not read: ...".
std::string verdict_words(const RunRow& row);

/// For each row the settings of its own in which the rows differ (report/setting_differences.h),
/// "lr=0.1 seed=2"; the network and what names a file or machine are left out. Empty for one row.
std::vector<std::string> differences(const std::vector<RunRow>& rows);

/// "12 s", "3 min", "5 h", "2 days"
std::string duration_words(double seconds);

}  // namespace plumb::serve
