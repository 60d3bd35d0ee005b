// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "plumb/record/run.h"

namespace plumb {

/// A folder of its own for each test, removed afterwards; in memory where the system has a place
/// for that.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(const std::string& name) const { return (folder_ / name).string(); }
  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// A run that uses every field, with NaN, infinities, -0 and counts of 64 bits among the values.
Run rich_run();

/// What a chain of dense layers is: the input, the layers, a weight for each.
RunInfo chain_info(int layers);

/// A run of `steps` measured steps with `sites` sketches each, as a training of a dense chain gives
/// them.
Run plain_run(int steps, int sites);

/// Writes it with a RunWriter, findings too if it was diagnosed.
void write_run(const std::string& path, const Run& run);

/// Every field, one a line; doubles by their bits, all NaN alike. Equal texts mean equal runs.
std::string describe(const Run& run);
std::string describe(const StepRecord& step);

/// The message of the StoreError that `action` throws; empty if it throws none.
std::string store_error(const std::function<void()>& action);

/// The same in a process of its own, by somebody who may not write to the folder (nor to anything
/// of ours).
std::string store_error_of_stranger(const ScratchFolder& folder,
                                    const std::function<void()>& action);

/// Runs `action` in a process of its own, which then dies of SIGKILL.
void kill_after(const std::function<void()>& action);

/// A run that was killed before it was closed: its log is beside it. Without an end, steps may be
/// missing.
void write_killed_run(const std::string& path, const Run& run);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

}  // namespace plumb
