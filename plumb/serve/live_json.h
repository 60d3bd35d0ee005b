// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/serve/run_row.h"

namespace plumb::serve {

/// A row for programs and pages (docs/serve.md has the fields), with the number by which the server
/// knows the run. Logarithms are to base ten; numbers that are not finite are null.
std::string row_json(const RunRow& row, std::size_t id);

/// Everything that the view of one run shows: the row's fields under "row", the verdict, the curves
/// of loss and reach as [step, value], the profile of the first and of the last measured step, and
/// the findings (report/finding_json.h).
std::string view_json(const LiveRun& run, const RunRow& row, std::size_t id);

/// {"id", "name", "step", "severity", "finding"}: a finding that came.
std::string news_json(const RunRow& row, std::size_t id, const Finding& finding,
                      const RunInfo& info);

}  // namespace plumb::serve
