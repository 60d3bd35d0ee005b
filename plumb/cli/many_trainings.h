// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/cli/outputs.h"
#include "plumb/cure/arm.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace plumb::cli {

/// What the commands share that make many trainings: --jobs, --log, and --runs with --force.
///
///   ManyTrainings many;
///   many.add_to(command);        // --jobs and --log
///   many.add_runs_to(command);   // --runs and --force
///   ...
///   many.check(files);
///   options.sink = many.sink();
class ManyTrainings {
 public:
  /// `what` is made side by side: "trainings".
  void add_to(CLI::App& command, const std::string& what);
  void add_runs_to(CLI::App& command);

  int jobs() const { return jobs_; }
  const std::string& log() const { return log_; }  ///< empty for none
  bool keeps_runs() const { return !runs_.empty(); }

  /// Says what they write. Runs of a log that is gone on with may be in the folder.
  void check(Outputs& files) const;

  /// A run file ARM-SEED.plumb for each training, in the folder, which is made; empty without
  /// --runs. The file is made with the first record, so there is none of a training that cannot be.
  /// One that is there already stays where it is whole and of the same training, and is replaced
  /// where that is not whole, or with --force.
  /// Errors  StoreError for a folder that cannot be made; from the sink, for a run of another
  ///         training.
  ArmSink sink() const;

 private:
  int jobs_ = 1;
  std::string log_, runs_;
  bool force_ = false;
  CLI::Option* log_option_ = nullptr;
  CLI::Option* runs_option_ = nullptr;
};

}  // namespace plumb::cli
