// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plumb/report/run_keeper.h"

namespace plumb::cli {

/// Runs that are shown together: at most so many, told apart by a letter and the name of the file.
inline constexpr std::size_t kMostRuns = 8;

/// Run files, read for a report: the steps that the page has room for, and for the spectra a few
/// more with their histograms.
class ReportRuns {
 public:
  enum class Detail { figures, spectra };

  /// Errors  CommandLineError for more than kMostRuns; StoreError, as of load_run.
  explicit ReportRuns(const std::vector<std::string>& paths, Detail detail = Detail::spectra);

  const std::vector<DiagnosedRun>& runs() const { return runs_; }

 private:
  void read(const std::string& path, Detail detail);

  std::vector<std::unique_ptr<RunKeeper>> keepers_;
  std::vector<DiagnosedRun> runs_;
};

}  // namespace plumb::cli
