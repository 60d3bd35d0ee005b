// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/record/run.h"
#include "plumb/report/proof.h"

namespace plumb {

/// How much of a long run the page gets: enough for every pixel, small enough to open at once.
struct ReportLimits {
  std::size_t measured_steps = 300;   ///< at most this many measured steps, first and last kept
  std::size_t series_steps = 2000;    ///< at most this many points of the loss series
  std::size_t layer_steps = 15'000;   ///< layers times measured steps; never fewer than 2 steps
  std::size_t time_points = 160;      ///< of each sequence, first and last time step kept
  std::size_t time_values = 400'000;  ///< of all sequences; never fewer than 24 time steps
  std::size_t spectra = 12;           ///< steps with histograms
  /// Only what was measured after that step, and the points of the series after it: what a page
  /// that has the rest is to be given. All else is whole.
  std::int64_t after = -1;

  /// Measured steps that a network of so many linear layers gets.
  std::size_t steps_for(std::size_t layers) const;
};

/// A remedy as a command to copy into a shell.
struct RemedyCommand {
  std::string text;     ///< what it changes, in words
  std::string command;  ///< "plumb train ..."
};

/// A run with what was found in it. Both must live while this is used.
struct DiagnosedRun {
  const Run* run = nullptr;
  const Diagnosis* diagnosis = nullptr;
  std::size_t measured = 0;  ///< steps that were measured, where not all are kept; 0: those there
  std::string file;          ///< what the run is known by: the name of its file; may be empty
  /// Records with histograms, ascending, of the steps that spectrum_steps() names. Empty: those of
  /// the run are used, where they have histograms.
  std::vector<StepRecord> spectra;
  std::vector<RemedyCommand> commands;  ///< what to run next, the most fitting first
};

/// Diagnoses runs that somebody else holds. Threads: made once; then any may ask it.
class Diagnoses {
 public:
  explicit Diagnoses(std::span<const Run> runs);
  std::span<const DiagnosedRun> all() const { return all_; }

 private:
  std::vector<std::unique_ptr<Diagnosis>> diagnoses_;
  std::vector<DiagnosedRun> all_;
};

/// The data of the report page: runs side by side, in one JSON document (docs/report.md has the
/// schema).
///
/// Magnitudes are base-ten logarithms, made from the log2 of the records and rounded to 4 decimals
/// (to 3 where they are only drawn),
/// so they hold far beyond the range of double. null stands where nothing was measured or where the
/// value is zero or not finite; `marks` of a step says which of the two. Integers beyond 2^53
/// (seeds) are strings. Malformed UTF-8 becomes U+FFFD. The forms that take runs diagnose them on
/// the way. `proof`, where there is one, is that of the cure to which the runs belong.
std::string report_json(std::span<const DiagnosedRun> runs, const ReportLimits& limits = {},
                        const ReportProof* proof = nullptr);
std::string report_json(std::span<const Run> runs, const ReportLimits& limits = {});
std::string report_json(const Run& run, const ReportLimits& limits = {});

}  // namespace plumb
