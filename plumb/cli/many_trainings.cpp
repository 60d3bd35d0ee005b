// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/many_trainings.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

namespace fs = std::filesystem;

bool has_content(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0;
}

/// A run file that is made when the training begins; see ManyTrainings::sink().
class KeptRun : public RecordSink {
 public:
  KeptRun(std::string path, bool force) : path_(std::move(path)), force_(force) {}

  void begin(const RunInfo& info) override {
    if (has_content(path_) && !force_ && is_whole(info)) return;
    writer_.emplace(path_);
    writer_->begin(info);
  }
  void grow(const RunInfo& info) override {
    if (writer_) writer_->grow(info);
  }
  void add(const StepRecord& step) override {
    if (writer_) writer_->add(step);
  }
  void end(const RunEnd& end) override {
    if (writer_) writer_->end(end);
  }

 private:
  /// Of the run that is there. Errors  StoreError for one of another training.
  bool is_whole(const RunInfo& info) const {
    std::optional<RunReader> opened;
    try {
      opened.emplace(path_, LoadOptions::metrics());
    } catch (const StoreError&) {
      if (!is_run_file(path_)) throw;
      return false;  // killed before it told what it was
    }
    RunReader& reader = *opened;
    if (reader.info().settings != info.settings) {
      throw StoreError(fmt::format(
          "{}: the run of another training, expected none or that of this one; another folder "
          "keeps both, --force replaces it",
          path_));
    }
    const std::optional<RunEnd> end = reader.end();
    return end && end->reason == "finished";
  }

  std::string path_;
  bool force_;
  std::optional<RunWriter> writer_;
};

}  // namespace

void ManyTrainings::add_to(CLI::App& command, const std::string& what) {
  command.add_option("--jobs", jobs_, what + " side by side, each on one thread")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  log_option_ =
      command
          .add_option("--log", log_,
                      "keep each result in this file, and go on with those that are in it")
          ->type_name("FILE");
}

void ManyTrainings::add_runs_to(CLI::App& command) {
  runs_option_ = command.add_option("--runs", runs_, "record every training in this folder")
                     ->type_name("FOLDER");
  command.add_flag("--force", force_, "replace the runs that are in that folder");
}

void ManyTrainings::check(Outputs& files) const {
  if (log_option_->count() > 0) files.writes("--log", log_);
  if (runs_option_ == nullptr || runs_option_->count() == 0) return;
  const bool goes_on = !log_.empty() && has_content(log_);
  files.writes_runs("--runs", runs_, force_ || goes_on);
}

ArmSink ManyTrainings::sink() const {
  if (runs_.empty()) return {};
  std::error_code error;
  fs::create_directories(runs_, error);
  if (error) throw StoreError(runs_ + ": cannot be made: " + error.message());
  return [folder = fs::path(runs_), force = force_](const std::string& arm, std::uint64_t seed) {
    std::string name = arm;
    std::replace(name.begin(), name.end(), ' ', '-');
    return std::make_unique<KeptRun>((folder / fmt::format("{}-{}.plumb", name, seed)).string(),
                                     force);
  };
}

}  // namespace plumb::cli
